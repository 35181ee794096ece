//! Standard output and standard error, where the host's own are meant. That they are logged by
//! default is tested beside the code, where no other test listens to `tracing`.

use std::{
    env,
    process::{Command, Stdio},
};

use plugsmith::PluginBuilder;

use super::{granted, guest, status};

/// As an environment variable, tells the process of this test how to have a guest print.
const MODE: &str = "PLUGSMITH_TEST_OUTPUT";

#[test]
fn output_goes_to_the_hosts_streams_where_asked_for() {
    let text = "said by a guest\n";
    match env::var(MODE).as_deref() {
        Err(_) => {
            for (mode, expected) in [("logged", false), ("asked", true), ("variable", true)] {
                let (stdout, stderr) = run_again(mode);
                assert_eq!(stdout.contains(text), expected, "{mode}");
                assert_eq!(stderr.contains(text), expected, "{mode}");
            }
        }
        Ok(mode) => {
            let mut plugin = match mode {
                "asked" => PluginBuilder::new(guest())
                    .with_wasi(true)
                    .with_wasi_output(true)
                    .build()
                    .unwrap(),
                _ => granted(guest()),
            };
            assert_eq!(status(&mut plugin, "print", text), 0);
            assert_eq!(status(&mut plugin, "complain", text), 0);
        }
    }
}

/// Runs this test in a process of its own and returns what that wrote.
fn run_again(mode: &str) -> (String, String) {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "wasi::output::output_goes_to_the_hosts_streams_where_asked_for"])
        .arg("--nocapture")
        .env(MODE, mode)
        .env_remove("EXTISM_ENABLE_WASI_OUTPUT")
        .stdin(Stdio::null());
    if mode == "variable" {
        command.env("EXTISM_ENABLE_WASI_OUTPUT", "1");
    }
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert!(output.status.success());
    (text(output.stdout), text(output.stderr))
}
