//! Annotations: the lines by which a job on GitHub marks places in the sources.

use std::fmt::Write as _;

use super::place;
use crate::findings::part::Complaint;

/// Returns the address of the repository, in a job on GitHub.
pub fn repository() -> Option<String> {
    let variable = |name| std::env::var(name).ok();
    let (server, name) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
    Some(format!("{server}/{name}"))
}

/// Writes one line for each failure.
pub fn render(complaints: &[Complaint<'_>]) -> String {
    let mut out = String::new();
    for complaint in complaints {
        let place = complaint.site.as_deref().and_then(place);
        let place = place
            .map_or(String::new(), |(file, line)| format!("file={},line={line},", property(file)));
        let _ = writeln!(
            out,
            "::error {place}title={}::{}",
            property(&complaint.subject),
            data(&complaint.message)
        );
    }
    out
}

/// What a workflow command's message may not contain as it is.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use crate::findings::part::Complaint;
    use crate::findings::trace::examples::deadlock;

    #[test]
    fn what_failed_is_marked_where_it_failed() {
        let trace = deadlock();
        let message = "expected PROVED, is FAILED: it broke\n  not noticed: push wakes nobody";
        let complaint = Complaint::new("last-call/x", message.to_owned()).with(Some(&trace));
        assert_eq!(
            super::render(&[complaint]),
            "::error file=src/a.rs,line=7,title=last-call/x::expected PROVED, is FAILED: it broke%0A  \
             not noticed: push wakes nobody\n"
        );
    }

    #[test]
    fn what_holds_says_nothing() {
        assert_eq!(super::render(&[]), "");
    }
}
