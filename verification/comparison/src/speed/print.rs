//! The results in the terminal.

use super::results::{Entry, SpeedResults, Standing, Table};
use crate::base::numbers::{figure, grouped, ratio};
use crate::base::statistics::Spread;
use crate::base::table::{self, right};
use crate::pools;
use comfy_table::{Cell, Table as Grid};

use super::catalog::{Case, Scaling};

/// Lists workloads, curves and pools.
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
    for about in pools::all_and_beside() {
        let version = about.version().unwrap_or_default();
        println!("  {:22} {version:12} {}", about.name, about.what);
        if !about.less.is_empty() {
            println!("  {:22} {:12} Less: {}", "", "", about.less);
        }
    }
}

/// Prints everything that was measured, and the standings of this pool.
pub(crate) fn print(results: &SpeedResults) {
    for table in &results.tables {
        println!("\n{}, {}: {} ({})", table.workload, table.setting, table.figure, table.unit);
        println!("{}{}", table.text, circumstances(table));
        println!("{}", entries(table));
        for standing in &table.standings {
            println!("{}", stands(standing));
        }
    }
    for curve in &results.curves {
        println!("\n{} ({})", curve.title, curve.unit);
        println!("{} {}", curve.text, curve.sentence().unwrap_or_default());
        for line in &curve.lines {
            let points = line
                .points
                .iter()
                .map(|(place, spread)| format!("{}: {}", grouped(*place), figure(spread.median)));
            println!("  {:22} {}", line.pool, points.collect::<Vec<_>>().join("  "));
            for remark in &line.remarks {
                println!("  {:22} {remark}", "");
            }
        }
    }
    if !results.tables.is_empty() {
        println!("\n{}", summary(results));
    }
    println!(
        "\n{} rounds, {:.0} s, {} cores{}. A figure is the median of the rounds. A ratio is the median of \
         the figure of this pool divided by that of the peer in the same round. In parentheses: the \
         quartiles. * it does less, and is not compared.",
        results.rounds,
        results.seconds,
        results.machine.cores,
        match results.machine.others {
            Some(others) => format!(", of which other processes kept {others:.1} busy"),
            None => String::new(),
        },
    );
}

fn circumstances(table: &Table) -> String {
    let pinned = match table.pinned {
        Some(false) => " NOT PINNED: not supported on this system.",
        _ => "",
    };
    let others = match table.others {
        Some(others) => format!(" Other processes kept {others:.1} cores busy."),
        None => String::new(),
    };
    format!("{pinned}{others}")
}

fn entries(table: &Table) -> Grid {
    let mut grid = table::plain();
    let own: Vec<_> = table.standings.iter().map(|standing| &*standing.pool).collect();
    let heads = own.iter().map(|name| right(format!("{name} / it")));
    let first = [Cell::new(""), right("figure"), right("(quartiles)"), right("switches")];
    grid.set_header(first.into_iter().chain(heads).chain([Cell::new("")]));
    let mut sorted: Vec<_> = table.entries.iter().collect();
    let key = |entry: &Entry| entry.value.map_or(f64::INFINITY, |value| value.median);
    sorted.sort_by(|one, other| key(one).total_cmp(&key(other)));
    for entry in sorted {
        let mark = if entry.value.is_some() && !entry.own && !entry.is_compared { "*" } else { "" };
        let ratios =
            own.iter().map(|name| right(entry.ratios.get(*name).map_or("–".into(), ratio)));
        let cells = [
            Cell::new(format!("{}{mark}", entry.pool)),
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

fn stands(standing: &Standing) -> String {
    let Standing { pool, best, ratio: found, target, .. } = standing;
    let best = best.as_deref().unwrap_or("none");
    let found = found.as_ref().map_or("–".into(), ratio);
    let target = target.map_or("no target".into(), |target| format!("target {target}"));
    format!("{pool} beside the best peer, {best}: {found}; {target}: {}", standing.word())
}

/// A line for each figure: this pool beside the best peer.
fn summary(results: &SpeedResults) -> Grid {
    let mut grid = table::plain();
    grid.set_header(["workload", "setting", "figure", "pool", "best peer", "ratio", "target", ""]);
    for table in &results.tables {
        for standing in &table.standings {
            grid.add_row([
                table.workload.clone(),
                table.setting.clone(),
                format!("{}, {}", table.figure, table.unit),
                standing.pool.clone(),
                standing.best.clone().unwrap_or_default(),
                standing.ratio.as_ref().map_or("–".into(), ratio),
                standing.target.map_or(String::new(), |target| target.to_string()),
                standing.word().to_owned(),
            ]);
        }
    }
    grid
}
