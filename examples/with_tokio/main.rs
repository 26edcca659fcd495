//! Runs the recipe, which the documentation of the crate contains. tokio changes under `--cfg loom`,
//! so it is left out there.

#[cfg(not(loom))]
mod recipe;

#[cfg(not(loom))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    recipe::main()
}

#[cfg(loom)]
fn main() {}
