//! The programs in the README are those that are compiled and run here, line for line.

const README: &str = include_str!("../../../README.md");

const HOST: &str = include_str!("../../hosts/count_vowels.rs");
const PLUG_IN: &str = include_str!("../../guests/rust/count_vowels/src/lib.rs");
const ANSWER: &str = include_str!("../../hosts/count_vowels/expected.txt");

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let starts = README.match_indices(&fence).map(|(start, _)| start + fence.len());
    starts
        .map(|start| {
            let block = &README[start..];
            &block[..block.find("```").expect("every fence is closed")]
        })
        .collect()
}

/// The source without what only its compiler and its readers in the repository need.
fn program(source: &str) -> String {
    let kept = |line: &&str| !line.starts_with("//") && !line.starts_with("#![");
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines: Vec<_> = code.lines().filter(kept).collect();
    format!("{}\n", lines.join("\n").trim())
}

#[test]
fn the_programs_of_the_readme_are_the_ones_that_run() {
    assert_eq!(blocks("rust"), [program(PLUG_IN), program(HOST)]);
}

#[test]
fn the_readme_shows_what_the_host_prints() {
    assert!(blocks("text").contains(&ANSWER), "{ANSWER}");
}
