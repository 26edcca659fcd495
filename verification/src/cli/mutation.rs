//! The subcommands about changed sources.

use std::path::PathBuf;
use std::time::Duration;

use harness::base::text::width;

use super::refuse_weakening;
use crate::base::cargo::Workspace;
use crate::mutation::patches::{self, Patch};
use crate::mutation::seeded::{
    Fate, {self},
};
use crate::mutation::survivors::{Explained, Found, Merged};
use crate::report::sentences;

/// Runs the mutants with these names, or all. Returns `true` if all were convicted.
pub(super) fn mutate(only: &[String], limit: Duration) -> Result<bool, String> {
    refuse_weakening()?;
    let workspace = Workspace::find()?;
    let mut patches = patches(&workspace)?;
    if let Some(name) = only.iter().find(|name| patches.iter().all(|p| p.name != **name)) {
        return Err(format!("there is no patch `{name}` in {}", patches::FOLDER));
    }
    patches.retain(|patch| only.is_empty() || only.contains(&patch.name));
    let mutants = seeded::run(&workspace, &patches, limit)?;
    print!("{}", mutants.render(width()));
    println!("\n{}", sentences::mutants(&mutants));
    Ok(mutants.count(Fate::Convicted) == mutants.mutants.len())
}

/// Merges the results of cargo-mutants. Returns `true` if each survivor has its reason.
pub(super) fn survivors(ordinary: &[PathBuf], loom: &[PathBuf]) -> Result<bool, String> {
    let root = Workspace::find()?.root().to_owned();
    let found = |folders: &[PathBuf]| Found::read(folders.iter().map(PathBuf::as_path));
    let explained = Explained::read(&root.join("verification/data/survivors.toml"))?;
    let source = |file: &str| std::fs::read_to_string(root.join(file)).ok();
    let merged = Merged::new(&found(ordinary)?, &found(loom)?, &explained, source);
    print!("{}", merged.render());
    Ok(merged.is_good())
}

/// Reads the patches of the workspace.
pub(super) fn patches(workspace: &Workspace) -> Result<Vec<Patch>, String> {
    patches::read_all(&workspace.root().join(patches::FOLDER))
}
