//! What goes to the terminal.

use super::results::{Comparison, Entry, Standing, Table};
use crate::base::numbers::figure;
use crate::base::statistics::Spread;
use crate::pools;
use comfy_table::{presets, Cell, CellAlignment, ContentArrangement, Table as Grid};

use super::cases::{Case, Scaling};

/// Workloads, curves and pools.
pub(crate) fn list(cases: &[Case], scalings: &[Scaling]) {
    println!("Workloads");
    for case in cases {
        println!("  {:4} {:20} {}", case.workload, case.setting, case.text);
    }
    println!("\nCurves");
    for scaling in scalings {
        println!("  {:10} {}", scaling.name, scaling.title);
    }
    println!("\nPools");
    for about in pools::ALL {
        let version = about.version().unwrap_or_default();
        println!("  {:22} {version:12} {}", about.name, about.what);
        if !about.less.is_empty() {
            println!("  {:22} {:12} Less: {}", "", "", about.less);
        }
    }
}

/// Everything that was measured, and where this pool stands.
pub(crate) fn print(comparison: &Comparison) {
    for table in &comparison.tables {
        println!("\n{}, {}: {} ({})", table.workload, table.setting, table.figure, table.unit);
        println!("{}{}", table.text, circumstances(table));
        println!("{}", entries(table));
        for standing in &table.standings {
            println!("{}", stands(standing));
        }
    }
    for curve in &comparison.curves {
        println!("\n{} ({})", curve.title, curve.unit);
        println!("{} {}", curve.text, curve.sentence().unwrap_or_default());
        for line in &curve.lines {
            let points = line.points.iter().map(|(place, spread)| {
                format!("{}: {}", crate::base::numbers::place(*place), figure(spread.median))
            });
            println!("  {:22} {}", line.subject, points.collect::<Vec<_>>().join("  "));
            for remark in &line.remarks {
                println!("  {:22} {remark}", "");
            }
        }
    }
    if !comparison.tables.is_empty() {
        println!("\n{}", summary(comparison));
    }
    println!(
        "\n{} rounds, {:.0} s, {} cores{}. A figure is the median of the rounds, a ratio the median \
         of this pool's figure by the peer's in the same round; with the half of them in the middle. \
         * it does less and is not compared with.",
        comparison.rounds,
        comparison.seconds,
        comparison.machine.cores,
        match comparison.machine.others {
            Some(others) => format!(", of which others kept {others:.1} busy"),
            None => String::new(),
        },
    );
}

fn circumstances(table: &Table) -> String {
    let pinned = match table.pinned {
        Some(false) => " NOT PINNED: the system does not offer it here.",
        _ => "",
    };
    let others = match table.others {
        Some(others) => format!(" Others kept {others:.1} cores busy."),
        None => String::new(),
    };
    format!("{pinned}{others}")
}

fn grid() -> Grid {
    let mut grid = Grid::new();
    grid.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    grid
}

fn right(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn entries(table: &Table) -> Grid {
    let mut grid = grid();
    let own: Vec<_> = table.standings.iter().map(|standing| &*standing.subject).collect();
    let heads = own.iter().map(|name| right(format!("{name} / it")));
    let first = [Cell::new(""), right("figure"), right("(middle half)"), right("switches")];
    grid.set_header(first.into_iter().chain(heads).chain([Cell::new("")]));
    let mut sorted: Vec<_> = table.entries.iter().collect();
    let key = |entry: &Entry| entry.value.map_or(f64::INFINITY, |value| value.median);
    sorted.sort_by(|one, other| key(one).total_cmp(&key(other)));
    for entry in sorted {
        let mark = if entry.value.is_some() && !entry.own && !entry.counts { "*" } else { "" };
        let ratios =
            own.iter().map(|name| right(entry.ratios.get(*name).map_or("–".into(), ratio)));
        let cells = [
            Cell::new(format!("{}{mark}", entry.subject)),
            right(entry.value.map_or("–".into(), |value| figure(value.median))),
            right(entry.value.map_or(String::new(), |value| half(&value))),
            right(entry.switches.map_or("–".into(), |switches| format!("{switches:.0}"))),
        ];
        let remark = Cell::new(entry.remark.as_deref().unwrap_or_default());
        grid.add_row(cells.into_iter().chain(ratios).chain([remark]));
    }
    grid
}

fn half(spread: &Spread) -> String {
    format!("({}–{})", figure(spread.lower), figure(spread.upper))
}

fn ratio(spread: &Spread) -> String {
    format!("{:.2} ({:.2}–{:.2})", spread.median, spread.lower, spread.upper)
}

fn stands(standing: &Standing) -> String {
    let Standing { subject, best, ratio: found, target, .. } = standing;
    let best = best.as_deref().unwrap_or("nobody");
    let found = found.as_ref().map_or("–".into(), ratio);
    let target = target.map_or("no target".into(), |target| format!("target {target}"));
    format!("{subject} beside the best, {best}: {found}; {target}: {}", standing.word())
}

/// A line a figure: this pool beside the best.
fn summary(comparison: &Comparison) -> Grid {
    let mut grid = grid();
    grid.set_header(["workload", "setting", "figure", "pool", "best peer", "ratio", "target", ""]);
    for table in &comparison.tables {
        for standing in &table.standings {
            grid.add_row([
                table.workload.clone(),
                table.setting.clone(),
                format!("{}, {}", table.figure, table.unit),
                standing.subject.clone(),
                standing.best.clone().unwrap_or_default(),
                standing.ratio.as_ref().map_or("–".into(), ratio),
                standing.target.map_or(String::new(), |target| target.to_string()),
                standing.word().to_owned(),
            ]);
        }
    }
    grid
}
