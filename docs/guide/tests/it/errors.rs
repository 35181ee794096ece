//! The chapter on errors against the sources: each case of each public error has a row that says what the
//! case says, the command's statuses are those that it ends with, and the macros say nothing else.

mod source;

use std::fs;

use plugsmith_guide::{Chapter, repository};

use self::source::{Case, cases};

/// The public errors, and where they are.
const ERRORS: [(&str, &str); 21] = [
    ("LoadError", "runtime/src/error.rs"),
    ("Mistake", "manifest/src/error.rs"),
    ("CallError", "runtime/src/error.rs"),
    ("Trap", "runtime/src/outcome.rs"),
    ("HostError", "runtime/src/host.rs"),
    ("HttpError", "runtime/src/host/http/error.rs"),
    ("EncodeError", "convert/src/encode.rs"),
    ("DecodeError", "convert/src/decode.rs"),
    ("CacheError", "runtime/src/cache/folder.rs"),
    ("ConfigError", "runtime/src/cache/choice.rs"),
    ("ArtifactError", "runtime/src/artifact.rs"),
    ("KeyFileError", "runtime/src/artifact_key.rs"),
    ("VerifyError", "signature/src/verify.rs"),
    ("ModuleError", "signature/src/module.rs"),
    ("FormatError", "signature/src/signature_data.rs"),
    ("SignError", "signature/src/sign.rs"),
    ("KeyError", "signature/src/key_file.rs"),
    ("KeyMistake", "signature/src/key.rs"),
    ("WatchError", "runtime/src/watch.rs"),
    ("LogCallbackError", "runtime/src/log_callback.rs"),
    ("MemoryError", "pdk/src/memory.rs"),
];

#[test]
fn every_case_of_every_error_has_its_row() {
    let chapter = Chapter::read("errors.md");
    for (name, path) in ERRORS {
        let source = read(path);
        let rows = rows(section(&chapter.text, &format!("### `{name}`")));
        assert_eq!(told(&rows), cases(&source, name), "`{name}` of {path}");
        assert_advice(&rows, 2);
    }
}

#[test]
fn no_public_error_is_left_out() {
    let mut found: Vec<String> = ["runtime", "manifest", "convert", "pdk", "signature"]
        .iter()
        .flat_map(|package| source::public_errors(&repository(package).join("src")))
        .collect();
    found.sort();
    // `Mistake`, `KeyMistake` and `Trap` are no errors by themselves, but parts of one.
    let mut known: Vec<_> = ERRORS.iter().map(|(name, _)| (*name).to_owned()).collect();
    known.retain(|name| name.ends_with("Error"));
    known.sort();
    assert_eq!(found, known);
}

#[test]
fn what_registries_do_has_its_rows() {
    let chapter = Chapter::read("errors.md");
    for (heading, name, path) in [
        ("## What registries do", "RegistryError", "cli/src/registry/error.rs"),
        (
            "### Credentials that cannot be read",
            "CredentialsError",
            "cli/src/registry/credentials.rs",
        ),
    ] {
        let rows = rows(section(&chapter.text, heading));
        assert_eq!(told(&rows), cases(&read(path), name), "`{name}` of {path}");
        assert_advice(&rows, 2);
    }
}

#[test]
fn the_statuses_are_those_that_the_command_ends_with() {
    let chapter = Chapter::read("errors.md");
    let rows = rows(section(&chapter.text, "## The command's statuses"));
    let told: Vec<_> = rows.iter().map(|row| row[..3].join(" | ")).collect();
    assert_eq!(told, source::statuses(&read("cli/src/exit.rs")));
    assert_advice(&rows[1..], 3);
}

#[test]
fn what_a_server_answers_is_what_it_refuses() {
    let chapter = Chapter::read("errors.md");
    let rows = rows(section(&chapter.text, "## What `plugsmith serve` answers"));
    let mut told: Vec<_> = rows.iter().map(|row| format!("{} {}", row[0], plain(row[1]))).collect();
    told.sort();
    let mut expected = source::served(&read("cli/src/serve/plugins.rs"));
    expected.extend(source::served(&read("serve/src/refusal.rs")));
    expected.extend(source::served(&read("serve/src/http/head.rs")));
    expected.sort();
    expected.dedup();
    assert_eq!(told, expected);
    assert_advice(&rows, 3);
}

