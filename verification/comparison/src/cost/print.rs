//! The results in the terminal.

use comfy_table::{Cell, Table};

use super::programs;
use super::results::{CostResults, Program};
use crate::base::numbers::{figure, kilobytes, spread};
use crate::base::table::{self, right};

/// Lists the programs and their dependencies.
pub(crate) fn list() {
    for source in programs::ALL {
        println!("  {:30} {}", source.name, source.requirements());
    }
}

/// Prints everything that was measured.
pub(crate) fn print(cost: &CostResults) {
    println!("\n{}", programs_table(cost));
    for program in &cost.programs {
        if let Some(failure) = &program.failure {
            println!("{}: {failure}", program.name);
        }
    }
    println!(
        "\nThe same program with each pool. Packages: in the program, the pool included, + only for \
         build scripts. Build: seconds of a release build of everything; processors: the same in \
         processor seconds. Ratio: divided by this pool in the same round, so that above 1 this pool is \
         cheaper. Rebuild: seconds after a change in the program. Size: kB without symbols; added: \
         beside the program without a pool. Medians of {} rounds (and quartiles); {:.0} s, {} cores{}, \
         {}.",
        cost.rounds,
        cost.seconds,
        cost.machine.cores,
        match cost.machine.others {
            Some(others) => format!(", of which other processes kept {others:.1} busy"),
            None => String::new(),
        },
        cost.compiler,
    );
}

fn programs_table(cost: &CostResults) -> Table {
    let mut table = table::plain();
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
