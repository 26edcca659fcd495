//! The reports: the page, `JUnit` XML for CI systems, SARIF for code scanning, annotations for GitHub,
//! and swim lanes for the terminal.

mod drawing;
pub mod github;
pub mod interleaving;
pub mod junit;
pub mod page;
pub mod sarif;
pub mod swimlanes;

/// Splits `file:line`.
fn place(site: &str) -> Option<(&str, u32)> {
    let (file, line) = site.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}
