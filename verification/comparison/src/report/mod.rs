//! The page of the results: `comparison.html`. What has not been run is shown as recorded.
//!
//! | file | |
//! | --- | --- |
//! | `trial.rs`, `speed.rs`, `cost.rs` | a section of the page each |

mod cost;
mod speed;
mod trial;

use std::path::{Path, PathBuf};

use askama::Template;

use crate::base::table::Grid;
use crate::records::Records;
use crate::results::Results;

/// The name of the page.
pub const FILE: &str = "comparison.html";

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    /// The id and the title of each section.
    links: [(&'static str, &'static str); 3],
    sections: [String; 3],
}

/// A recorded table as a section.
#[derive(Template)]
#[template(path = "recorded.html")]
struct Recorded {
    id: &'static str,
    title: &'static str,
    /// The command that measures it anew.
    command: String,
    circumstances: String,
    grid: Grid,
}

/// Renders the page of the results in that folder, and writes it there.
///
/// # Errors
///
/// What went wrong, naming the file.
pub fn write(folder: &Path, records: &Records) -> Result<PathBuf, String> {
    let page = render(&Results::read(folder)?, records)?;
    let file = folder.join(FILE);
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::fs::write(&file, page).map_err(failed)?;
    Ok(file)
}

/// Renders the page.
///
/// # Errors
///
/// What the template could not be filled with.
pub fn render(results: &Results, records: &Records) -> Result<String, String> {
    let links = [
        ("trial", "Pools on trial"),
        ("speed", "Speed"),
        ("cost", "The cost of depending on a pool"),
    ];
    let recorded = |index: usize, command, circumstances, grid| {
        let (id, title) = links[index];
        let section = Recorded { id, title, command, circumstances, grid };
        section.render().map_err(|error| error.to_string())
    };
    let plain = str::to_owned;
    let Records { trial, speed, cost } = records;
    let bench = "cargo bench -p comparison --bench";
    let sections = [
        match &results.trial {
            Some(trial) => trial::render(trial),
            None => {
                recorded(0, "cargo compare".to_owned(), trial.circumstances(), trial.grid(plain))
            }
        }?,
        match &results.speed {
            Some(speed) => speed::render(speed),
            None => recorded(1, format!("{bench} speed"), speed.circumstances(), speed.grid(plain)),
        }?,
        match &results.cost {
            Some(cost) => cost::render(cost),
            None => recorded(2, format!("{bench} cost"), cost.circumstances(), cost.grid(plain)),
        }?,
    ];
    Page { links, sections }.render().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::cost::results::tests::results as cost;
    use crate::records::tests::records;
    use crate::results::Results;
    use crate::speed::results::tests::results as speed;
    use crate::trial::results::tests::trial;

    fn all() -> String {
        let results = Results { trial: Some(trial()), speed: Some(speed()), cost: Some(cost()) };
        render(&results, &records()).unwrap()
    }

    #[test]
    fn every_link_has_its_place() {
        for page in [all(), render(&Results::default(), &records()).unwrap()] {
            let links = page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap());
            for link in links {
                assert!(page.contains(&format!("id=\"{link}\"")), "{link} in: {page}");
            }
        }
    }

    #[test]
    fn what_has_not_been_run_is_shown_as_recorded() {
        let results = Results { trial: Some(trial()), ..Results::default() };
        let page = render(&results, &records()).unwrap();
        assert!(page.contains("other 1.2.3") && !page.contains("rusty_pool, idle"), "{page}");
        let record = records();
        for circumstances in [record.speed.circumstances(), record.cost.circumstances()] {
            assert!(page.contains(&circumstances), "{circumstances} is not in: {page}");
        }
        assert!(!page.contains(&record.trial.circumstances()), "{page}");
        assert!(!page.contains("**"), "{page}");
    }

    #[test]
    fn the_trial_shows_verdicts_and_escapes_violations() {
        let page = all();
        assert!(!page.contains("<drop>") && page.contains("no end after 10 s"));
        for word in ["other 1.2.3", ">kept<", ">broken<", "2025-01-31"] {
            assert!(page.contains(word), "{word}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let page = all();
        assert!(!page.contains("src=") && !page.contains("<link"));
        assert!(page.contains("default-src 'none'"));
    }
}
