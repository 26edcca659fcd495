//! The trial in words: on the terminal, and as the table of the README.

use std::fmt::Write as _;

use comfy_table::{Cell, ColumnConstraint};

use super::{Hearing, Trial, Tried, Verdict};
use verification::terminal;

impl Verdict {
    /// In a word or two.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Kept => "kept",
            Verdict::Broken => "broken",
            Verdict::NotOffered => "not offered",
            Verdict::NotTried => "not tried",
        }
    }
}

impl Hearing {
    /// What was seen, in how many of the runs.
    pub fn sightings(&self) -> String {
        let tell = |sighting: &super::Sighting| {
            let (times, runs) = (sighting.times, self.runs);
            let runs = format!("{times} of {runs} run{}", if runs == 1 { "" } else { "s" });
            format!("{runs}: {}", sighting.what)
        };
        let told: Vec<_> = self.seen.iter().map(tell).collect();
        match &self.untried {
            Some(why) if told.is_empty() => why.clone(),
            _ => told.join("; "),
        }
    }
}

impl Tried {
    /// How it did in that property.
    pub fn hearing(&self, property: &str) -> Option<&Hearing> {
        self.hearings.iter().find(|hearing| hearing.property == property)
    }

    /// Its name and version.
    pub fn title(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        }
    }

    /// What it broke.
    pub fn broken(&self) -> impl Iterator<Item = &Hearing> {
        self.hearings.iter().filter(|hearing| hearing.verdict == Verdict::Broken)
    }
}

impl Trial {
    /// Writes it for a terminal of that many columns: the table, what was seen, what is not offered.
    pub fn render(&self, width: usize) -> String {
        let mut out = String::new();
        let mut table = terminal::table(width);
        // In words, which can be broken.
        let names = self.properties.iter().map(|asked| Cell::new(asked.name.replace('-', " ")));
        table.set_header([Cell::new("")].into_iter().chain(names));
        for pool in &self.pools {
            let cells = self.properties.iter().map(|property| {
                let hearing = pool.hearing(&property.name);
                Cell::new(hearing.map_or("–", |hearing| match hearing.verdict {
                    Verdict::NotOffered => "–",
                    verdict => verdict.word(),
                }))
            });
            table.add_row([Cell::new(&pool.name)].into_iter().chain(cells));
        }
        if let Some(names) = table.column_mut(0) {
            names.set_constraint(ColumnConstraint::ContentWidth);
        }
        let _ =
            writeln!(out, "{table}\n\n–: not offered by the pool's documentation, so not tried.");
        terminal::heading(&mut out, "What is asked");
        for property in &self.properties {
            let line = format!("{}: {}", property.name, property.text);
            let _ = writeln!(out, "{}", terminal::wrap(&line, width, "- ", "  "));
        }
        terminal::heading(&mut out, "What was seen");
        for (pool, hearing) in
            self.pools.iter().flat_map(|pool| pool.broken().map(move |h| (pool, h)))
        {
            let line = format!("{}, {}: {}", pool.title(), hearing.property, hearing.sightings());
            let _ = writeln!(out, "{}", terminal::wrap(&line, width, "- ", "  "));
            let _ =
                writeln!(out, "{}", terminal::wrap(&hearing.documented, width, "  (", "   ") + ")");
        }
        out
    }

    /// The last line: whether all is as it must be.
    pub fn verdict(&self) -> String {
        let complaints = self.complaints();
        let runs: u64 = self.pools.iter().flat_map(|pool| &pool.hearings).map(|h| h.runs).sum();
        let ran = format!(
            "{} pools, {} properties, {} runs, {} s",
            self.pools.len(),
            self.properties.len(),
            terminal::thousands(runs),
            self.seconds
        );
        if complaints.is_empty() {
            let own = self.pools.iter().any(|pool| pool.own);
            let own =
                if own { "This pool keeps what was tried" } else { "This pool was not tried" };
            return format!("{own}, and every control stands: {ran}.");
        }
        format!("NOT AS IT MUST BE: {}: {ran}.", complaints.join("; "))
    }

    /// The section of the README: a table, and what was seen, as Markdown.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        let names = self.properties.iter().map(|property| format!(" {} |", property.name));
        let _ = writeln!(out, "| |{}", names.collect::<String>());
        let _ = writeln!(out, "| --- |{}", " --- |".repeat(self.properties.len()));
        for pool in &self.pools {
            let cells = self.properties.iter().map(|property| {
                let word =
                    pool.hearing(&property.name).map_or("–", |hearing| match hearing.verdict {
                        Verdict::NotOffered => "–",
                        Verdict::Broken => "**broken**",
                        verdict => verdict.word(),
                    });
                format!(" {word} |")
            });
            let _ = writeln!(out, "| {} |{}", pool.title(), cells.collect::<String>());
        }
        let _ = writeln!(
            out,
            "\nTried on {}, {}, {} cores, in {} s. What was seen:\n",
            self.date, self.system, self.cores, self.seconds
        );
        for (pool, hearing) in
            self.pools.iter().flat_map(|pool| pool.broken().map(move |h| (pool, h)))
        {
            let _ =
                writeln!(out, "* {}, {}: {}.", pool.name, hearing.property, hearing.sightings());
        }
        out
    }
}
