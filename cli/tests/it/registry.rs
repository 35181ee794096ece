//! `plugsmith push`, `pull` and `run`, with a registry of the tests' own, hostile ones, and a real one.

mod access;
mod hostile;
mod real;
mod server;

use std::{fs, process::Command};

use serde_json::{Value, json};

use self::server::{Door, Server, digest};
#[cfg(target_os = "linux")]
use crate::terminal::at_terminal;
use crate::{
    command::{Folder, Ran, finish},
    guests::ECHO,
};

/// A folder with a plug-in, and a registry.
struct Scene {
    folder: Folder,
    server: Server,
}

impl Scene {
    fn new(door: Door) -> Self {
        let folder = Folder::with(&[("echo.wat", ECHO), ("docker/config.json", "{}")]);
        Self { folder, server: Server::start(door) }
    }

    /// Returns a reference to the plug-in with this behind the repository's name.
    fn reference(&self, rest: &str) -> String {
        format!("{}/tests{rest}", self.server.name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        finish(&mut self.command(arguments), "")
    }

    /// Returns the command, whose user has no credentials but those in the folder `docker`.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.folder.command(arguments);
        command.env("DOCKER_CONFIG", self.folder.path("docker"));
        command
    }

    /// Pushes the plug-in under the tag `1`, and returns the reference with its digest.
    #[track_caller]
    fn push(&self) -> String {
        let ran = self.run(&["push", "echo.wat", &self.reference(":1")]);
        assert_eq!(ran.status, 0, "{ran:#?}");
        ran.stdout.trim_end().to_owned()
    }

    /// Returns the names of what is in the store.
    fn stored(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path(".cache/plugsmith/pulled"));
        let names = files.into_iter().flatten().flatten();
        let mut names: Vec<_> =
            names.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn echo_module() -> Vec<u8> {
    wat::parse_str(ECHO).expect("it is WebAssembly text")
}

#[test]
fn a_plugin_goes_to_a_registry_and_comes_back() {
    let scene = Scene::new(Door::Open);
    let pinned = scene.push();
    let manifest = scene.server.manifest("1");
    assert_eq!(pinned, scene.reference(&format!(":1@{}", digest(&manifest))));
    assert_eq!(scene.server.blob(&digest(&echo_module())), echo_module());

    let pulled = scene.run(&["pull", &scene.reference(":1"), "--output", "pulled.wasm"]);
    let expected = Ran { status: 0, stdout: format!("{pinned}\n"), stderr: String::new() };
    assert_eq!(pulled, expected);
    assert_eq!(fs::read(scene.folder.path("pulled.wasm")).unwrap(), echo_module());

    scene.server.take_requests();
    let ran = scene.run(&["run", &pinned, "echo", "--input", "hello"]);
    assert_eq!(ran, Ran { status: 0, stdout: "hello".to_owned(), stderr: String::new() });
    assert!(scene.server.take_requests().is_empty(), "what is there needs no registry");
}

#[cfg(unix)]
#[test]
fn what_a_link_leads_to_is_replaced_and_nothing_but_a_file() {
    let scene = Scene::new(Door::Open);
    let pinned = scene.push();
    scene.folder.write("old.wasm", "old");
    std::os::unix::fs::symlink("old.wasm", scene.folder.path("link.wasm")).unwrap();
    assert_eq!(scene.run(&["pull", &pinned, "--output", "link.wasm"]).status, 0);
    assert!(scene.folder.path("link.wasm").is_symlink());
    assert_eq!(fs::read(scene.folder.path("old.wasm")).unwrap(), echo_module());

    let pipe = scene.folder.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let refused = scene.run(&["pull", &pinned, "--output", "pipe"]);
    assert_eq!(refused.status, 5, "{refused:#?}");
    assert!(refused.stderr.contains("not a regular file"), "{refused:#?}");
    assert!(!fs::symlink_metadata(&pipe).unwrap().is_file());
}

#[cfg(target_os = "linux")]
#[test]
fn a_person_sees_how_far_it_is() {
    let scene = Scene::new(Door::Open);
    let pinned = scene.push();
    let docker = scene.folder.path("docker").display().to_string();
    let pull = format!("pull {pinned}");
    let ran = at_terminal(&scene.folder, &pull, "", &[("DOCKER_CONFIG", &docker)]);
    assert_eq!(ran.status, 0, "{ran:#?}");
    assert!(ran.stdout.contains("Pulling") && ran.stdout.contains(" of "), "{ran:#?}");
    assert!(ran.stdout.trim_end().ends_with(&pinned), "{ran:#?}");
}

#[test]
fn what_is_there_is_not_pushed_again_and_has_the_same_digest() {
    let scene = Scene::new(Door::Open);
    let first = scene.push();
    scene.server.take_requests();
    assert_eq!(scene.push(), first);
    let methods: Vec<_> =
        scene.server.take_requests().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["HEAD", "HEAD", "PUT"]);
}

