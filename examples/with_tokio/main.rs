//! Runs the recipe, which the documentation of the crate contains. tokio changes under `--cfg loom`,
//! so it is left out there.

#[cfg(not(loom))]
mod recipe;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(not(loom))]
    recipe::main()?;
    Ok(())
}
