//! The page: one file, without network. Here are the parts that every page has, and a whole page for a
//! run whose evidence is a list of models. Without scripts a page says what holds; a script draws the
//! interleavings, filters the tables and keeps what is shown in the address.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};

use askama::Template;

use super::drawing::Drawings;
use crate::base::text::thousands;
use crate::findings::part::{Complaint, Exhibit, FAULT};
use crate::kill_matrix::{KillEntry, KillMatrix};

/// The style sheet of every page.
pub const STYLE: &str = concat!(
    include_str!("../../templates/report.css"),
    include_str!("../../templates/swimlanes.css")
);

const SCRIPT: &str = concat!(
    include_str!("../../templates/swimlanes.js"),
    include_str!("../../templates/report.js")
);

/// The interleavings of a page, each with the id of its element.
#[derive(Debug)]
pub struct Listed<'a> {
    all: Vec<(String, Exhibit<'a>)>,
    /// The index of each, by model and title.
    places: HashMap<(&'a str, String), usize>,
    kinds: &'a [(&'a str, &'a str)],
    whole: &'a str,
}

#[derive(Template)]
#[template(path = "interleavings.html")]
struct Interleavings<'a> {
    all: &'a [(String, Exhibit<'a>)],
    kinds: &'a [(&'a str, &'a str)],
}

impl<'a> Listed<'a> {
    /// Lists executions. `kinds` are their kinds that a reader can ask for, each with the words for it.
    /// `whole` names the file with the steps of long executions that the page omits.
    pub fn new(
        exhibits: Vec<Exhibit<'a>>,
        kinds: &'a [(&'a str, &'a str)],
        whole: &'a str,
    ) -> Self {
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut places = HashMap::new();
        let mut all = Vec::new();
        for (index, shown) in exhibits.into_iter().enumerate() {
            let number = numbers.entry(shown.model).or_default();
            *number += 1;
            let id = format!("i-{}-{number}", slug(shown.model));
            places.entry((shown.model, shown.title.clone())).or_insert(index);
            all.push((id, shown));
        }
        Listed { all, places, kinds, whole }
    }

    /// Returns `true` if there is no execution.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the executions in their order, each with its id.
    pub fn iter(&self) -> impl Iterator<Item = &(String, Exhibit<'a>)> {
        self.all.iter()
    }

    /// Returns the id of the execution of a model that has this title.
    pub fn id(&self, model: &str, title: &str) -> Option<&str> {
        let index = self.places.get(&(model, title.to_owned()))?;
        self.all.get(*index).map(|(id, _)| id.as_str())
    }

    /// Returns the id of the first execution of a model, unless a fault at a call site made it fail.
    pub fn first_of(&self, model: impl AsRef<str>) -> Option<&str> {
        let first =
            self.all.iter().find(|(_, shown)| shown.model == model.as_ref() && shown.kind != FAULT);
        first.map(|(id, _)| id.as_str())
    }

    /// Returns the id of the execution that shows a failure.
    pub fn of_failure(&self, failure: &Complaint<'_>) -> Option<&str> {
        let wanted = failure.trace?;
        let (id, _) = self.all.iter().find(|(_, shown)| std::ptr::eq(shown.trace, wanted))?;
        Some(id)
    }

    /// Returns the elements at the end of a page: the executions as data, and the script that reads
    /// them.
    ///
    /// # Errors
    ///
    /// The error of the serializer.
    pub fn scripts(&self) -> Result<String, String> {
        let mut drawings = Drawings::new(self.whole);
        self.all.iter().for_each(|(id, shown)| drawings.add(id, shown));
        let data = drawings.compressed()?;
        Ok(format!(
            "<script type=\"text/plain\" id=\"drawings\">{data}</script>\n\
             <script type=\"module\">\n{SCRIPT}\n</script>"
        ))
    }

    /// Returns the section that lists the executions.
    ///
    /// # Errors
    ///
    /// What the template could not be filled with.
    pub fn section(&self) -> Result<String, String> {
        let section = Interleavings { all: &self.all, kinds: self.kinds };
        section.render().map_err(|error| error.to_string())
    }
}