#[test]
fn annotations_are_those_that_were_given() {
    let scene = Scene::new(Door::Open);
    let reference = scene.reference("");
    let ran = scene.run(&[
        "push",
        "echo.wat",
        &reference,
        "--title",
        "Echo",
        "--plugin-version",
        "1.2",
        "--created",
        "2026-11-21T12:00:00Z",
        "--annotation",
        "org.example.key=a=b",
        "--json",
    ]);
    assert_eq!(ran.status, 0, "{ran:#?}");
    let bytes = scene.server.manifest("latest");
    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
    let expected = json!({
        "org.example.key": "a=b",
        "org.opencontainers.image.created": "2026-11-21T12:00:00Z",
        "org.opencontainers.image.title": "Echo",
        "org.opencontainers.image.version": "1.2",
    });
    assert_eq!(manifest["annotations"], expected);
    let digest = digest(&bytes);
    let expected = json!({
        "reference": format!("{reference}@{digest}"),
        "digest": digest,
        "bytes": echo_module().len(),
    });
    assert_eq!(ran.json(), expected);
    let config = scene.server.blob(manifest["config"]["digest"].as_str().unwrap());
    let config: Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config["created"], json!("2026-11-21T12:00:00Z"));
}

#[test]
fn what_runs_is_pinned() {
    let scene = Scene::new(Door::Open);
    let pinned = scene.push();
    let tagged = scene.reference(":1");
    let ran = scene.run(&["run", &tagged, "echo"]);
    assert_eq!(ran.status, 2, "{ran:#?}");
    assert!(ran.stderr.contains("has no digest") && ran.stderr.contains(&pinned), "{ran:#?}");
    let unknown = scene.run(&["run", &scene.reference(":2"), "echo", "--json"]);
    let help = format!("`plugsmith pull {}` prints it with its digest", scene.reference(":2"));
    assert_eq!(unknown.error()["help"], json!(help));
    assert!(scene.stored().is_empty(), "nothing of it was kept");
}

#[test]
fn run_takes_what_call_takes() {
    let scene = Scene::new(Door::Open);
    let pinned = scene.push();
    let run = |arguments: &[&str]| scene.run(&[&["run", &pinned], arguments].concat());
    let report = run(&["echo", "-i", "hello", "--report", "--json"]).json();
    assert_eq!((&report["output"], &report["report"]["input_bytes"]), (&json!("hello"), &json!(5)));
    let lines = scene.command(&["run", &pinned, "echo", "--jsonl"]);
    let lines = finish(&mut { lines }, "a\nb\n");
    assert_eq!(lines.stdout, "{\"line\":1,\"output\":\"a\"}\n{\"line\":2,\"output\":\"b\"}\n");
    assert_eq!(run(&["spin", "--timeout", "20ms"]).status, 4);
    assert_eq!(run(&["fail", "-i", "no"]).status, 1);
    assert_eq!(run(&["echo", "--manifest"]).status, 2);
    assert_eq!(run(&["echo", "--key", "file"]).status, 2);
}

#[test]
fn what_runs_is_held_to_a_signature() {
    let scene = Scene::new(Door::Open);
    scene.folder.write("echo.wasm", echo_module());
    assert_eq!(scene.run(&["sign", "echo.wasm", "--new-key", "vendor"]).status, 0);
    let unsigned = scene.push();
    let signed = scene.run(&["push", "echo.wasm", &scene.reference(":signed")]).stdout;
    for (reference, status) in [(unsigned.as_str(), 3), (signed.trim_end(), 0)] {
        let verified = ["run", reference, "echo", "-i", "hello", "--verify-key", "vendor.pub"];
        let ran = scene.run(&verified);
        assert_eq!(ran.status, status, "{ran:#?}");
        assert_eq!(ran.stdout, if status == 0 { "hello" } else { "" });
    }
}

