//! Checks the code of this package and of the harness against their `DESIGN.md`. Every file has a line
//! there. Imports point only to the same layer or to a layer above it in the list. Inside a layer,
//! imports form no cycle. The harness knows nothing of the pool.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the folders of the packages.
fn packages() -> [PathBuf; 2] {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    [own.to_owned(), own.join("harness")]
}

/// Returns the layers of a package in order, each with its files.
fn design(package: &Path) -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(package.join("DESIGN.md")).expect("DESIGN.md can be read");
    let mut layers: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        if let Some(layer) = line.strip_prefix("## ") {
            layers.push((layer.to_owned(), Vec::new()));
        } else if let Some(rest) = line.strip_prefix("- `") {
            let (file, words) = rest.split_once("`: ").expect("a file and its description");
            assert!(!words.is_empty(), "{file} has no description");
            layers.last_mut().expect("a layer comes first").1.push(file.to_owned());
        }
    }
    layers
}

/// Returns the files of a folder and its subfolders.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Returns the modules of a package, each with its text.
fn sources(package: &Path) -> BTreeMap<String, String> {
    let src = package.join("src");
    let sources = files(&src).into_iter().filter_map(|path| {
        let name = path.strip_prefix(&src).ok()?.to_str()?.replace('\\', "/");
        let text = fs::read_to_string(&path).ok()?;
        let is_command = name.starts_with("bin/") || name == "main.rs" || name == "lib.rs";
        (!is_command).then_some((name, text))
    });
    sources.collect()
}

/// Returns the paths that follow `crate::` in a text, each cut off after its modules.
fn imports(text: &str) -> BTreeSet<Vec<String>> {
    let is_module = |name: &str| name.starts_with(|c: char| c.is_ascii_lowercase());
    let mut paths = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        let (path, rest) = rest.split_at(end.unwrap_or(rest.len()));
        // Braces hold names of one module: rustfmt keeps a line for each.
        let names = match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((names, _)) => names.split(',').map(str::trim).collect(),
            None => vec![""],
        };
        for name in names {
            let whole = path.split("::").chain([name]).filter(|name| !name.is_empty());
            let modules = whole.take_while(|name| is_module(name));
            paths.insert(modules.map(str::to_owned).collect());
        }
    }
    paths
}

fn layer_of(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

#[test]
fn every_file_has_its_line() {
    for package in packages() {
        let layers = design(&package);
        let described: BTreeSet<_> = layers.iter().flat_map(|(_, files)| files.clone()).collect();
        let present: BTreeSet<_> = sources(&package).into_keys().collect();
        assert_eq!(described, present, "DESIGN.md, and src of {}", package.display());
        for (layer, files) in layers {
            assert!(files.iter().all(|file| layer_of(file) == layer), "{layer}: {files:?}");
        }
    }
}

#[test]
fn imports_point_only_to_layers_above() {
    let mut wrong = Vec::new();
    for package in packages() {
        let layers: Vec<_> = design(&package).into_iter().map(|(layer, _)| layer).collect();
        let position = |layer: &str| layers.iter().position(|one| one == layer);
        for (file, text) in sources(&package) {
            let own = position(layer_of(&file)).expect("every file has its line");
            for path in imports(&text) {
                match path.first().and_then(|layer| position(layer)) {
                    Some(imported) if imported <= own => {}
                    _ => wrong.push(format!("{file} imports {}", path.join("::"))),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Returns the file that a path leads to, if it is in the layer of `file`.
fn in_layer(file: &str, path: &[String], sources: &BTreeMap<String, String>) -> Option<String> {
    let layer = layer_of(file);
    let rest = path.strip_prefix(&[layer.to_owned()])?;
    let candidates =
        [rest.first().map(|name| format!("{layer}/{name}.rs")), Some(format!("{layer}/mod.rs"))];
    candidates.into_iter().flatten().find(|name| name != file && sources.contains_key(name))
}

/// Returns the files whose imports form a cycle inside their layer.
fn cycle(sources: &BTreeMap<String, String>) -> Vec<&str> {
    let mut edges: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in sources {
        let supers = text.split("use super::").skip(1).map(|rest| {
            let name: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            vec![layer_of(file).to_owned(), name]
        });
        let own_tests = |path: &Vec<String>| path.len() > 1;
        let paths = imports(text).into_iter().chain(supers.filter(own_tests));
        let reached = paths.filter_map(|path| in_layer(file, &path, sources));
        edges
            .entry(file)
            .or_default()
            .extend(reached.filter(|reached| !reached.ends_with("mod.rs")));
    }
    // Remove the files without imports one after the other. Files that remain form a cycle.
    while let Some(done) = edges.iter().find(|(_, to)| to.is_empty()).map(|(file, _)| *file) {
        edges.remove(done);
        for to in edges.values_mut() {
            to.remove(done);
        }
    }
    edges.into_keys().collect()
}

#[test]
fn inside_a_layer_imports_form_no_cycle() {
    for package in packages() {
        let sources = sources(&package);
        let cycle = cycle(&sources);
        assert!(cycle.is_empty(), "a cycle among {cycle:?}");
    }
}

#[test]
fn the_harness_knows_nothing_of_the_pool() {
    let [_, harness] = packages();
    let manifest = fs::read_to_string(harness.join("Cargo.toml")).expect("it can be read");
    assert!(!manifest.contains("path = "), "it depends on no package of this workspace");
    for (file, text) in sources(&harness) {
        for name in ["last_call", "verification::", "clauses::", "subjects::"] {
            assert!(!text.contains(name), "{file} names {name}");
        }
    }
}