#[derive(Template)]
#[template(path = "failures.html")]
struct Failures<'a> {
    failures: &'a [Complaint<'a>],
    listed: &'a Listed<'a>,
}

/// Returns the section of the failures. The first few are drawn where they are named.
///
/// # Errors
///
/// What the template could not be filled with.
pub fn failures(failures: &[Complaint<'_>], listed: &Listed<'_>) -> Result<String, String> {
    Failures { failures, listed }.render().map_err(|error| error.to_string())
}

#[derive(Template)]
#[template(path = "faults.html")]
struct Kills<'a> {
    heading: &'static str,
    matrix: &'a KillMatrix,
    /// The faults, each with its id.
    entries: Vec<(String, &'a KillEntry)>,
    listed: &'a Listed<'a>,
    rows: &'a BTreeMap<&'a str, String>,
}

impl Kills<'_> {
    /// Returns the id of the execution that convicted the fault.
    fn shown<'l>(listed: &'l Listed<'_>, entry: &KillEntry) -> Option<&'l str> {
        listed.id(entry.convicted_by.first()?, &entry.title())
    }

    fn row<'r>(rows: &'r BTreeMap<&str, String>, model: &str) -> Option<&'r str> {
        rows.get(model).map(String::as_str)
    }

    fn class(entry: &KillEntry) -> &'static str {
        match &*entry.verdict {
            "convicted" => "convicted",
            "equivalent" | "explained" => "excused",
            "survived" => "survived",
            _ => "wrong",
        }
    }
}

/// Returns the section of the faults at call sites. `heading` is written as it is, and `rows` has the ids of the rows of models.
///
/// # Errors
///
/// What the template could not be filled with.
pub fn faults(
    heading: &'static str,
    matrix: &KillMatrix,
    listed: &Listed<'_>,
    rows: &BTreeMap<&str, String>,
) -> Result<String, String> {
    let id = |entry: &KillEntry| {
        format!("f-{}", slug(&format!("{} {} {}", entry.site, entry.operation, entry.fault)))
    };
    let entries = matrix.entries.iter().map(|entry| (id(entry), entry)).collect();
    let section = Kills { heading, matrix, entries, listed, rows };
    section.render().map_err(|error| error.to_string())
}

/// Returns a text as part of an address.
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_matches('-').to_owned()
}

/// A run whose evidence is a list of models.
#[derive(Debug)]
pub struct Run<'a> {
    /// What is on trial.
    pub of: String,
    /// Whether everything is as it must be.
    pub held: bool,
    /// The result, in a sentence.
    pub sentence: String,
    /// What stands below it, each with its name.
    pub facts: Vec<(&'a str, String)>,
    /// The models.
    pub rows: Vec<Row<'a>>,
    /// The verdicts that a model can have.
    pub legend: &'a [Meaning],
    /// The faults at call sites, if they were tried.
    pub faults: Option<&'a KillMatrix>,
    /// What must be known before anybody relies on the run.
    pub notes: Vec<String>,
    /// The failures.
    pub failures: Vec<Complaint<'a>>,
    /// The executions.
    pub exhibits: Vec<Exhibit<'a>>,
    /// The file with the steps of long executions that the page omits.
    pub whole: &'a str,
}

/// A model and its verdict.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it is, or what it promises.
    pub about: &'a str,
    /// The word of its verdict.
    pub word: &'a str,
    /// The number of executions.
    pub executions: u64,
    /// Wall time.
    pub seconds: f64,
}

/// The meaning of a verdict.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// Its word.
    pub word: &'static str,
    /// `proved`, `convicted` or `wrong`: its colour and its mark.
    pub class: &'static str,
    /// What it means, in a sentence.
    pub text: &'static str,
}

impl Run<'_> {
    fn word(&self) -> &'static str {
        if self.held {
            "holds"
        } else {
            "does not hold"
        }
    }

    fn class(&self, word: &str) -> &'static str {
        let meaning = self.legend.iter().find(|meaning| meaning.word == word);
        meaning.map_or("wrong", |meaning| meaning.class)
    }
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    run: &'a Run<'a>,
    listed: &'a Listed<'a>,
    failures: String,
    faults: Option<String>,
    interleavings: String,
    scripts: String,
}

