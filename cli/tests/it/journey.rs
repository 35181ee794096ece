//! A newcomer's first hour, in every language, and with every example: `new`, `build`, `test`, `call`; a case that does not hold; a
//! server that is asked by `curl`, and reloads what `watch` builds of a changed source; a mistake in the
//! source. What a person does at a terminal is done at one (`journey/terminals.rs`).

#[cfg(target_os = "linux")]
mod terminals;

use std::{fs, path::PathBuf, process::Command};

use serde_json::json;

use crate::{
    command::{Folder, Ran, finish},
    tools,
};

/// What is particular to a language.
struct Row {
    lang: &'static str,
    flags: &'static [&'static str],
    /// The source, and what is told while it is compiled.
    source: &'static str,
    progress: &'static str,
    /// What breaks the source.
    mistake: &'static str,
    /// A word of the compiler's, about the mistake.
    word: &'static str,
}

/// A project, and a folder around it.
struct Project {
    folder: Folder,
    /// Those in Rust share a target folder, where two of one name would have one file for what they are
    /// compiled to: no two of them have the same.
    name: String,
    provide: fn(&mut Command),
    /// What to do next, as `new` says.
    next: Vec<String>,
}

impl Project {
    /// Makes a project by an option of `new`, named after what it says.
    fn new([option, what]: [&str; 2], provide: fn(&mut Command)) -> Self {
        let folder = Folder::new();
        let name = format!("{what}-1");
        let pdk = tools::checkout("pdk");
        let pdk = pdk.to_str().expect("the checkout's path is text");
        let ran = folder.run(&["new", &name, option, what, "--pdk", pdk]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:#?}");
        assert!(ran.stdout.starts_with(&format!("Created `{name}`, a")), "{ran:#?}");
        let (_, next) = ran.stdout.split_once("\nNext:\n").expect("it says what to do next");
        let next = next.lines().map(|line| line.trim().to_owned()).collect();
        let project = Self { folder, name, provide, next };
        if project.path("Cargo.toml").is_file() {
            // The versions that are there without a network.
            let lock = fs::read(tools::checkout("Cargo.lock")).expect("the checkout has a lock");
            fs::write(project.path("Cargo.lock"), lock).expect("the folder is ours");
        }
        project
    }

    /// Runs the command in the project's folder.
    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.folder.command(arguments);
        command.current_dir(self.path(""));
        (self.provide)(&mut command);
        finish(&mut command, "")
    }

    fn append(&self, name: &str, text: &str) {
        self.edit(name, |before| before + text);
    }

    /// Changes a file as editors do that write carefully: in one step, however busy the machine is.
    fn edit(&self, name: &str, change: impl FnOnce(String) -> String) {
        let path = self.path(name);
        let before = fs::read_to_string(&path).expect("the file is there");
        self.folder.write("edited", change(before));
        fs::rename(self.folder.path("edited"), path).expect("the folder is ours");
    }

    /// Where the project has this file.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path(&self.name).join(name)
    }
}

fn travel(row: &Row, provide: fn(&mut Command)) {
    let project = Project::new(["--lang", row.lang], provide);
    #[cfg(target_os = "linux")]
    terminals::follow_advice(&project, [row.progress, "5 passed; 0 failed", "Hello, Ada!"]);

    let built = project.run(&["build", "--json"]);
    assert_eq!(built.status, 0, "{built:#?}");
    assert_eq!(built.json()["lang"], json!(row.lang));
    assert!(built.json()["bytes"].as_u64().expect("it has a size") > 1_000, "{built:#?}");

    let tested = project.run(&["test", "--no-build"]);
    assert_eq!(tested.status, 0, "{tested:#?}");
    assert!(tested.stdout.contains("5 passed; 0 failed; 0 filtered out"), "{tested:#?}");

    let call = ["call", "plugin.wasm", "greet", "--input", "Ada"];
    let called = project.run(&[&call, row.flags].concat());
    assert_eq!((called.status, called.stdout.as_str()), (0, "Hello, Ada!"), "{called:#?}");

    project
        .append("cases.toml", "\n[[case]]\nname = \"wrong\"\nexport = \"count\"\noutput = \"3\"\n");
    let tested = project.run(&["test", "--no-build"]);
    assert_eq!(tested.status, 8, "{tested:#?}");
    assert!(tested.stdout.contains("-3\n+{\"words\":0,\"bytes\":0}"), "{tested:#?}");

    #[cfg(target_os = "linux")]
    terminals::serve_and_change(&project, row);

    project.append(row.source, row.mistake);
    for command in ["build", "test"] {
        let refused = project.run(&[command]);
        assert_eq!((refused.status, refused.stdout.as_str()), (7, ""), "{refused:#?}");
        assert!(refused.stderr.contains(row.word), "{refused:#?}");
    }
    let refused = project.run(&["build", "--json"]).error();
    let causes = refused["causes"].to_string();
    assert!(refused["kind"] == "build" && causes.contains(row.word), "{refused:#?}");
}

