//! `plugsmith doctor`.

use serde_json::{Value, json};

use crate::{
    command::{Folder, finish},
    tools,
};

#[test]
fn what_is_in_order_is_told() {
    let folder = Folder::new();
    let ran = folder.run(&["doctor", "--json"]);
    assert_eq!(ran.status, 0, "{ran:#?}");
    let findings = ran.json();
    for what in ["version", "processors", "engine", "cache"] {
        assert_eq!(finding(&findings, what)["state"], json!("ok"), "{findings:#}");
    }
    let cache = finding(&findings, "cache")["found"].as_str().unwrap();
    assert!(cache.contains("1 module"), "{cache}");
    let page = folder.run(&["doctor"]).stdout;
    assert!(page.contains("✓ engine         compiles and runs plug-ins\n"), "{page}");
}

#[test]
fn what_is_amiss_comes_with_how_to_mend_it() {
    let folder = Folder::with(&[("file", "no folder")]);
    let run = |variable: &str, value: &str| {
        finish(folder.command(&["doctor", "--json"]).env(variable, value), "")
    };
    let rows = [
        ("PLUGSMITH_CACHE", "file", "cache", "error", 8, "name another folder"),
        ("EXTISM_CACHE_CONFIG", "gone.toml", "cache", "error", 8, "mend the configuration"),
        ("PLUGSMITH_CACHE", "", "cache", "warning", 0, "name a folder"),
        ("RUST_BACKTRACE", "1", "backtraces", "warning", 0, "unset"),
    ];
    for (variable, value, what, state, status, help) in rows {
        let ran = run(variable, value);
        let findings = ran.json();
        let found = finding(&findings, what);
        assert_eq!((ran.status, &found["state"]), (status, &json!(state)), "{findings:#}");
        assert!(found["help"].as_str().unwrap().contains(help), "{findings:#}");
    }
}

#[test]
fn compilers_are_looked_for_and_none_is_needed() {
    let folder = Folder::new();
    let ran = finish(folder.command(&["doctor", "--json"]).env("PATH", ""), "");
    let findings = ran.json();
    assert_eq!(ran.status, 0, "{findings:#}");
    let rows = [
        ("rust", "rustup.rs"),
        ("c", "apt-get install clang lld"),
        ("zig", "ziglang.org"),
        ("assemblyscript", "nodejs.org"),
        ("go", "go.dev"),
    ];
    for (lang, help) in rows {
        let found = finding(&findings, lang);
        assert_eq!(found["state"], json!("warning"), "{findings:#}");
        assert!(found["help"].as_str().unwrap().contains(help), "{findings:#}");
    }
    let mut command = folder.command(&["doctor", "--json"]);
    tools::provide(&mut command);
    let findings = finish(&mut command, "").json();
    for (lang, _) in rows.into_iter().skip(1) {
        if !tools::is_skipped(lang) {
            assert_eq!(finding(&findings, lang)["state"], json!("ok"), "{findings:#}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn scarce_address_space_is_told() {
    let folder = Folder::new();
    let mut shell = std::process::Command::new("sh");
    let script = "ulimit -v 8000000 && exec \"$0\" doctor --json";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_plugsmith")]).env("PLUGSMITH_CACHE", "");
    let ran = finish(shell.current_dir(folder.path("")), "");
    let findings = ran.json();
    let found = finding(&findings, "address space");
    assert_eq!((ran.status, &found["state"]), (0, &json!("warning")), "{findings:#}");
    assert!(found["help"].as_str().unwrap().contains("ulimit -v"), "{findings:#}");
}

fn finding<'f>(findings: &'f Value, what: &str) -> &'f Value {
    let mut findings = findings.as_array().unwrap().iter();
    findings.find(|finding| finding["what"] == what).expect("it is looked at")
}
