//! What chapters include of other files, as mdBook does: whole files, lines, or what lies between anchors.

use std::fs;

use plugsmith_guide::{Chapter, folder};

/// What a chapter includes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Include<'a> {
    /// The file, from the folder of the chapters.
    pub(crate) path: &'a str,
    part: Part<'a>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Whole,
    /// The first line and the last, counted from 1.
    Lines(usize, usize),
    Anchor(&'a str),
}

impl<'a> Include<'a> {
    /// Reads an include that is a line by itself.
    pub(crate) fn parse(line: &'a str) -> Option<Self> {
        let target = line.trim_end().strip_prefix("{{#include ")?.strip_suffix("}}")?;
        let parts: Vec<_> = target.split(':').collect();
        Some(match parts[..] {
            [path] => Self { path, part: Part::Whole },
            [path, anchor] => Self { path, part: Part::Anchor(anchor) },
            [path, first, last] => {
                Self { path, part: Part::Lines(first.parse().ok()?, last.parse().ok()?) }
            }
            _ => return None,
        })
    }

    /// Returns what it includes.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        let path = folder().join("src").join(self.path);
        let text = fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", self.path));
        let lines: Vec<&str> = text.lines().collect();
        let lines: Vec<&str> = match self.part {
            Part::Whole => lines,
            Part::Lines(first, last) => self.paragraphs(&lines, first, last),
            Part::Anchor(anchor) => {
                let place = |kind: &str| {
                    let mark = format!("{kind}: {anchor} -->");
                    let found = lines.iter().position(|line| line.ends_with(&mark));
                    found.unwrap_or_else(|| panic!("{} has no `{kind}: {anchor}`", self.path))
                };
                lines[place("ANCHOR") + 1..place("ANCHOR_END")].to_vec()
            }
        };
        lines.into_iter().flat_map(|line| [line, "\n"]).collect()
    }

    /// Lines by their numbers, which are those of whole paragraphs with whole pairs of braces: nothing else
    /// would be left of them when the file has changed.
    #[track_caller]
    fn paragraphs<'l>(&self, lines: &[&'l str], first: usize, last: usize) -> Vec<&'l str> {
        let is_blank = |number: usize| lines.get(number - 1).is_none_or(|line| line.is_empty());
        let part = lines[first - 1..last].to_vec();
        let count = |brace| part.iter().map(|line| line.matches(brace).count()).sum::<usize>();
        assert!(first == 1 || is_blank(first - 1), "{}: line {first} begins nothing", self.path);
        assert!(is_blank(last + 1) && !is_blank(last), "{}: line {last} ends nothing", self.path);
        assert_eq!(count('{'), count('}'), "{}:{first}:{last}: half of something", self.path);
        part
    }
}

/// Returns a chapter's text with all that it includes.
#[track_caller]
pub(crate) fn expanded(chapter: &Chapter) -> String {
    let lines = chapter.text.split_inclusive('\n');
    lines
        .map(|line| Include::parse(line).map_or_else(|| line.to_owned(), |include| include.text()))
        .collect()
}

#[test]
fn what_is_included_is_there() {
    for chapter in Chapter::all() {
        let text = expanded(&chapter);
        assert!(!text.contains("{{#"), "{}: an include is not a line by itself", chapter.name);
        assert!(!text.contains("ANCHOR"), "{}: anchors within anchors", chapter.name);
    }
}

#[test]
fn includes_are_read_as_they_are_written() {
    let include = |path, part| Some(Include { path, part });
    let rows = [
        ("{{#include a.rs}}\n", include("a.rs", Part::Whole)),
        ("{{#include ../a.md:part}}", include("../a.md", Part::Anchor("part"))),
        ("{{#include a.c:7:28}}", include("a.c", Part::Lines(7, 28))),
        ("{{#include a.c:7:x}}", None),
        ("see {{#include a.c}}", None),
    ];
    for (line, expected) in rows {
        assert_eq!(Include::parse(line), expected, "{line}");
    }
}
