//! Statistics of programs that ran alternately, so that other load of the machine affected them alike.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Times of a program and of the one that it is compared with, round by round.
#[derive(Clone, Debug, Default)]
pub struct Paired {
    rounds: Vec<(Duration, Duration)>,
}

/// A figure, or a ratio of two, and how much it varied between rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The median over the rounds.
    pub median: f64,
    /// The lower quartile.
    pub lower: f64,
    /// The upper quartile.
    pub upper: f64,
}

impl Paired {
    /// Adds a round: the time of the program, and the time of the other one.
    pub fn push(&mut self, own: Duration, other: Duration) {
        self.rounds.push((own, other));
    }

    /// The time of the program divided by that of the other one. Below 1 the program is faster.
    ///
    /// # Panics
    ///
    /// If there was no round.
    pub fn ratio(&self) -> Spread {
        let ratio = |(own, other): &(Duration, Duration)| own.as_secs_f64() / other.as_secs_f64();
        Spread::of(self.rounds.iter().map(ratio)).expect("there was a round")
    }
}

impl Spread {
    /// The median and quartiles of the figures. Returns `None` if there are no figures.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<_> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let quarters = |number| quantile(&sorted, number);
        let spread = || Spread { median: quarters(2), lower: quarters(1), upper: quarters(3) };
        (!sorted.is_empty()).then(spread)
    }
}

/// The results of repeated runs, round by round. A failed run has no figure.
#[derive(Clone, Debug, Default)]
pub struct Rounds {
    /// The figures.
    pub figures: Vec<Option<f64>>,
    /// Context switches.
    pub switches: Vec<f64>,
    /// Why it is not compared, though it runs.
    pub remark: Option<String>,
    /// What went wrong, or why it did not run.
    pub failure: Option<String>,
}

impl Rounds {
    /// The median and quartiles of all figures.
    pub fn spread(&self) -> Option<Spread> {
        Spread::of(self.figures.iter().copied().flatten())
    }

    /// The ratio of these figures to those of `other` in the same round.
    pub fn by(&self, other: &Rounds) -> Option<Spread> {
        let both = self.figures.iter().zip(&other.figures).filter_map(|(own, other)| {
            let (own, other) = ((*own)?, (*other)?);
            (other > 0.0).then_some(own / other)
        });
        Spread::of(both)
    }
}

/// The quantile at that many quarters of sorted numbers, interpolated between neighbours.
fn quantile(sorted: &[f64], quarters: usize) -> f64 {
    let place = (sorted.len() - 1) * quarters;
    let (index, rest) = (place / 4, place % 4);
    let next = sorted[(index + 1).min(sorted.len() - 1)];
    #[allow(clippy::cast_precision_loss)] // 0 to 3
    let part = rest as f64 / 4.0;
    sorted[index] + (next - sorted[index]) * part
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{quantile, Paired, Spread};

    #[test]
    fn quantiles_lie_between_neighbours() {
        let numbers = [1.0, 2.0, 3.0, 4.0];
        for (quarters, expected) in [1.0, 1.75, 2.5, 3.25, 4.0].into_iter().enumerate() {
            let found = quantile(&numbers, quarters);
            assert!((found - expected).abs() < 1e-9, "{quarters} quarters: {found}");
        }
    }

    #[test]
    fn a_ratio_is_taken_in_each_round() {
        let mut paired = Paired::default();
        // The machine was ten times slower in the second round: the ratio does not see it.
        for (own, other) in [(10, 20), (100, 200), (11, 20)] {
            paired.push(Duration::from_millis(own), Duration::from_millis(other));
        }
        let Spread { median, lower, upper } = paired.ratio();
        assert!((median - 0.5).abs() < 1e-9 && (lower - 0.5).abs() < 1e-9, "{median} {lower}");
        assert!((upper - 0.525).abs() < 1e-9, "{upper}");
    }
}
