//! The files of the workspace, as the tests of this binary read them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The top of the workspace.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The text of a file, named from the top of the workspace.
pub fn read(path: &str) -> String {
    fs::read_to_string(top().join(path)).expect(path)
}

/// Files with this extension below a directory, in order. What is built or hidden is left out.
pub fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("a name in UTF-8");
        if path.is_dir() {
            if !name.starts_with('.')
                && !["target", "node_modules", "build", "dist"].contains(&name)
            {
                found.extend(files(&path, extension));
            }
        } else if path.extension().is_some_and(|is| is == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The crates of the workspace: each name with the directory of its sources.
pub fn crates() -> Vec<(String, PathBuf)> {
    let mut crates = Vec::new();
    for entry in fs::read_dir(top().join("crates")).expect("the crates") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        crates.push((name.into_owned(), path.join("src")));
    }
    crates.sort();
    crates
}

/// A source file of a crate, without its comments and its tests.
pub struct Source {
    pub krate: String,
    /// Its path below `src`.
    pub path: String,
    pub text: String,
}

/// The sources of all crates, files of tests left out.
pub fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for (krate, directory) in crates() {
        for path in files(&directory, "rs") {
            let below = path.strip_prefix(&directory).expect("below");
            let below = below.to_string_lossy().into_owned();
            if below.contains("tests") {
                continue;
            }
            let text = fs::read_to_string(&path).expect("to read");
            let text = text.split("#[cfg(test)]\nmod tests {").next();
            let lines = text.unwrap_or_default().lines();
            let lines: Vec<&str> = lines
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            sources.push(Source {
                krate: krate.clone(),
                path: below,
                text: lines.join("\n"),
            });
        }
    }
    sources
}

impl Source {
    /// The path of its module within its crate.
    pub fn module(&self) -> Vec<String> {
        let path = self.path.trim_end_matches(".rs");
        let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
        if module
            .last()
            .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
        {
            module.pop();
        }
        module
    }

    /// The paths within its crate that it names, from the root of the crate on, whether in a `use`
    /// or elsewhere.
    pub fn paths(&self) -> BTreeSet<Vec<String>> {
        let mut found = BTreeSet::new();
        for start in ["crate::", "super::"] {
            for (at, _) in self.text.match_indices(start) {
                let before = self.text[..at].chars().next_back();
                // Not in the middle of a path, of a word, or of `pub(in …)`.
                if before.is_some_and(|char| is_word(char) || char == ':')
                    || self.text[..at].ends_with("pub(in ")
                {
                    continue;
                }
                let mut rest = &self.text[at..];
                let mut base = if start == "crate::" {
                    rest = &rest[start.len()..];
                    Vec::new()
                } else {
                    self.module()
                };
                while let Some(above) = rest.strip_prefix("super::") {
                    base.pop();
                    rest = above;
                }
                expand(&base, rest, &mut found);
            }
        }
        found
    }
}

/// Adds the paths of the tree that `text` begins with, each below `base`.
fn expand(base: &[String], text: &str, found: &mut BTreeSet<Vec<String>>) {
    let text = text.trim_start();
    if let Some(list) = text.strip_prefix('{') {
        let (mut depth, mut from) = (0, 0);
        for (at, char) in list.char_indices() {
            match char {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    expand(base, &list[from..at], found);
                    from = at + 1;
                    if char == '}' {
                        return;
                    }
                }
                _ => {}
            }
        }
        return;
    }
    let end = text.find(|char| !is_word(char)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let mut path = base.to_vec();
    if !name.is_empty() && name != "self" {
        path.push(name.to_owned());
    }
    let below = rest.strip_prefix("::").map(str::trim_start);
    match below {
        // Not the types of a generic item.
        Some(below) if !below.starts_with('<') => expand(&path, below, found),
        None if name.is_empty() && !rest.starts_with('*') => {}
        _ => {
            found.insert(path);
        }
    }
}

/// Whether a character may stand in a name.
pub fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[test]
fn paths_are_found_in_lists_and_from_any_module() {
    let source = Source {
        krate: "x".to_owned(),
        path: "a/b.rs".to_owned(),
        text: "use crate::{c::{self, D}, e::F as G};\nuse super::h::*;\n\
               fn f(i: super::super::j::K) -> $crate::l { crate::m::n::<O>() }"
            .to_owned(),
    };
    let found: Vec<String> = source.paths().iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["a::h", "c", "c::D", "e::F", "j::K", "l", "m::n"]);
}

/// A break that is for a line which has changed since would be found when somebody runs them all.
#[test]
fn every_deliberate_break_still_finds_the_line_it_is_for() {
    let output = Command::new(top().join("tests/broken.sh"))
        .arg("--lines")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}
