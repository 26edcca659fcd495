//! The results in a folder: what has been run.

use std::path::Path;

use crate::cost::results::CostResults;
use crate::speed::results::SpeedResults;
use crate::trial::results::TrialResults;

/// What has been run. A part is absent until then.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// The results of `cargo compare`.
    pub trial: Option<TrialResults>,
    /// The results of the benchmark `speed`.
    pub speed: Option<SpeedResults>,
    /// The results of the benchmark `cost`.
    pub cost: Option<CostResults>,
}

impl Results {
    /// Reads the results in that folder.
    ///
    /// # Errors
    ///
    /// What is wrong with one of the files.
    pub fn read(folder: &Path) -> Result<Self, String> {
        Ok(Results {
            trial: TrialResults::read(folder)?,
            speed: SpeedResults::read(folder)?,
            cost: CostResults::read(folder)?,
        })
    }
}
