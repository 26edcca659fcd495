//! The section of the page about what it costs to depend on a pool.

use askama::Template;

use crate::base::numbers::{self, kilobytes};
use crate::base::statistics::Spread;
use crate::cost::results::{CostResults, Figures, Program};

/// Renders the section.
///
/// # Errors
///
/// What the template could not be filled with.
pub(super) fn render(cost: &CostResults) -> Result<String, String> {
    let mut programs: Vec<_> = cost.programs.iter().collect();
    let build = |program: &Program| program.figures.map_or(f64::INFINITY, |all| all.build.median);
    programs.sort_by(|one, other| build(one).total_cmp(&build(other)));
    Section { cost, programs }.render().map_err(|error| error.to_string())
}

#[derive(Template)]
#[template(path = "cost.html")]
struct Section<'a> {
    cost: &'a CostResults,
    /// The programs, the one with the fastest build first.
    programs: Vec<&'a Program>,
}

#[allow(clippy::trivially_copy_pass_by_ref, clippy::ref_option)] // templates pass references
impl Section<'_> {
    fn spread(spread: &Spread) -> String {
        numbers::spread(spread)
    }

    fn of(spread: &Option<Spread>) -> String {
        spread.as_ref().map_or_else(|| "–".to_owned(), Self::spread)
    }

    fn size(figures: &Figures) -> String {
        kilobytes(figures.size)
    }

    fn added(figures: &Figures) -> String {
        figures.added.map_or_else(|| "–".to_owned(), kilobytes)
    }

    fn one_digit(number: &f64) -> String {
        format!("{number:.1}")
    }
}

#[cfg(test)]
mod tests {
    use crate::cost::results::tests::results;

    #[test]
    fn every_program_has_a_row_and_the_fastest_build_is_first() {
        let page = super::render(&results()).unwrap();
        let place = |part: &str| page.find(part).unwrap_or_else(|| panic!("no {part} in: {page}"));
        assert!(place("last-call 1.0.0") < place("slow 1.0.0"), "{page}");
        assert!(place("slow 1.0.0") < place("absent 1.0.0"), "{page}");
        for part in ["2 + 1", "log 0.4.27", "2.00 (2.00–2.00)", "420.0", "-10.0", "rustc 1.0"] {
            assert!(page.contains(part), "{part} is not in: {page}");
        }
        assert!(
            page.contains("no &#60;package&#62;") || page.contains("no &lt;package&gt;"),
            "{page}"
        );
    }
}
