//! A failed execution as swim lanes: a column for each thread, time downward.

use std::fmt::Write as _;

use crate::report::{Failure, FailureKind};

impl Failure {
    /// Draws the interleaving as swim lanes of at most about `width` columns. Each row is an
    /// operation with its line of source. Below stand the threads that have not ended, and where
    /// the objects were created. After a [replay](crate::Builder::replay), the rows have the values
    /// of atomics.
    ///
    /// ```
    /// use mazurka::sync::{Arc, Mutex};
    /// use mazurka::{Builder, End};
    ///
    /// let report = Builder::new().explore(|| {
    ///     let lock = Arc::new(Mutex::new(0));
    ///     let other = Arc::clone(&lock);
    ///     let other = mazurka::thread::spawn(move || *other.lock().unwrap() += 1);
    ///     assert_eq!(*lock.lock().unwrap(), 0, "the other thread comes later");
    ///     other.join().unwrap();
    /// });
    /// let End::Failed(failure) = report?.end else { panic!("it fails") };
    /// println!("{}", failure.lanes(100));
    /// # Ok::<(), mazurka::InvalidSetting>(())
    /// ```
    pub fn lanes(&self, width: usize) -> String {
        let used: Vec<usize> = (0..self.threads.len())
            .filter(|thread| self.rows.iter().any(|row| row.thread == *thread))
            .collect();
        let folder = self.common_folder();
        let sites = self.rows.iter().map(|row| row.site.chars().count() - folder.chars().count());
        let sites = sites.max().unwrap_or(0);
        let longest = self.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
        let names = self.threads.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let room = width.saturating_sub(6 + sites) / used.len().max(1);
        let lane = room.saturating_sub(3).min(longest.max(names)).max(16);

        let mut out = String::new();
        let mut draw = |number: String, site: &str, cells: &mut dyn Iterator<Item = &str>| {
            let mut text = format!("{number:>4}  ");
            for (place, cell) in cells.enumerate() {
                let bar = if place == 0 { "" } else { " │ " };
                let mut cut: String = cell.chars().take(lane).collect();
                if cell.chars().count() > lane {
                    cut.pop();
                    cut.push('…');
                }
                let padding = lane - cut.chars().count();
                let _ = write!(text, "{bar}{cut}{}", " ".repeat(padding));
            }
            let _ = write!(text, "   {site}");
            out.push_str(text.trim_end());
            out.push('\n');
        };
        draw(String::new(), "", &mut used.iter().map(|thread| &*self.threads[*thread]));
        let rule = "─".repeat(lane);
        draw(String::new(), "", &mut used.iter().map(|_| &*rule));
        for (place, row) in self.rows.iter().enumerate() {
            let cell = |thread: &usize| if *thread == row.thread { &*row.what } else { "" };
            draw((place + 1).to_string(), &row.site[folder.len()..], &mut used.iter().map(cell));
        }
        out.push('\n');
        for stand in &self.stands {
            let marks = matches!(self.kind, FailureKind::Deadlock);
            let _ = writeln!(out, "  {} {stand}", if marks { '✗' } else { '●' });
        }
        for (name, site) in &self.objects {
            let site = site.strip_prefix(folder).unwrap_or(site);
            let _ = writeln!(out, "  {name}: created at {site}");
        }
        if !folder.is_empty() {
            let _ = writeln!(out, "  all in {folder}");
        }
        out
    }

    /// Returns the folder that contains the source of every row, with its last slash.
    fn common_folder(&self) -> &str {
        let mut sites = self.rows.iter().map(|row| &*row.site);
        let Some(first) = sites.next() else { return "" };
        let mut end = first.rfind('/').map_or(0, |slash| slash + 1);
        for site in sites {
            while !site.starts_with(&first[..end]) {
                end = first[..end - 1].rfind('/').map_or(0, |slash| slash + 1);
            }
        }
        &first[..end]
    }
}
