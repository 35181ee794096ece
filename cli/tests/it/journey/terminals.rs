//! What a newcomer does at terminals: following the advice of `new`; and, with one terminal for a server and
//! another for `watch`, changing the source and seeing the new answer in both places.

use std::{path::Path, process::Command};

use super::{Project, Row};
use crate::{
    command::Folder,
    terminal::pty::{self, Terminal},
    tools,
};

/// Does what `new` says to do next, and sees what must be told on the way: while the source is compiled, by
/// the cases, and by the plug-in.
pub(super) fn follow_advice(project: &Project, [progress, passed, answer]: [&str; 3]) {
    // What it installs is there already.
    let lines: Vec<_> =
        project.next.iter().filter(|line| *line != "npm install").cloned().collect();
    let [to_folder, build, ..] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(*to_folder, format!("cd {}", project.name));
    assert_eq!(build, "plugsmith build");
    let mut terminal = project.terminal(&project.folder.path(""), &lines.join(" && "));
    let told = terminal.wait_for("Built");
    assert!(told.contains(progress), "{told}");
    terminal.wait_for("plugin.wasm");
    terminal.wait_for(passed);
    terminal.wait_for(answer);
    assert_eq!(terminal.finish(), Some(0), "{}", terminal.shown());
}

#[test]
fn each_example_does_what_it_says() {
    let refused = Folder::new().run(&["new", "x", "--example", "none", "--json"]).error();
    let refusal = refused["message"].to_string();
    let (_, names) = refusal.split_once("possible values: ").expect("it says what there is");
    let rows = [
        ("discount", "\"discount_percent\""),
        ("webhook-orders", "**** **** **** 1234"),
        ("notes-search", "notes"),
        ("site-contents", "- [Two](#two)"),
    ];
    let names: Vec<_> = names.split(']').next().unwrap_or_default().split(", ").collect();
    assert_eq!(names, rows.map(|(name, _)| name));
    if !tools::has_rust() {
        return;
    }
    for (name, answer) in rows {
        let project = Project::new(["--example", name], tools::provide);
        let progress = format!("{} v0.1.0", project.name);
        follow_advice(&project, [&progress, "4 passed; 0 failed", answer]);
    }
}

/// Serves the plug-in, changes its source under `watch`, and asks both before and after.
pub(super) fn serve_and_change(project: &Project, row: &Row) {
    if tools::is_skipped("curl") {
        return;
    }
    let folder = project.path("");
    let mut server = project.terminal(&folder, "exec plugsmith serve . --port 0 --watch");
    server.wait_for("Serving plugin.wasm at ");
    let url = server.wait_for("\r\n") + "/greet";
    assert_eq!(ask(&url), "Hello, Ada!");

    let mut watch = project.terminal(&folder, "exec plugsmith watch . greet --input Ada");
    watch.wait_for("Hello, Ada!");
    watch.wait_for("waiting for a change");
    project.edit(row.source, |source| source.replace("Hello", "Howdy"));
    watch.wait_for("Howdy, Ada!");
    watch.wait_for("waiting for a change");
    // It may be that the build before came to other bytes, and was served, too.
    while ask(&url) != "Howdy, Ada!" {
        server.wait_for("serving a new version of the plug-in");
    }

    assert_eq!(watch.interrupt(), Some(130), "{}", watch.shown());
    assert_eq!(server.interrupt(), Some(0), "{}", server.shown());
    // What compilers write was taken for no change.
    for answer in ["Hello, Ada!", "Howdy, Ada!"] {
        assert_eq!(watch.shown().matches(answer).count(), 1, "{}", watch.shown());
    }
    assert!(!server.shown().contains("refused"), "{}", server.shown());
}

/// Asks a server as people do.
fn ask(url: &str) -> String {
    // Whatever the person has configured for other servers does not matter to this one.
    let options = ["--disable", "--noproxy", "*", "--silent", "--show-error", "--fail"];
    let output = Command::new("curl").args(options).args(["--data", "Ada", url]).output();
    let output =
        output.expect("there is `curl`, or else `cargo xtask test` says that it is skipped");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("the answer is text")
}

impl Project {
    /// Runs a line at a terminal, in a folder.
    fn terminal(&self, folder: &Path, line: &str) -> Terminal {
        let mut command = pty::command(&self.folder, line);
        command.current_dir(folder);
        (self.provide)(&mut command);
        Terminal::start(command)
    }
}
