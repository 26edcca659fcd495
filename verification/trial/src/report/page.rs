//! The page.

use std::collections::BTreeSet;

use harness::base::text::thousands;
use harness::report::page::{self, Meaning, Row, Run};

use super::terminal::sentence;
use super::{complaints, exhibits};
use crate::arguments::Arguments;
use crate::faults::Faults;
use crate::judge::{Case, Verdict};
use crate::{held, passes};

/// Renders the page.
///
/// # Errors
///
/// What the template could not be filled with.
pub(crate) fn render(
    models: &[Case],
    faults: Option<&Faults>,
    arguments: &Arguments,
) -> Result<String, String> {
    let must_fail = arguments.must_fail;
    let good = models.iter().filter(|case| passes(case, must_fail)).count();
    let executions = models.iter().map(|case| case.end.executions).sum();
    let remarks: BTreeSet<_> = models.iter().flat_map(|case| &case.end.remarks).collect();
    let engines: BTreeSet<_> = models.iter().map(|case| &*case.engine).collect();
    let legend = Verdict::ALL.map(|verdict| Meaning {
        word: verdict.word(),
        class: class(verdict),
        text: verdict.meaning(),
    });
    let whole = arguments.json.as_deref().and_then(|path| path.file_name()?.to_str());
    let seconds: f64 = models.iter().map(|case| case.seconds).sum();
    let demand = if must_fail { "fail, as they must" } else { "hold" };
    page::render(&Run {
        of: of(models, arguments),
        held: held(models, faults, arguments),
        sentence: format!(
            "{good} of {} models {demand}: {} executions.{}",
            models.len(),
            thousands(executions),
            faults.map_or_else(String::new, |faults| format!(" {}.", sentence(&faults.matrix)))
        ),
        facts: vec![
            ("Explored by", engines.into_iter().collect::<Vec<_>>().join(", ")),
            ("Built with", built_with(arguments)),
            ("Took", format!("{seconds:.1} s")),
        ],
        rows: models.iter().map(row).collect(),
        legend: &legend,
        faults: faults.map(|faults| &faults.matrix),
        notes: remarks.into_iter().cloned().collect(),
        failures: complaints(models, faults, must_fail),
        exhibits: exhibits(models, faults, must_fail),
        whole: whole.unwrap_or("the file of `--json`"),
    })
}

/// Returns what is on trial: the package, or else what the names of the models begin with.
fn of(models: &[Case], arguments: &Arguments) -> String {
    let packages: BTreeSet<_> = models.iter().map(|case| &*case.package).collect();
    let named = packages.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ");
    arguments.package.clone().filter(|_| named.is_empty()).unwrap_or(named)
}

/// Returns the cfgs and the features of the build.
fn built_with(arguments: &Arguments) -> String {
    let cfgs = arguments.cfgs().into_iter().map(|cfg| format!("--cfg {cfg}"));
    let features = arguments.features.iter().map(|features| format!("--features {features}"));
    cfgs.chain(features).collect::<Vec<_>>().join(" ")
}

fn row(case: &Case) -> Row<'_> {
    Row {
        name: &case.name,
        about: &case.site,
        word: case.verdict.word(),
        executions: case.end.executions,
        seconds: case.seconds,
    }
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Complete | Verdict::Replayed => "proved",
        Verdict::Convicted => "convicted",
        _ => "wrong",
    }
}
