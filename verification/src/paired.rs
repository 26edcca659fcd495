//! Statistics of two programs that were timed alternately, so that what else the machine did fell on
//! both.

use std::time::Duration;

/// Times of one program and of the one that it is compared with, round by round.
#[derive(Clone, Debug, Default)]
pub struct Paired {
    rounds: Vec<(Duration, Duration)>,
}

/// A ratio of times, and how much it varied from round to round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The median over the rounds; below 1 the program is the faster of the two.
    pub median: f64,
    /// A quarter of the rounds lies below.
    pub lower: f64,
    /// A quarter of the rounds lies above.
    pub upper: f64,
}

impl Paired {
    /// Adds a round: the program's time, then the other's.
    pub fn push(&mut self, own: Duration, other: Duration) {
        self.rounds.push((own, other));
    }

    /// The program's time by the other's.
    ///
    /// # Panics
    ///
    /// If there was no round.
    pub fn ratio(&self) -> Ratio {
        let mut ratios: Vec<_> = self
            .rounds
            .iter()
            .map(|(own, other)| own.as_secs_f64() / other.as_secs_f64())
            .collect();
        ratios.sort_by(f64::total_cmp);
        Ratio {
            median: quantile(&ratios, 2),
            lower: quantile(&ratios, 1),
            upper: quantile(&ratios, 3),
        }
    }
}

/// That many quarters of the way through sorted numbers, between neighbours where it must be.
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

    use super::{quantile, Paired, Ratio};

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
        let Ratio { median, lower, upper } = paired.ratio();
        assert!((median - 0.5).abs() < 1e-9 && (lower - 0.5).abs() < 1e-9, "{median} {lower}");
        assert!((upper - 0.525).abs() < 1e-9, "{upper}");
    }
}