#[test]
fn rust_from_nothing_to_a_call() {
    let row = Row {
        lang: "rust",
        flags: &[],
        source: "src/lib.rs",
        progress: "rust-1 v0.1.0",
        mistake: "\npub fn broken() -> u8 { \"\" }\n",
        word: "mismatched types",
    };
    if tools::has_rust() {
        travel(&row, tools::provide);
    }
}

const C: Row = Row {
    lang: "c",
    flags: &[],
    source: "plugin.c",
    progress: "plugin.c",
    mistake: "\nint broken = ;\n",
    word: "expected expression",
};

#[test]
fn c_from_nothing_to_a_call() {
    if !tools::is_skipped("c") {
        travel(&C, tools::provide);
    }
}

#[test]
fn c_without_clang_makes_do_with_zig() {
    if !tools::is_skipped("zig") {
        travel(&C, tools::provide_zig_alone);
    }
}

#[test]
fn zig_from_nothing_to_a_call() {
    let row = Row {
        lang: "zig",
        flags: &[],
        source: "src/plugin.zig",
        progress: "src/plugin.zig",
        mistake: "\nexport fn broken() i32 { return \"\"; }\n",
        word: "expected type 'i32'",
    };
    if !tools::is_skipped("zig") {
        travel(&row, tools::provide);
    }
}

#[test]
fn assemblyscript_from_nothing_to_a_call() {
    let row = Row {
        lang: "assemblyscript",
        flags: &[],
        source: "assembly/index.ts",
        progress: "assembly/index.ts",
        mistake: "\nexport function broken(): i32 { return \"\"; }\n",
        word: "is not assignable to type 'i32'",
    };
    if !tools::is_skipped("assemblyscript") {
        travel(&row, tools::provide);
    }
}

#[test]
fn go_from_nothing_to_a_call() {
    let row = Row {
        lang: "go",
        flags: &["--wasi"],
        source: "main.go",
        progress: "go build",
        mistake: "\nfunc broken() int { return \"\" }\n",
        word: "cannot use",
    };
    if !tools::is_skipped("go") {
        travel(&row, tools::provide);
    }
}

#[test]
fn webassembly_text_from_nothing_to_a_call() {
    let row = Row {
        lang: "wat",
        flags: &[],
        source: "plugin.wat",
        progress: "",
        mistake: "\n(func)\n",
        word: "extra tokens remaining",
    };
    // No compiler, not even a folder where one could be.
    travel(&row, |command| {
        command.env("PATH", "");
    });
}

#[test]
fn compilers_use_colour_where_it_is_wanted() {
    if tools::is_skipped("c") {
        return;
    }
    let project = Project::new(["--lang", "c"], tools::provide);
    project.append(C.source, C.mistake);
    for (when, has_colour) in [("always", true), ("never", false), ("auto", false)] {
        let ran = project.run(&["build", "--color", when]);
        let line = ran.stderr.lines().find(|line| line.contains(C.word)).expect("it is told");
        assert_eq!(line.contains("\u{1b}["), has_colour, "{when}: {line}");
    }
}

#[test]
fn c_and_zig_have_a_form_for_debuggers() {
    for lang in ["c", "zig"] {
        if tools::is_skipped(lang) {
            continue;
        }
        let project = Project::new(["--lang", lang], tools::provide);
        let len = |flag| project.run(&["build", flag, "--json"]).json()["bytes"].as_u64();
        let (release, debug) = (len("--release"), len("--debug"));
        assert!(release.is_some() && debug > release, "{lang}: {release:?} {debug:?}");
        let tested = project.run(&["test", "--debug"]);
        assert_eq!(tested.status, 0, "{tested:#?}");
    }
}
