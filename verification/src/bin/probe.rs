#[cfg(loom)]
fn main() {
    use verification::checker::{self, Class};
    let arguments: Vec<_> = std::env::args().collect();
    let count: usize = arguments[1].parse().unwrap();
    for class in Class::AUDITED.iter().chain(&Class::CONTROLS) {
        let began = std::time::Instant::now();
        let drawn = checker::generate::draw(*class, 1, count);
        eprintln!("{class:?} drawn in {:?}, passed over {}", began.elapsed(), drawn.passed_over);
        for (program, all) in &drawn.programs {
            let began = std::time::Instant::now();
            let found = checker::explore::explore(program);
            let missed = all.outcomes.difference(&found.outcomes).count();
            let inv = found.outcomes.difference(&all.outcomes).count();
            println!("{class:?} states {} paths {} outcomes {} deadlock {} len {} threads {} exec {} us {} missed {} invented {} | {}", 0, all.orders, all.outcomes.len(), all.outcomes.contains(&checker::program::Outcome::Deadlock), program.length(), program.threads.len(), found.executions, began.elapsed().as_micros(), missed, inv, program);
        }
    }
}
#[cfg(not(loom))]
fn main() {}
