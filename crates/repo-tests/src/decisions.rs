//! `docs/decisions` can be read as a list: its index has every page, and a page names files that exist.

use crate::sources;
use std::{collections::BTreeSet, fs};

const FOLDER: &str = "docs/decisions";
/// What a status begins with; the newer page is linked.
const STATES: &[&str] = &["in force", "amended by [", "superseded by ["];

fn read(name: &str) -> String {
    fs::read_to_string(sources::path(FOLDER).join(name)).expect(name)
}

/// The names of the pages, without the index.
fn pages() -> BTreeSet<String> {
    let folder = fs::read_dir(sources::path(FOLDER)).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "README.md").collect()
}

/// The text and the address of every link.
fn links(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = text.split("](").zip(text.split("](").skip(1));
    pairs.map(|(before, after)| {
        let words = before.rsplit_once('[').map_or(before, |(_, words)| words);
        (words, after.split(')').next().unwrap_or_default())
    })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_page_says_when_whether_it_holds_and_which_files_it_is_about() {
    for name in pages() {
        let page = read(&name);
        let paragraphs: Vec<_> = page.split("\n\n").collect();
        assert!(paragraphs.len() >= 3, "{name}: title, date line, text");
        let line = one_line(paragraphs[1]);
        let [date, status, files] = line.split(" · ").collect::<Vec<_>>()[..] else {
            panic!("{name}: `date · status · files` is to stand below the title");
        };
        assert!(name.starts_with(date), "{name} is of {date}");
        let known = STATES.iter().any(|state| status.starts_with(state));
        assert!(known, "{name} is {status:?}, not one of {STATES:?}");
        for (_, newer) in links(status) {
            assert!(pages().contains(newer), "{name} links to {newer}");
        }
        for path in files.split(", ").map(|path| path.trim_matches('`')) {
            assert!(
                sources::path(path).exists(),
                "{name} names {path}, which is gone"
            );
        }
        let longest = page.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(120), "{name} has a line of {longest:?}");
    }
}

#[test]
fn the_index_has_every_page_under_its_title_newest_first() {
    let index = one_line(&read("README.md"));
    // Status lines of the index link to newer pages; entries begin with "- ".
    let entries = index.split(" - [").skip(1);
    let entries: Vec<_> = entries
        .filter_map(|entry| entry.split_once("](")?.1.split_once(')'))
        .map(|(address, _)| address.to_owned())
        .collect();
    let listed: BTreeSet<_> = entries.iter().cloned().collect();
    assert_eq!(listed, pages(), "docs/decisions/README.md is the index");
    assert_eq!(listed.len(), entries.len(), "a page is listed twice");
    assert!(entries.is_sorted_by(|newer, older| newer[..10] >= older[..10]));
    for name in entries {
        let page = read(&name);
        let title = page.lines().next().unwrap().trim_start_matches("# ");
        assert!(
            index.contains(&format!("[{title}]({name})")),
            "{name}: {title}"
        );
    }
}
