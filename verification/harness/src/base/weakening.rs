//! What makes loom explore less than everything: environment variables, and calls in the source.

use std::ffi::OsString;

/// Returns the first environment variable that makes loom explore less.
pub fn weakening_variable(mut names: impl Iterator<Item = OsString>) -> Option<String> {
    let weakens = |name: &String| {
        name.starts_with("LOOM_") && !["LOOM_LOG", "LOOM_LOCATION"].contains(&name.as_str())
    };
    names.find_map(|name| name.into_string().ok().filter(weakens))
}

/// Returns the first call in a source by which a model would skip a part of its executions, however
/// it is spelled. loom's report does not reveal such a call.
pub fn partial_exploration(source: &str) -> Option<&'static str> {
    const CALLS: [&str; 3] = ["stop_exploring", "skip_branch", "explore"];
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code: String = code.flat_map(|line| [line, "\n"]).collect();
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect()
    };
    // What is imported from loom: up to the end of the path, or of the list in braces.
    let taken = code.match_indices("loom::").map(|(at, path)| {
        let rest = &code[at + path.len()..];
        let list = rest.starts_with('{');
        let end = rest.find(|c: char| if list { c == ';' } else { "(;, \n".contains(c) });
        words(&rest[..end.unwrap_or(rest.len())])
    });
    let named: Vec<String> = taken.flatten().collect();
    // These two names belong to loom wherever they occur.
    let all = words(&code);
    let stands = |call: &&str| named.iter().any(|word| word == call);
    let anywhere = |call: &&str| all.iter().any(|word| word == call);
    CALLS[..2]
        .iter()
        .find(|call| anywhere(call))
        .or(CALLS.iter().find(|call| stands(call)))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::{partial_exploration, weakening_variable};

    #[test]
    fn a_bound_in_the_environment_is_found() {
        let names = ["PATH", "LOOM_LOG", "LOOM_MAX_PREEMPTIONS"];
        let found = weakening_variable(names.iter().map(Into::into));
        assert_eq!(found.as_deref(), Some("LOOM_MAX_PREEMPTIONS"));
    }

    #[test]
    fn logging_is_harmless() {
        assert_eq!(weakening_variable(["LOOM_LOG"].iter().map(Into::into)), None);
    }

    #[test]
    fn a_partial_exploration_is_found_however_it_is_spelled() {
        for (source, call) in [
            ("fn body() { loom::stop_exploring(); }", "stop_exploring"),
            ("use loom::{model, skip_branch as skip};", "skip_branch"),
            ("use loom::{\n    explore,\n    thread,\n};", "explore"),
            ("::loom::explore()", "explore"),
            ("use loom as l; fn body() { l::skip_branch(); }", "skip_branch"),
        ] {
            assert_eq!(partial_exploration(source), Some(call), "{source}");
        }
        for source in ["loom::model(|| explore(trial));", "// loom::stop_exploring();", ""] {
            assert_eq!(partial_exploration(source), None, "{source}");
        }
    }
}
