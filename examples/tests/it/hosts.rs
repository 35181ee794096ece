//! The example hosts as programs: what they print, what they refuse, how they end.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use plugsmith_examples::guest;

const EXPECTED: &str = include_str!("../../hosts/checkout/expected.txt");

fn checkout(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checkout"));
    command.args(arguments).output().expect("the host starts")
}

fn path(name: &str) -> PathBuf {
    guest(name).unwrap_or_else(|err| panic!("{err}"))
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("hosts print text")
}

/// A file of carts for one test.
fn carts(name: &str, lines: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, lines).expect("the folder for tests can be written");
    path
}

#[test]
fn checkout_reports_on_the_shipped_carts() {
    let output = checkout(&["--plugin", &path("discount").to_string_lossy()]);
    assert_eq!(text(&output.stdout), EXPECTED, "{}", text(&output.stderr));
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[test]
fn checkout_survives_a_file_without_a_single_cart() {
    let carts = carts("no_carts.jsonl", "\nnot a cart\n{}");
    let output = checkout(&[
        "--carts",
        &carts.to_string_lossy(),
        "--plugin",
        &path("discount").to_string_lossy(),
    ]);
    let printed = text(&output.stdout);
    assert!(printed.contains("(0 of 0 carts shown)"), "{printed}");
    assert!(printed.contains("3 bad lines, skipped:\nline     1  empty line\n"), "{printed}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn checkout_says_what_it_cannot_do() {
    let (discount, vowels) = (path("discount"), path("count_vowels"));
    let (discount, vowels) = (discount.to_string_lossy(), vowels.to_string_lossy());
    let carts = carts("text.jsonl", "{}");
    let carts = carts.to_string_lossy();
    let rows: [(&[&str], &str); 6] = [
        (&["--cart", "x"], "no flag `--cart`"),
        (&["--carts"], "`--carts` needs a file"),
        (&["--carts", "nowhere.jsonl", "--plugin", &discount], "opening the carts `nowhere.jsonl`"),
        (&["--plugin", "nowhere.wasm"], "nowhere.wasm"),
        (&["--plugin", &carts], "module"),
        (&["--plugin", &vowels], "exports no `before_checkout`"),
    ];
    for (arguments, words) in rows {
        let output = checkout(arguments);
        let printed = text(&output.stderr);
        assert!(printed.starts_with("error: ") && printed.contains(words), "{words}: {printed}");
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{words}");
    }
}

#[test]
fn checkout_prints_help() {
    let output = checkout(&["--help"]);
    assert!(text(&output.stdout).contains("Usage: checkout [--carts FILE] [--plugin FILE]"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn count_vowels_prints_the_answer() {
    let folder = path("count_vowels");
    let mut command = Command::new(env!("CARGO_BIN_EXE_count_vowels"));
    let folder = folder.parent().expect("a file lies in a folder");
    let output = command.current_dir(folder).output().expect("the host starts");
    let expected = include_str!("../../hosts/count_vowels/expected.txt");
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
}
