//! Names for what an execution uses, read from the source: `free lock` for a lock that is created as
//! `free: Mutex::new(…)`.
//!
//! A name comes from the place of creation: the field or variable that the object is assigned to. So
//! nothing has to be labelled by hand, and a field that is renamed has its new name in the report.

use std::collections::BTreeMap;

use super::sources::Sources;

/// Returns the field or variable that the expression at that place is assigned to, as words. Lines and
/// columns are counted from 1. Looks at the line up to the column, then at the two lines before, since
/// a long expression is broken.
pub fn assigned(sources: &mut Sources, file: &str, line: u32, column: u32) -> Option<String> {
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let column = usize::try_from(column).ok()?.saturating_sub(1);
    let lines = sources.lines(file);
    let before: String = lines.get(index)?.chars().take(column).collect();
    let earlier = lines[index.saturating_sub(2)..index].iter().rev();
    let goes_on = |text: &&String| text.ends_with(['(', '{', '=']);
    let name =
        target(&before).or_else(|| earlier.take_while(goes_on).find_map(|text| target(text)));
    name.map(|name| name.replace('_', " "))
}

/// Joins the parts of a name, and leaves out a part that says nothing new: a `queue state lock` is a
/// `queue lock`, and a `count counter` is a `counter`.
pub fn joined(parts: &[&str]) -> String {
    let mut name: Vec<&str> = Vec::new();
    for part in parts.iter().filter(|part| !part.is_empty() && **part != "state") {
        if name.last().is_some_and(|last| part.starts_with(last)) {
            name.pop();
        }
        name.push(part);
    }
    name.join(" ")
}

/// Returns the names of objects by their ids. Objects of one name get numbers, in the order in which
/// they appear.
pub fn told_apart(named: Vec<(String, String)>) -> BTreeMap<String, String> {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, name) in named {
        let same = ids.entry(name).or_default();
        if !same.contains(&id) {
            same.push(id);
        }
    }
    let numbered = ids.into_iter().flat_map(|(name, same)| {
        let several = same.len() > 1;
        let number = move |(index, id)| {
            let name = if several { format!("{name} {}", index + 1) } else { name.clone() };
            (id, name)
        };
        same.into_iter().enumerate().map(number)
    });
    numbered.collect()
}

/// Returns the field, variable or tuple struct that comes last in a piece of code: `x` of `x: Arc::new(`, of
/// `let x = `, and of `X(Arc::new(`.
fn target(code: &str) -> Option<String> {
    let word = |text: &str| {
        let start = text
            .rfind(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .map_or(0, |at| at + 1);
        Some(text[start..].to_owned()).filter(|word| !word.is_empty())
    };
    let code = code.replace("::", "  ") + " ";
    let field = code.rfind(':').and_then(|at| word(&code[..at]));
    let variable = || {
        let (before, _) = code.rsplit_once(" = ")?;
        let before = before.trim_end();
        word(before.strip_prefix("let ").unwrap_or(before))
    };
    let tuple = || {
        let start = code.trim_start();
        let (name, _) = start.split_once('(')?;
        let is_type = name.starts_with(char::is_uppercase);
        let is_word = name.chars().all(char::is_alphanumeric);
        let holds = !["Arc", "Box", "Some", "Ok"].contains(&name);
        (is_type && is_word && holds).then(|| name.to_lowercase())
    };
    field.or_else(variable).or_else(tuple)
}

#[cfg(test)]
mod tests {
    use super::{joined, target, told_apart};

    #[test]
    fn an_object_is_called_by_what_it_is_assigned_to() {
        let cases = [
            ("            head: OwnLine(", Some("head")),
            ("Locked { state: Mutex::new(state), item: ", Some("item")),
            ("let receiver = Arc::new(", Some("receiver")),
            ("let receiver =", Some("receiver")),
            ("let shared = Arc::new(Shared { state: ", Some("state")),
            ("        Latch(Arc::new((sync::", Some("latch")),
            ("        Arc::new(", None),
            ("", None),
        ];
        for (code, name) in cases {
            assert_eq!(target(code).as_deref(), name, "{code}");
        }
    }

    #[test]
    fn a_part_that_says_nothing_new_is_left_out() {
        assert_eq!(joined(&["queue", "state", "lock"]), "queue lock");
        assert_eq!(joined(&["", "count", "counter"]), "counter");
        assert_eq!(joined(&["free", "lock"]), "free lock");
    }

    #[test]
    fn objects_of_one_name_are_numbered() {
        let objects =
            [("m1", "queue lock"), ("m4", "job lock"), ("m7", "job lock"), ("m4", "job lock")];
        let objects = objects.map(|(id, name)| (id.to_owned(), name.to_owned())).to_vec();
        let names = told_apart(objects);
        let names: Vec<_> = names.iter().map(|(id, name)| (&**id, &**name)).collect();
        assert_eq!(names, [("m1", "queue lock"), ("m4", "job lock 1"), ("m7", "job lock 2")]);
    }
}