impl Page<'_> {
    fn style() -> &'static str {
        STYLE
    }

    fn slug(text: impl AsRef<str>) -> String {
        slug(text.as_ref())
    }

    fn grouped(number: impl Borrow<u64>) -> String {
        thousands(*number.borrow())
    }
}

/// Writes the page of a run.
///
/// # Errors
///
/// What the template could not be filled with.
pub fn render(run: &Run<'_>) -> Result<String, String> {
    let listed = Listed::new(run.exhibits.clone(), &[], run.whole);
    let row = |row: &Row<'_>| format!("m-{}", slug(row.name));
    let rows = run.rows.iter().map(|one| (one.name, row(one))).collect();
    let faults = run.faults.map(|matrix| faults("Faults at call sites", matrix, &listed, &rows));
    let page = Page {
        faults: faults.transpose()?,
        run,
        failures: failures(&run.failures, &listed)?,
        interleavings: listed.section()?,
        scripts: listed.scripts()?,
        listed: &listed,
    };
    page.render().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{render, slug, Meaning, Row, Run};
    use crate::findings::part::{Complaint, Exhibit, FAILURE};
    use crate::findings::trace::examples::deadlock;
    use crate::kill_matrix::examples::convicted_by;

    const LEGEND: [Meaning; 2] = [
        Meaning { word: "COMPLETE", class: "proved", text: "Every trace was explored." },
        Meaning { word: "FAILED", class: "wrong", text: "An execution failed." },
    ];

    #[test]
    fn a_failure_is_named_and_drawn_and_nothing_is_loaded_from_elsewhere() {
        let trace = deadlock();
        let (title, how) = ("<b>it</b> ends".to_owned(), "deadlock");
        let shown = Exhibit { title, model: "a::b", kind: FAILURE, how, trace: &trace };
        let matrix = convicted_by("a::c");
        let fault = matrix.exhibits();
        let row = |name, word| Row { name, about: "a.rs:1", word, executions: 1200, seconds: 0.5 };
        let page = render(&Run {
            of: "my-crate".to_owned(),
            held: false,
            sentence: "1 of 2 models hold.".to_owned(),
            facts: vec![("Engine", "mazurka".to_owned())],
            rows: vec![row("a::b", "FAILED"), row("a::c", "COMPLETE")],
            legend: &LEGEND,
            faults: Some(&matrix),
            notes: vec!["weak orderings".to_owned()],
            failures: vec![Complaint::new("a::b", how.to_owned()).with(Some(&trace))],
            exhibits: [vec![shown], fault].concat(),
            whole: "models.json",
        })
        .unwrap();
        for part in [
            "<title>my-crate: does not hold</title>",
            "1 of 2 models hold.",
            "class=\"drawing\" data-interleaving=\"i-a-b-1\"",
            "<details class=\"conviction\" id=\"i-a-b-1\"",
            "href=\"#i-a-b-1\" class=\"word wrong\">FAILED<",
            "<td data-of=\"verdict\"><span class=\"word proved\">COMPLETE</span>",
            "1,200",
            "<li>weak orderings</li>",
            "<a href=\"#kills\">Faults</a>",
            "1 faults at 1 call sites, one at a time: 1 convicted",
            "<tr id=\"f-src-a-rs-17-notify-one-wakes-nobody\">",
            "<a href=\"#i-a-c-1\" class=\"word convicted\">convicted</a>",
            "<a href=\"#m-a-c\">a::c</a>",
            "default-src 'none'",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        for part in ["<b>it</b>", "src=", "<link"] {
            assert!(!page.contains(part), "{part}");
        }
    }

    #[test]
    fn a_slug_has_letters_and_digits() {
        assert_eq!(slug("src/job.rs:12 wakes nobody!"), "src-job-rs-12-wakes-nobody");
    }
}
