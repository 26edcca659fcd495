//! A part of a run, so that several machines can share it.

use std::fmt;
use std::str::FromStr;

/// The `index`-th of `of` parts, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    of: usize,
}

impl Shard {
    /// The whole.
    pub const WHOLE: Shard = Shard { index: 1, of: 1 };

    /// Returns each of `of` parts.
    pub fn all(of: usize) -> impl Iterator<Item = Shard> {
        (1..=of).map(move |index| Shard { index, of })
    }

    /// Returns the number of this part, counted from 1.
    pub fn index(self) -> usize {
        self.index
    }

    /// Returns the number of parts.
    pub fn of(self) -> usize {
        self.of
    }

    /// Returns the tasks of this shard, in their original order. Each task belongs to exactly one
    /// shard. To balance the costs, the most expensive task is assigned first, each to the shard
    /// with the least load.
    pub fn pick<T>(self, tasks: impl IntoIterator<Item = T>, cost: impl Fn(&T) -> u64) -> Vec<T> {
        let mut tasks: Vec<_> = tasks.into_iter().enumerate().collect();
        tasks.sort_by_key(|(_, task)| std::cmp::Reverse(cost(task)));
        let mut loads = vec![0_u64; self.of];
        let mut own = Vec::new();
        for (place, task) in tasks {
            let least = (0..self.of).min_by_key(|shard| loads[*shard]).unwrap_or_default();
            // Every task counts at least 1, so that tasks without a cost are distributed too.
            loads[least] += cost(&task).max(1);
            if least + 1 == self.index {
                own.push((place, task));
            }
        }
        own.sort_by_key(|(place, _)| *place);
        own.into_iter().map(|(_, task)| task).collect()
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(index, of)| {
            Some(Shard { index: index.parse().ok()?, of: of.parse().ok()? })
        });
        match numbers {
            Some(shard) if (1..=shard.of).contains(&shard.index) => Ok(shard),
            _ => Err(format!("`{text}` is not a shard; write the second of three as 2/3")),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::Shard;

    #[test]
    fn each_task_goes_to_one_shard_and_keeps_its_order() {
        let tasks = [5_u64, 0, 0, 90, 7, 7, 3, 0];
        for of in 1..=9 {
            let parts: Vec<Vec<usize>> = Shard::all(of)
                .map(|shard| shard.pick(0..tasks.len(), |task| tasks[*task]))
                .collect();
            assert!(parts.iter().all(|part| part.is_sorted()), "{parts:?}");
            let mut all = parts.concat();
            all.sort_unstable();
            assert_eq!(all, (0..tasks.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_costs_are_balanced() {
        let tasks = [50_u64, 40, 30, 30, 20, 10];
        let loads: Vec<u64> =
            Shard::all(3).map(|shard| shard.pick(tasks, |cost| *cost).iter().sum()).collect();
        assert_eq!(loads, [60, 60, 60]);
    }

    #[test]
    fn an_invalid_shard_is_named() {
        for text in ["", "1", "0/3", "4/3", "1/0", "a/b", "1/2/3", "-1/3"] {
            assert!(text.parse::<Shard>().unwrap_err().contains(&format!("`{text}`")), "{text}");
        }
        assert_eq!("2/3".parse::<Shard>().unwrap().to_string(), "2/3");
    }
}
