//! The record that a model writes; see `mazurka::trial`.

use serde::Deserialize;

/// One model of a test, from what it has written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// Its number in the test, counted from 1.
    pub(crate) index: usize,
    /// What explores it: `mazurka`, or `loom on mazurka`.
    pub(crate) engine: String,
    /// The call, as `file:line`.
    pub(crate) site: String,
    /// The executions that it last reported, if it has not ended.
    pub(crate) progress: u64,
    /// How it ended.
    pub(crate) end: Option<End>,
}

/// How a model ended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_field_names)] // the names are those of the record
pub(crate) struct End {
    /// `complete`, `limited` or `failed`.
    pub(crate) end: String,
    pub(crate) executions: u64,
    pub(crate) redundant: u64,
    pub(crate) seconds: f64,
    /// What must be known before anybody relies on it.
    pub(crate) remarks: Vec<String>,
    /// `panic`, `deadlock`, `limit` or `diverged`.
    pub(crate) kind: String,
    pub(crate) message: String,
    /// Where it failed, as `file:line`.
    pub(crate) failed_at: Option<String>,
    pub(crate) schedule: String,
    pub(crate) lanes: String,
    pub(crate) threads: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// A visible operation of a failed execution.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Row {
    pub(crate) thread: usize,
    pub(crate) what: String,
    pub(crate) site: String,
}

#[derive(Deserialize)]
#[serde(default)]
struct Line {
    event: String,
    index: usize,
    engine: String,
    site: String,
    executions: u64,
}

impl Default for Line {
    fn default() -> Self {
        let empty = String::new;
        Line { event: empty(), index: 0, engine: empty(), site: empty(), executions: 0 }
    }
}

/// Reads a record. A last line that a killed process has not finished is dropped.
pub(crate) fn read(text: &str) -> Vec<Model> {
    let mut models: Vec<Model> = Vec::new();
    for text in text.lines() {
        let Ok(line) = serde_json::from_str::<Line>(text) else { continue };
        if line.event == "begin" {
            models.push(Model {
                index: line.index,
                engine: line.engine,
                site: line.site,
                ..Model::default()
            });
            continue;
        }
        let Some(model) = models.iter_mut().find(|model| model.index == line.index) else {
            continue;
        };
        match &*line.event {
            "progress" => model.progress = line.executions,
            "end" => model.end = serde_json::from_str(text).ok(),
            _ => {}
        }
    }
    models
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_record_is_read_up_to_its_last_whole_line() {
        let text = r#"{"event":"begin","index":1,"engine":"mazurka","site":"a.rs:1"}
{"event":"progress","index":1,"executions":7}
{"event":"end","index":1,"end":"complete","executions":9,"seconds":0.5,"remarks":["one"]}
{"event":"begin","index":2,"engine":"mazurka","site":"a.rs:2"}
{"event":"progress","index":2,"executions":70}
{"event":"end","index":2,"end":"comp"#;
        let models = read(text);
        assert_eq!(models.len(), 2);
        let end = models[0].end.as_ref().unwrap();
        assert_eq!((&*end.end, end.executions, end.remarks.len()), ("complete", 9, 1));
        assert!(models[1].end.is_none());
        assert_eq!(models[1].progress, 70);
    }
}
