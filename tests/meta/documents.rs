//! The documents: their commands run, and the files and tests that they name exist.

pub(crate) mod commands;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use crate::sources::{crates, files, top};

/// The documents at the top and in `docs`, each with its path.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths = files(&top().join("docs"), "md");
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        paths.push(top().join(name));
    }
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a document");
        (path, text)
    };
    let documents: Vec<_> = paths.into_iter().map(read).collect();
    assert!(documents.len() >= 20, "{}", documents.len());
    documents
}

/// A document without its blocks of commands and of code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

#[test]
fn the_documents_name_only_files_that_exist() {
    for (path, text) in documents() {
        for quoted in prose(&text).split('`').skip(1).step_by(2) {
            let is_path = quoted.contains('/')
                && quoted.contains('.')
                && !quoted.contains([' ', '$', '<', '*', '{', '~']);
            if is_path && !quoted.starts_with('/') {
                let name = path.display();
                assert!(top().join(quoted).exists(), "{name} names {quoted}");
            }
        }
    }
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
            title
                .chars()
                .filter(kept)
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

#[test]
fn the_links_of_the_documents_lead_somewhere() {
    let mut followed = 0;
    for (path, text) in documents() {
        for part in prose(&text).split("](").skip(1) {
            let (target, _) = part.split_once(')').expect("the end of a link");
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let to = match file {
                "" => path.clone(),
                file => path.parent().expect("a directory").join(file),
            };
            let at = format!("{} links to {target}", path.display());
            assert!(to.exists(), "{at}");
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&to).expect("a document");
                assert!(anchors(&text).contains(anchor), "{at}");
            }
            followed += 1;
        }
    }
    assert!(followed > 100, "{followed}");
}

#[test]
fn every_test_that_the_security_page_names_exists() {
    let sources: String = ["tests", "crates"]
        .iter()
        .flat_map(|directory| files(&top().join(directory), "rs"))
        .map(|path| std::fs::read_to_string(path).expect("a source"))
        .collect();
    let security = include_str!("../../docs/security.md");
    let mut named = 0;
    for quoted in security.split('`').skip(1).step_by(2) {
        let is_test = quoted.matches('_').count() >= 3
            && quoted
                .bytes()
                .all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if is_test {
            named += 1;
            assert!(sources.contains(&format!("fn {quoted}(")), "{quoted}");
        }
    }
    assert!(named > 5, "{named}");
}

/// In the lists of claims on the security page each claim names a test, or says why there is none.
#[test]
fn every_claim_of_the_security_page_names_a_test_or_says_that_there_is_none() {
    let security = include_str!("../../docs/security.md");
    let mut claims = 0;
    for paragraph in security.split("\n\n") {
        let text = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let items: Vec<&str> = text.split("* **").skip(1).collect();
        if !items.iter().any(|item| item.contains("Shown by")) {
            continue;
        }
        for item in items {
            claims += 1;
            let shown = item.split_once("Shown by").map_or("", |(_, shown)| shown);
            let mut named = shown.split('`').skip(1).step_by(2);
            let has_test = named.any(|name| name.contains('_'));
            assert!(has_test || item.contains("No test: "), "{item}");
        }
    }
    assert!(claims >= 50, "{claims}");
}

/// Columns at which comments and documents wrap.
const COLUMNS: usize = 100;
/// Most lines of comments and of documents that may be longer, in a hundred.
const MAX_LONG_PERCENT: usize = 2;

/// Comments in Rust, and the text of documents: not their tables and code, which do not wrap.
/// `cargo test` asks rustdoc for none: it would be asked of each crate, at every run.
#[test]
fn no_comment_has_an_example_that_nothing_runs() {
    for (name, directory) in crates() {
        for path in files(&directory, "rs") {
            let text = std::fs::read_to_string(&path).expect("to read");
            let comments = text
                .lines()
                .map(str::trim_start)
                .filter(|line| line.starts_with("///") || line.starts_with("//!"));
            let fences: Vec<&str> = comments
                .filter_map(|line| line.split_once("```"))
                .map(|(_, language)| language)
                .collect();
            for opening in fences.iter().step_by(2) {
                assert_eq!(*opening, "text", "{name}: {}", path.display());
            }
        }
    }
}

#[test]
fn comments_and_documents_wrap() {
    let mut lines = 0;
    let mut long: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |path: &std::path::Path, line: &str| {
        lines += 1;
        if line.chars().count() > COLUMNS {
            *long.entry(path.display().to_string()).or_default() += 1;
        }
    };
    for path in files(&top(), "rs") {
        let text = std::fs::read_to_string(&path).expect("a source");
        for line in text
            .lines()
            .filter(|line| line.trim_start().starts_with("//"))
        {
            count(&path, line);
        }
    }
    for path in files(&top(), "md") {
        let text = std::fs::read_to_string(&path).expect("a document");
        let mut in_code = false;
        for line in text.lines() {
            in_code ^= line.trim_start().starts_with("```");
            if !in_code && !line.is_empty() && !line.starts_with('|') {
                count(&path, line);
            }
        }
    }
    let sum: usize = long.values().sum();
    assert!(lines > 5_000, "{lines}");
    assert!(
        sum * 100 <= lines * MAX_LONG_PERCENT,
        "{sum} of {lines}: {long:#?}"
    );
}
