//! Every module and every file imports only what is listed above it, and every file is listed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The names in the first cells of the table at the head of a file, in their order. `mark` ends a name.
fn listed(text: &str, mark: &str) -> Vec<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.filter_map(|name| Some(name.strip_suffix(mark)?.to_owned())).collect()
}

/// The names that follow `prefix` in the text, also those in braces.
fn imported(text: &str, prefix: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices(prefix) {
        let rest = &text[at + prefix.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            names.extend(rest.split(|c| !is_part(c)).next().map(str::to_owned));
            continue;
        };
        // Nested lists name items of a module, which stands before them.
        let mut depth = 1;
        let mut name = String::new();
        for c in list.chars().chain(['}']) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 1 && is_part(c) {
                name.push(c);
            } else if !name.is_empty() && (c == ':' || c == ',' || c == '}') {
                names.insert(std::mem::take(&mut name));
            }
            if depth == 0 {
                break;
            }
        }
    }
    names
}

/// What a file imports that is not listed above it.
fn wrong(order: &[String], own: &str, imported: &BTreeSet<String>) -> Vec<String> {
    let place = |name: &str| order.iter().position(|other| other == name);
    let is_wrong = |name: &&String| place(name).is_some_and(|place_of| Some(place_of) > place(own));
    imported.iter().filter(is_wrong).cloned().collect()
}

fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).expect("the folder can be read").map(Result::unwrap);
    let files = entries.map(|entry| entry.path()).filter(|path| path.is_file());
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    files.map(|path| (name(&path), read(&path))).collect()
}

#[test]
fn modules_import_only_those_above_them() {
    let order = listed(&read(&source().join("lib.rs")), "");
    assert_eq!((order.first().unwrap().as_str(), order.len()), ("base", 9));
    for module in &order {
        let folder = source().join(module);
        let files = if folder.is_dir() {
            files(&folder)
        } else {
            vec![(module.clone(), read(&folder.with_extension("rs")))]
        };
        for (file, text) in files {
            let wrong = wrong(&order, module, &imported(&text, "crate::"));
            assert!(wrong.is_empty(), "{module}/{file} imports {wrong:?}");
        }
    }
}

#[test]
fn every_file_is_listed_and_imports_only_those_above_it() {
    for folder in ["base", "pools", "trial", "speed", "cost", "report"] {
        let folder = source().join(folder);
        let order = listed(&read(&folder.join("mod.rs")), ".rs");
        let files = files(&folder);
        let names: BTreeSet<_> = files.iter().map(|(name, _)| name.clone()).collect();
        let expected: BTreeSet<_> = order.iter().cloned().chain(["mod".to_owned()]).collect();
        assert_eq!(names, expected, "{}", folder.display());
        for (file, text) in files.iter().filter(|(name, _)| name != "mod") {
            let wrong = wrong(&order, file, &imported(text, "super::"));
            assert!(wrong.is_empty(), "{}/{file} imports {wrong:?}", folder.display());
        }
    }
}

#[test]
fn an_import_from_below_is_found() {
    let order = ["a", "b", "c"].map(str::to_owned);
    let text = "use crate::{\n    a::{self, c},\n    b,\n};\nuse crate::c::Item;\n";
    assert_eq!(imported(text, "crate::"), ["a", "b", "c"].map(str::to_owned).into());
    assert_eq!(wrong(&order, "b", &imported(text, "crate::")), ["c"]);
    assert_eq!(wrong(&order, "c", &imported(text, "crate::")), [""; 0]);
    assert_eq!(listed("//! | [`a`] | x |\n//! | `b`, `c` | y `d` |\n", ""), ["a", "b", "c"]);
}
