//! The table of contents and the links between chapters.

use std::collections::BTreeSet;

use plugsmith_guide::{Chapter, folder};

use crate::includes::expanded;

#[test]
fn the_summary_names_each_chapter_once() {
    let summary = std::fs::read_to_string(folder().join("src/SUMMARY.md")).expect("it is there");
    let mut named: Vec<_> = targets(&summary).map(str::to_owned).collect();
    named.sort();
    let chapters: Vec<_> = Chapter::all().into_iter().map(|chapter| chapter.name).collect();
    assert_eq!(named, chapters);
}

#[test]
fn links_lead_to_a_chapter_and_a_heading_of_it() {
    let chapters = Chapter::all();
    for chapter in &chapters {
        // What lies elsewhere is not looked up: tests have no network.
        let text = prose(&expanded(chapter));
        for target in targets(&text).filter(|target| !target.starts_with("https://")) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { chapter.name.as_str() } else { file };
            let found = chapters.iter().find(|chapter| chapter.name == file);
            let found = found.unwrap_or_else(|| panic!("{}: no chapter `{target}`", chapter.name));
            assert!(
                heading.is_empty() || headings(&expanded(found)).contains(heading),
                "{}: no heading `{target}`",
                chapter.name
            );
        }
    }
}

/// The text without code between fences.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// What `](…)` and `]: …` lead to.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let named = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    inline.chain(named.map(|(_, target)| target))
}

/// What mdBook calls the headings in links.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = prose(text);
    let titles = titles.lines().filter(|line| line.starts_with('#'));
    titles.map(|line| slug(line.trim_start_matches('#').trim())).collect()
}

fn slug(title: &str) -> String {
    let kept = title.to_lowercase();
    kept.chars()
        .map(|c| if c.is_whitespace() { '-' } else { c })
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        .collect()
}

#[test]
fn headings_are_called_as_mdbook_calls_them() {
    let rows = [
        ("The command's statuses", "the-commands-statuses"),
        ("`LoadError`", "loaderror"),
        ("Cases, in any language", "cases-in-any-language"),
    ];
    for (title, expected) in rows {
        assert_eq!(slug(title), expected);
    }
}

#[test]
fn links_are_found() {
    let text = "a [b](c.md#d) [e]\n\n[e]: f.md\n";
    assert_eq!(targets(text).collect::<Vec<_>>(), ["c.md#d", "f.md"]);
    assert_eq!(prose("a\n```rs\nb\n```\nc\n"), "a\nc\n");
}
