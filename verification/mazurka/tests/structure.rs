//! Checks the files of `src` against the README. Each file is listed there, and imports only files
//! that are listed before it. So the imports form no cycle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A path of modules and names.
type Names = Vec<String>;

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the files of the README's section `Files`, in order.
fn listed() -> Vec<String> {
    let text = fs::read_to_string(package().join("README.md")).expect("the README can be read");
    let (_, section) = text.split_once("\n## Files\n").expect("a section of files");
    let section = section.split("\n## ").next().unwrap_or(section);
    let files = section.lines().filter_map(|line| line.strip_prefix("- `")?.split_once("`: "));
    files.map(|(file, _)| file.to_owned()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("the entry can be read").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Returns the text of each file in `src`, without comments.
fn sources() -> BTreeMap<String, String> {
    let src = package().join("src");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&src).expect("it is in src").to_str().expect("it is UTF-8");
        let text = fs::read_to_string(&path).expect("the file can be read");
        let code = text.lines().map(|line| line.split("//").next().unwrap_or(line));
        (name.replace('\\', "/"), code.collect::<Vec<_>>().join("\n"))
    };
    files(&src).into_iter().map(read).collect()
}

/// Returns the module that a file contains.
fn module(file: &str) -> Names {
    let path = file.trim_end_matches(".rs");
    let names = path.split('/').filter(|name| !["lib", "mod"].contains(name));
    names.map(str::to_owned).collect()
}

/// Parses what follows a `::`, with its braces, and adds it to a path. Returns the rest of the text.
fn parse<'a>(text: &'a str, mut path: Names, found: &mut Vec<Names>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = parse(rest, path.clone(), found).trim_start();
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => return rest.strip_prefix('}').unwrap_or(rest),
            }
        }
    }
    let end = text.find(|c: char| !is_of_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name == "super" {
        path.pop();
    } else if !name.is_empty() && name != "self" {
        path.push(name.to_owned());
    }
    let rest = rest
        .split_once(" as ")
        .filter(|(before, _)| before.is_empty())
        .map_or(rest, |(_, rest)| rest.trim_start_matches(is_of_name));
    if let Some(rest) = rest.strip_prefix("::") {
        return parse(rest, path, found);
    }
    found.push(path);
    rest
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the paths in a piece of code that begin with `crate`, `super`, `self` or the name of a
/// submodule. They start at the root of the crate.
fn paths(code: &str, module: &Names, submodules: &[String]) -> Vec<Names> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("::") {
        let before = code[..at].trim_end_matches(is_of_name);
        let name = &code[before.len()..at];
        if before.ends_with("::") {
            continue;
        }
        let mut start = module.clone();
        match name {
            "crate" => start.clear(),
            "super" => drop(start.pop()),
            "self" => {}
            _ if submodules.iter().any(|module| module == name) => start.push(name.to_owned()),
            _ => continue,
        }
        parse(&code[at + 2..], start, &mut found);
    }
    found
}

/// Splits a file into its modules: the module of the file, and those written inside it. Returns the
/// lines of each. The code is formatted, so a module ends at a brace as deep as its beginning.
fn modules(file: &str, text: &str) -> BTreeMap<Names, String> {
    let mut open: Vec<(usize, String)> = Vec::new();
    let mut modules: BTreeMap<Names, String> = BTreeMap::new();
    for line in text.lines() {
        let depth = line.len() - line.trim_start().len();
        if line.trim() == "}" && open.last().is_some_and(|(outer, _)| *outer == depth) {
            open.pop();
        }
        let inner = open.iter().map(|(_, name)| name.clone());
        let code = modules.entry(module(file).into_iter().chain(inner).collect()).or_default();
        code.push_str(line);
        code.push('\n');
        let words: Vec<_> = line.split_whitespace().collect();
        if let [.., "mod", name, "{"] = words[..] {
            open.push((depth, name.to_owned()));
        }
    }
    modules
}

/// Returns the files that each file imports. A declaration `mod name;` is not an import.
fn imports(sources: &BTreeMap<String, String>) -> BTreeMap<String, BTreeSet<String>> {
    let by_module: BTreeMap<Names, &String> =
        sources.keys().map(|file| (module(file), file)).collect();
    let file_of = |path: &[String]| {
        let mut prefixes = (0..=path.len()).rev().map(|length| &path[..length]);
        prefixes.find_map(|prefix| by_module.get(prefix)).expect("the root has a file")
    };
    let mut imports = BTreeMap::new();
    for (file, text) in sources {
        let own = module(file);
        let children = by_module.keys().filter(|path| path.len() == own.len() + 1);
        let children =
            children.filter(|path| path.starts_with(&own)).filter_map(|path| path.last());
        let submodules: Vec<_> = children.cloned().collect();
        let mut imported = BTreeSet::new();
        for (module, code) in modules(file, text) {
            let submodules = if module == own { &submodules[..] } else { &[] };
            let paths = paths(&code, &module, submodules);
            imported.extend(paths.iter().map(|path| (*file_of(path)).clone()));
        }
        imported.remove(file);
        imports.insert(file.clone(), imported);
    }
    imports
}

#[test]
fn the_readme_lists_each_file_once() {
    let mut listed = listed();
    listed.sort();
    let present: Vec<_> = sources().into_keys().collect();
    assert_eq!(listed, present, "README.md, and src");
}

#[test]
fn a_file_imports_only_files_listed_before_it() {
    let listed = listed();
    let position = |file: &String| listed.iter().position(|one| one == file);
    let mut wrong = Vec::new();
    for (file, imported) in imports(&sources()) {
        let below = |other: &&String| position(other) >= position(&file);
        wrong.extend(imported.iter().filter(below).map(|other| format!("{file} imports {other}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn imports_form_no_cycle() {
    let mut left = imports(&sources());
    assert!(left["sync/mutex.rs"].contains("raw.rs") && left["lib.rs"].contains("builder.rs"));
    // Remove the files that import nothing or are not imported, one after the other. Files that
    // remain are in a cycle or between two.
    let removable = |left: &BTreeMap<String, BTreeSet<String>>| {
        let is_imported = |file: &String| left.values().any(|to| to.contains(file));
        let mut files = left.iter();
        let found = files.find(|(file, to)| to.is_empty() || !is_imported(file));
        found.map(|(file, _)| file.clone())
    };
    while let Some(file) = removable(&left) {
        left.remove(&file);
        for to in left.values_mut() {
            to.remove(&file);
        }
    }
    assert!(left.is_empty(), "a cycle: {left:#?}");
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "
use crate::{a, b::{c, d as e}};
use super::{f, g::H};
mod tests {
    use super::I;
}
fn call() { crate::j::k(); l::m() }
";
    let found = modules("o/p.rs", text).into_iter().flat_map(|(module, code)| {
        paths(&code, &module, &["l".to_owned()]).into_iter().map(|path| path.join("::"))
    });
    let found: BTreeSet<_> = found.collect();
    let expected = ["a", "b::c", "b::d", "j::k", "o::f", "o::g::H", "o::p::I", "o::p::l::m"]
        .map(str::to_owned);
    assert_eq!(found, BTreeSet::from(expected));
}
