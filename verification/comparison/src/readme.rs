//! The tables of the README, generated from the code and from the records.

use std::path::{Path, PathBuf};

use crate::base::table::Grid;
use crate::pools;
use crate::records::Records;
use crate::results::Results;
use crate::speed;
use crate::trial::Property;

/// The generated parts of the README, each with its name.
fn parts(records: &Records) -> [(&'static str, String); 7] {
    [
        ("pools", peers()),
        ("properties", properties()),
        ("trial", records.trial.markdown()),
        ("workloads", workloads()),
        ("speed", records.speed.markdown()),
        ("latency", records.speed.latency().markdown()),
        ("cost", records.cost.markdown()),
    ]
}

/// The text of a README with its generated parts replaced.
///
/// # Errors
///
/// The README has no place for one of the parts.
pub fn fill(readme: &str, records: &Records) -> Result<String, String> {
    let mut text = readme.to_owned();
    for (name, part) in parts(records) {
        let (begin, end) =
            (format!("<!-- generated: {name} -->\n"), format!("<!-- end: {name} -->\n"));
        let missing = || format!("the README has no place for `{name}`");
        let (before, rest) = text.split_once(&begin).ok_or_else(missing)?;
        let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
        text = format!("{before}{begin}{part}{end}{after}");
    }
    Ok(text)
}

/// Every peer, and what it does less than this pool.
fn peers() -> String {
    let others = pools::ALL.iter().filter(|about| !about.is_own());
    let rows = others.map(|about| {
        let version = about.version().unwrap_or_default();
        [format!("{} {version}", about.name), about.less.to_owned()]
    });
    Grid::new(&["pool", "what it does less than this pool"], rows).markdown()
}

fn properties() -> String {
    let line = |property: &Property| format!("* `{}`: {}\n", property.name(), property.text());
    Property::ALL.iter().map(line).collect()
}

fn workloads() -> String {
    let line = |(name, text): (&str, &str)| format!("* {name}: {text}\n");
    speed::workloads().into_iter().map(line).collect()
}

/// Records the results in `results` and writes the README anew. Returns the written files.
///
/// # Errors
///
/// There are no results, or what went wrong, naming the file.
pub fn record(results: &Path, package: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = package.join("data");
    let mut records = Records::read(&folder)?;
    let mut files = records.update(&Results::read(results)?, &folder)?;
    let file = package.join("README.md");
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(&file).map_err(|error| failed(&error))?;
    let text = fill(&text, &records).map_err(|error| failed(&error))?;
    std::fs::write(&file, text).map_err(|error| failed(&error))?;
    files.push(file);
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::fill;
    use crate::records::tests::records;

    const README: &str = include_str!("../README.md");

    #[test]
    fn the_readme_is_that_of_the_records() {
        let expected = fill(README, &records()).unwrap();
        assert!(expected == README, "`cargo compare record` writes it anew:\n{expected}");
    }

    #[test]
    fn a_readme_without_a_place_is_refused() {
        assert!(fill("# Nothing\n", &records()).unwrap_err().contains("no place for `pools`"));
    }
}
