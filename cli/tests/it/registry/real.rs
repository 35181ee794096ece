//! The same with a registry that others wrote: Debian's `docker-registry`, which `cargo xtask` unpacks.
//!
//! As elsewhere, it is passed over only where `cargo xtask` has said that it could not have it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::echo_module;
use crate::{
    command::{Folder, Ran, finish},
    guests::ECHO,
    tools,
};

/// `ada` and `secret`, as `htpasswd -B` writes them.
const USERS: &str = "ada:$2b$12$6kBZgDoTAFSozixKSYNjYOv.vWWMVcgVQsvMzfEN3MCUjX/hY3dIa\n";

/// The registry, while it runs.
struct Registry {
    child: Child,
    name: String,
    folder: Folder,
}

impl Registry {
    /// Starts the registry, or returns `None` if it is to be passed over. With `users`, it wants to know
    /// who asks.
    fn start(users: Option<&str>) -> Option<Self> {
        let program = program()?;
        let folder = Folder::with(&[("echo.wat", ECHO), ("docker/config.json", "{}")]);
        let auth = users.map_or_else(String::new, |users| {
            folder.write("users", users);
            let path = folder.path("users");
            format!("auth:\n  htpasswd:\n    realm: tests\n    path: {}\n", path.display())
        });
        let config = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: \
             127.0.0.1:0\n{auth}",
            folder.path("registry").display()
        );
        folder.write("config.yml", config);
        let mut command = Command::new(program);
        command.arg("serve").arg(folder.path("config.yml")).stdin(Stdio::null());
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .env("OTEL_TRACES_EXPORTER", "none")
            .spawn()
            .expect("the registry starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let name = lines.find_map(|line| address(&line.expect("the log is text")));
        let name = name.expect("the registry says where it listens");
        // What nobody reads would stop it in the end.
        thread::spawn(move || lines.for_each(drop));
        Some(Self { child, name, folder })
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.folder.command(arguments);
        finish(command.env("DOCKER_CONFIG", self.folder.path("docker")), "")
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Finds the address in a line of the registry's log.
fn address(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("listening on ")?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.' && letter != ':');
    Some(rest[..end.unwrap_or(rest.len())].to_owned())
}

/// Returns the program, which is there unless it was skipped.
fn program() -> Option<PathBuf> {
    if tools::is_skipped("registry") {
        return None;
    }
    let program = tools::tools().join("registry/usr/bin/docker-registry");
    assert!(program.is_file(), "`cargo xtask test` unpacks the registry that this needs");
    Some(program)
}

#[test]
fn a_plugin_goes_to_a_real_registry_and_comes_back() {
    let Some(registry) = Registry::start(None) else { return };
    let reference = format!("{}/tests/echo:1", registry.name);
    let pushed = registry.run(&["push", "echo.wat", &reference, "--title", "Echo"]);
    assert_eq!(pushed.status, 0, "{pushed:#?}");
    let pinned = pushed.stdout.trim_end();
    assert!(pinned.starts_with(&format!("{reference}@sha256:")), "{pinned}");
    assert_eq!(registry.run(&["push", "echo.wat", &reference, "--title", "Echo"]), pushed);

    let pulled = registry.run(&["pull", &reference, "-o", "pulled.wasm"]);
    assert_eq!(pulled, pushed);
    assert_eq!(fs::read(registry.folder.path("pulled.wasm")).unwrap(), echo_module());
    assert_eq!(registry.run(&["cache", "clear"]).status, 0);
    let ran = registry.run(&["run", pinned, "echo", "--input", "hello"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "hello"), "{ran:#?}");

    let unknown = registry.run(&["pull", &format!("{}/tests/echo:2", registry.name), "--json"]);
    let message = unknown.error()["message"].clone();
    assert_eq!(message, json!(format!("`{}` has no `tests/echo, 2`", registry.name)));
}

#[test]
fn a_real_registry_wants_to_know_who_asks() {
    let Some(registry) = Registry::start(Some(USERS)) else { return };
    let reference = format!("{}/tests/echo", registry.name);
    let closed = registry.run(&["push", "echo.wat", &reference, "--json"]);
    let message: Value = closed.error()["message"].clone();
    assert_eq!(message, json!(format!("`{}` wants credentials for `tests/echo`", registry.name)));
    for (user, status) in [("ada:guess", 9), ("ada:secret", 0)] {
        let config = json!({"auths": {&registry.name: {"auth": STANDARD.encode(user)}}});
        registry.folder.write("docker/config.json", config.to_string());
        let ran = registry.run(&["push", "echo.wat", &reference]);
        assert_eq!(ran.status, status, "{ran:#?}");
    }
    assert_eq!(registry.run(&["pull", &reference]).status, 0);
}