#[test]
fn what_is_damaged_in_the_store_is_fetched_anew() {
    let scene = Scene::new(Door::Open);
    let pinned = scene.push();
    assert_eq!(scene.run(&["pull", &pinned]).status, 0);
    let stored = scene.stored();
    assert_eq!(stored.len(), 2);
    for name in &stored {
        let path = scene.folder.path(".cache/plugsmith/pulled").join(name);
        let whole = fs::read(&path).unwrap();
        for damaged in [&whole[1..], &[&whole, &b" "[..]].concat(), b""] {
            fs::write(&path, damaged).unwrap();
            let ran = scene.run(&["run", &pinned, "echo", "-i", "hello"]);
            assert_eq!((ran.status, ran.stdout.as_str()), (0, "hello"), "{ran:#?}");
            assert!(ran.stderr.contains("is damaged, and is fetched anew"), "{ran:#?}");
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
    }
    assert_eq!(scene.stored(), stored);
}

#[test]
fn the_cache_shows_and_forgets_what_was_pulled() {
    let scene = Scene::new(Door::Open);
    let pinned = scene.push();
    scene.run(&["pull", &pinned]);
    let listed = scene.run(&["cache", "list"]).stdout;
    assert!(listed.contains("2 files from registries,"), "{listed}");
    assert!(listed.contains(pinned.split_once('@').unwrap().1), "{listed}");
    let listed = scene.run(&["cache", "list", "--json"]).json();
    assert_eq!(listed["pulled"].as_array().unwrap().len(), 2);
    let cleared = scene.run(&["cache", "clear"]).stdout;
    assert!(cleared.contains("removed 2 files from registries,"), "{cleared}");
    assert!(scene.stored().is_empty());
    // The folder, which was made for it, is one that compiled plug-ins can be kept in, too.
    assert_eq!(scene.run(&["call", "echo.wat", "echo"]).stderr, "");
}

#[test]
fn without_a_cache_nothing_is_kept() {
    let scene = Scene::new(Door::Open);
    let pinned = scene.push();
    let run = |arguments: &[&str]| finish(scene.command(arguments).env("PLUGSMITH_CACHE", ""), "");
    let ran = run(&["run", &pinned, "echo", "-i", "hello"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "hello"), "{ran:#?}");
    let ran = run(&["pull", &pinned]);
    assert!(ran.status == 2 && ran.stderr.contains("--output FILE"), "{ran:#?}");
    assert_eq!(run(&["pull", &pinned, "-o", "here.wasm"]).status, 0);
    assert_eq!(fs::read(scene.folder.path("here.wasm")).unwrap(), echo_module());
    assert_eq!(scene.run(&["run", &pinned, "echo", "--no-cache"]).status, 0);
    assert!(scene.stored().is_empty());
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    let scene = Scene::new(Door::Open);
    scene.folder.write("text.txt", "no plug-in");
    scene.folder.write("component.wasm", b"\0asm\x0d\0\x01\0");
    scene.folder.write("cut.wasm", b"\0asm\x01\0\0\0\x01");
    let reference = scene.reference(":1");
    let zeros = "0".repeat(64);
    let pinned = scene.reference(&format!("@sha256:{zeros}"));
    let rows = [
        (&["pull", "me/greeter"][..], 2, "expected the host of a registry"),
        (&["pull", "oci://ghcr.io/a"], 2, "a reference has no scheme"),
        (&["run", "ghcr.io/A@sha256:00", "echo"], 2, "expected small letters"),
        (&["push", "echo.wat", &pinned], 2, "the digest is what comes of a push"),
        (&["push", "gone.wasm", &reference], 3, "cannot read file"),
        (&["push", "text.txt", &reference], 3, "module `main`"),
        (&["push", "component.wasm", &reference], 3, "WebAssembly component"),
        (&["push", "cut.wasm", &reference], 3, "not valid WebAssembly"),
        (&["push", "echo.wat", &reference, "--created", "today"], 2, "expected a time"),
        (&["pull", &reference, "--username", "ada"], 2, "--password-stdin"),
        (&["pull", &reference, "--username", "a:b", "--password-stdin"], 2, "has a colon"),
        (
            &["run", &pinned, "echo", "--stdin", "--username", "ada", "--password-stdin"],
            2,
            "cannot be password and input",
        ),
    ];
    for (arguments, status, message) in rows {
        let ran = scene.run(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{ran:#?}");
        assert!(ran.stderr.contains(message), "{message}: {ran:#?}");
    }
    assert!(scene.server.take_requests().is_empty());
}

#[test]
fn a_mistake_in_a_reference_is_pointed_at() {
    let scene = Scene::new(Door::Open);
    let error = scene.run(&["pull", "ghcr.io/me/Greeter:1", "--json"]).error();
    assert_eq!((&error["place"]["line"], &error["place"]["column"]), (&json!(1), &json!(12)));
}
