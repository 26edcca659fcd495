//! What goes to the terminal.

use super::results::{kilobytes, Cost, Program};
use crate::base::numbers::figure;
use crate::base::statistics::Spread;
use comfy_table::{presets, Cell, CellAlignment, ContentArrangement, Table};

use super::programs;

/// The programs, and what they ask for.
pub(crate) fn list() {
    for source in programs::ALL {
        println!("  {:30} {}", source.name, source.words());
    }
}

/// Everything that was measured.
pub(crate) fn print(cost: &Cost) {
    println!("\n{}", table(cost));
    for program in &cost.programs {
        if let Some(failure) = &program.failure {
            println!("{}: {failure}", program.name);
        }
    }
    println!(
        "\nA program of the same shape with each pool. Packages: the pool's own and those that it brings into the program + those that only \
         build scripts need. Seconds of a release build of everything: by the clock, and of the \
         processors; each by this pool's in the same round (above 1 this pool is the cheaper). Rebuild: \
         seconds after a change in the program. Size without symbols, in kB, and how much more that is \
         than without a pool. Medians of {} rounds (and the half of them in the middle); {:.0} s, {} \
         cores{}, {}.",
        cost.rounds,
        cost.seconds,
        cost.machine.cores,
        match cost.machine.others {
            Some(others) => format!(", of which others kept {others:.1} busy"),
            None => String::new(),
        },
        cost.compiler,
    );
}

fn table(cost: &Cost) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    let heads = ["packages", "build", "ratio", "processors", "ratio", "rebuild", "size", "added"];
    table.set_header([Cell::new("")].into_iter().chain(heads.map(right)));
    let mut sorted: Vec<_> = cost.programs.iter().collect();
    let key = |program: &Program| program.figures.map_or(f64::INFINITY, |all| all.build.median);
    sorted.sort_by(|one, other| key(one).total_cmp(&key(other)));
    for program in sorted {
        table.add_row(row(program));
    }
    table
}

fn row(program: &Program) -> Vec<Cell> {
    let first = [Cell::new(&program.name), right(program.packages())];
    let rest = match &program.figures {
        None => std::array::from_fn(|_| "–".to_owned()),
        Some(all) => [
            spread(&all.build),
            all.build_ratio.as_ref().map_or("–".to_owned(), spread),
            all.processor.map_or("–".to_owned(), |seconds| figure(seconds.median)),
            all.processor_ratio.as_ref().map_or("–".to_owned(), spread),
            spread(&all.rebuild),
            kilobytes(all.size),
            all.added.map_or("–".to_owned(), kilobytes),
        ],
    };
    first.into_iter().chain(rest.map(right)).collect()
}

fn spread(spread: &Spread) -> String {
    format!("{} ({}–{})", figure(spread.median), figure(spread.lower), figure(spread.upper))
}

fn right(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}
