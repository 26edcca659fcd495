//! The page of the results: `comparison.html`, drawn from the JSON files beside it.

mod cost;
mod speed;
mod trial;

use std::path::{Path, PathBuf};

use askama::Template;

use crate::cost::results::CostResults;
use crate::speed::results::SpeedResults;
use crate::trial::results::TrialResults;

/// The name of the page.
pub const FILE: &str = "comparison.html";

/// What there is to show: a part is absent until it has been run.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// What `cargo compare` saw.
    pub trial: Option<TrialResults>,
    /// What the benchmark `speed` measured.
    pub speed: Option<SpeedResults>,
    /// What the benchmark `cost` measured.
    pub cost: Option<CostResults>,
}

impl Results {
    /// Reads what there is in that folder.
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

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    trial: Option<String>,
    speed: Option<String>,
    cost: Option<String>,
}

/// Writes the page of the results in that folder, into it.
///
/// # Errors
///
/// What went wrong, naming the file.
pub fn write(folder: &Path) -> Result<PathBuf, String> {
    let page = render(&Results::read(folder)?)?;
    let file = folder.join(FILE);
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::fs::write(&file, page).map_err(failed)?;
    Ok(file)
}

/// Draws the page.
///
/// # Errors
///
/// What the template could not be filled with.
pub fn render(results: &Results) -> Result<String, String> {
    let page = Page {
        trial: results.trial.as_ref().map(trial::render).transpose()?,
        speed: results.speed.as_ref().map(speed::render).transpose()?,
        cost: results.cost.as_ref().map(cost::render).transpose()?,
    };
    page.render().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{render, Results};
    use crate::cost::results::tests::results as cost;
    use crate::speed::results::tests::results as speed;
    use crate::trial::results::tests::trial;

    fn all() -> Results {
        Results { trial: Some(trial()), speed: Some(speed()), cost: Some(cost()) }
    }

    #[test]
    fn a_part_is_shown_once_it_has_been_run() {
        let nothing = render(&Results::default()).unwrap();
        let page = render(&all()).unwrap();
        for part in ["trial", "speed", "cost"] {
            let (link, id) = (format!("href=\"#{part}\""), format!("<section id=\"{part}\""));
            assert!(page.contains(&link) && page.contains(&id), "{part}: {page}");
            assert!(!nothing.contains(&link) && !nothing.contains(&id), "{part}: {nothing}");
        }
    }

    #[test]
    fn the_trial_shows_verdicts_and_escapes_what_was_seen() {
        let page = render(&all()).unwrap();
        assert!(!page.contains("<drop>") && page.contains("no end after 10 s"));
        for word in ["other 1.2.3", ">kept<", ">broken<", "2025-01-31"] {
            assert!(page.contains(word), "{word}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let page = render(&all()).unwrap();
        assert!(!page.contains("src=") && !page.contains("<link"));
        assert!(page.contains("default-src 'none'"));
    }
}