#[test]
fn the_macros_say_what_the_chapter_says() {
    // What the compiler and the parser say themselves.
    const OF_OTHERS: [&str; 3] = [
        "`...` is not supported for non-extern functions",
        "expected identifier",
        "expected attribute arguments in parentheses: #[encoding(...)]",
    ];
    let chapter = Chapter::read("errors.md");
    let rows = rows(section(&chapter.text, "## What the macros say"));
    let told: Vec<_> = rows.iter().map(|row| plain(row[0])).collect();
    let folder = repository("pdk-macros/tests/ui/fail");
    let files = fs::read_dir(folder).expect("there are programs that do not compile");
    let mut is_met = vec![false; told.len()];
    for file in files.map(|file| file.expect("the folder can be read").path()) {
        if file.extension().is_none_or(|extension| extension != "stderr") {
            continue;
        }
        let text = fs::read_to_string(&file).expect("what the compiler says is text");
        let messages = text.lines().filter_map(|line| line.strip_prefix("error: "));
        for message in messages.filter(|message| !OF_OTHERS.contains(message)) {
            let row_idx = told.iter().position(|told| is_of(message, told));
            is_met[row_idx.unwrap_or_else(|| panic!("no row says: {message}"))] = true;
        }
    }
    let never: Vec<_> = told.iter().zip(&is_met).filter(|(_, is_met)| !**is_met).collect();
    assert!(never.is_empty(), "no macro says: {never:?}");
    assert_advice(&rows, 1);
}

fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|err| panic!("{path}: {err}"))
}

/// The part of a chapter below a heading, up to the next of any kind.
#[track_caller]
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let start = text.find(&format!("\n{heading}\n"));
    let start = start.unwrap_or_else(|| panic!("no heading `{heading}`")) + heading.len() + 2;
    let section = &text[start..];
    &section[..section.find("\n#").unwrap_or(section.len())]
}

/// The cells of the rows of a table, but for its head.
fn rows(section: &str) -> Vec<Vec<&str>> {
    let lines = section.lines().filter(|line| line.starts_with('|')).skip(2);
    lines
        .map(|line| {
            let line = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
            line.expect("a row ends with a bar").split('|').map(str::trim).collect()
        })
        .collect()
}

/// The cases that a table has, in its first two columns.
fn told(rows: &[Vec<&str>]) -> Vec<Case> {
    let name = |row: &Vec<&str>| row[0].trim_matches('`').to_owned();
    rows.iter().map(|row| Case { name: name(row), message: plain(row[1]) }).collect()
}

/// A message without what makes it code in Markdown.
fn plain(cell: &str) -> String {
    match cell.strip_prefix("`` ").and_then(|cell| cell.strip_suffix(" ``")) {
        Some(code) => code.to_owned(),
        None => cell.trim_matches('`').to_owned(),
    }
}

/// Every row says what to do.
#[track_caller]
fn assert_advice(rows: &[Vec<&str>], column: usize) {
    for row in rows {
        assert_eq!(row.len(), column + 1, "{row:?}");
        assert!(row[column].len() > 10 && row[column].ends_with('.'), "no advice: {row:?}");
    }
}

/// Says whether a message is one of this form, in which `…` stands for anything.
fn is_of(message: &str, form: &str) -> bool {
    match form.split_once('…') {
        None => message == form,
        Some((start, end)) => {
            message.len() >= start.len() + end.len()
                && message.starts_with(start)
                && message.ends_with(end)
        }
    }
}

#[test]
fn forms_stand_for_their_messages() {
    let rows = [
        ("given twice", "given twice", true),
        ("given twice", "given", false),
        ("`a` is taken", "`…` is taken", true),
        ("`` is taken", "`…` is taken", true),
        ("` is taken", "`…` is taken", false),
    ];
    for (message, form, expected) in rows {
        assert_eq!(is_of(message, form), expected, "{message}, {form}");
    }
}
