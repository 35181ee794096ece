//! `plugsmith call`.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::{
    command::{Folder, Ran},
    guests::{ASKING, ECHO},
};

#[test]
fn the_output_is_printed_as_it_is() {
    let folder = Folder::with(&[("echo.wat", ECHO), ("input.txt", "from a file\n")]);
    let json = r#"{"b": 1,  "a": [2]}"#;
    let rows = [
        (&["--input", "hello"][..], "", "hello"),
        (&["-i", json], "", json),
        (&["-i", "-5"], "", "-5"),
        (&["-i", ""], "", ""),
        (&[], "unread", ""),
        (&["--stdin"], "from a pipe", "from a pipe"),
        (&["--input-file", "input.txt"], "", "from a file\n"),
    ];
    for (arguments, stdin, stdout) in rows {
        let ran =
            folder.run_with_input(&[&["call", "echo.wat", "echo"], arguments].concat(), stdin);
        let expected = Ran { status: 0, stdout: stdout.to_owned(), stderr: String::new() };
        assert_eq!(ran, expected, "{arguments:?}");
    }
}

#[test]
fn scripts_get_an_object() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let ran = folder.run(&["call", "echo.wat", "echo", "-i", "hello", "--json"]);
    assert_eq!((ran.status, ran.json()), (0, json!({"output": "hello"})));
    let ran = folder.run_with_input(&["--json", "call", "echo.wat", "echo", "--stdin"], b"\xff");
    assert_eq!((ran.status, ran.json()), (0, json!({"output_base64": "/w=="})));
}

#[test]
fn a_report_tells_what_the_call_took() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let ran = folder.run(&["call", "echo.wat", "echo", "-i", "hello", "--json", "--report"]);
    let report = &ran.json()["report"];
    assert_eq!((&report["input_bytes"], &report["output_bytes"]), (&json!(5), &json!(5)));
    assert!(report["time_ns"].as_u64() >= report["guest_time_ns"].as_u64(), "{ran:#?}");
    assert!(report["fuel"].is_null(), "{ran:#?}");
    let counted = ["call", "echo.wat", "echo", "--json", "--report", "--fuel-limit", "1000"];
    let fuel = folder.run(&counted).json()["report"]["fuel"].as_u64();
    assert!(fuel.is_some_and(|fuel| (1..100).contains(&fuel)), "{fuel:?}");
    let ran = folder.run(&["call", "echo.wat", "echo", "-i", "hello", "--report"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "hello"));
    for part in ["Report", "guest memory", "exchange memory", "input", "5 B"] {
        assert!(ran.stderr.contains(part), "{part}: {ran:#?}");
    }
}

#[test]
fn a_loop_keeps_its_instance() {
    let folder = Folder::with(&[("asking.wat", ASKING)]);
    let ran = folder.run(&["call", "asking.wat", "count", "--loop", "3"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "123"));
    assert_eq!(folder.run(&["call", "asking.wat", "count", "--loop", "0"]).status, 2);
}

#[test]
fn failures_have_a_status_and_say_what_to_do() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let rows = [
        (&["call", "echo.wat", "fail", "-i", "no"][..], 1, "no", ""),
        (&["call", "echo.wat", "trap"], 1, "`trap` trapped: executed `unreachable`", ""),
        (&["call", "echo.wat", "status"], 1, "`status` returned status 5", ""),
        (&["call", "echo.wat", "ehco"], 2, "no exported function `ehco`", "plugsmith inspect"),
        (&["call", "echo.wat", "add"], 2, "export `add` is", "plugsmith inspect"),
        (&["call", "echo.wat", "spin", "--timeout", "20ms"], 4, "its limit of 20ms", "--timeout"),
        (&["call", "other.wat", "echo"], 3, "cannot read plug-in `other.wat`", "name the file"),
        (
            &["call", "echo.wat", "echo", "--input-file", "gone.txt"],
            5,
            "cannot read input file `gone.txt`",
            "",
        ),
        (&["call", "-", "echo", "--stdin"], 2, "cannot be plug-in and input", "--input-file"),
    ];
    for (arguments, status, message, help) in rows {
        let ran = folder.run(&[arguments, &["--json"]].concat());
        let error = ran.error();
        assert_eq!(ran.status, status, "{ran:#?}");
        assert_eq!(error["exit_status"], json!(status), "{ran:#?}");
        assert!(error["message"].as_str().unwrap().contains(message), "{ran:#?}");
        assert!(error["help"].as_str().unwrap_or_default().contains(help), "{ran:#?}");
        let ran = folder.run(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{ran:#?}");
        assert!(ran.stderr.contains(message), "{ran:#?}");
    }
}

#[test]
fn command_lines_that_make_no_sense_are_refused() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let rows = [
        (&["cal"][..], "a similar subcommand exists: 'call'"),
        (&["call"], "<PLUGIN>"),
        (&["call", "echo.wat"], "<FUNCTION>"),
        (&["call", "echo.wat", "echo", "--inptu", "a"], "a similar argument exists: '--input'"),
        (&["call", "echo.wat", "echo", "Ada"], "`--input 'Ada'`"),
        (&["bench", "echo.wat", "echo", "Ada"], "`--input 'Ada'`"),
        (&["inspect", "echo.wat", "Ada"], "unexpected argument 'Ada' found\n\nUsage"),
        (&["call", "echo.wat", "echo", "-i", "a", "--stdin"], "cannot be used with"),
        (&["call", "echo.wat", "echo", "--jobs", "2"], "--jsonl"),
        (&["call", "echo.wat", "echo", "--jsonl", "--loop", "2"], "cannot be used with"),
        (&["call", "echo.wat", "echo", "--jsonl", "--jobs", "0"], "1..=1024"),
    ];
    for (arguments, part) in rows {
        let ran = folder.run(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{ran:#?}");
        assert!(ran.stderr.contains(part), "{part}: {ran:#?}");
        let ran = folder.run(&[arguments, &["--json"]].concat());
        assert_eq!(ran.error()["kind"], json!("usage"), "{ran:#?}");
    }
}

#[test]
fn lines_become_lines_in_their_order() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let lines: Vec<_> = (0..500).map(|number| format!("{{\"number\": {number}}}\n")).collect();
    let lines = lines.concat();
    folder.write("lines.jsonl", &lines);
    for jobs in ["1", "4"] {
        let arguments = ["call", "echo.wat", "echo", "--jsonl", "--jobs", jobs];
        let from_pipe = folder.run_with_input(&arguments, &lines);
        let from_file = folder.run(&[&arguments[..], &["--input-file", "lines.jsonl"]].concat());
        assert_eq!(from_pipe, from_file);
        assert_eq!((from_pipe.status, from_pipe.stderr.as_str()), (0, ""));
        let results = json_lines(&from_pipe);
        assert_eq!(results.len(), 500);
        for ((number, result), line) in results.iter().enumerate().zip(lines.lines()) {
            assert_eq!(*result, json!({"line": number + 1, "output": line}));
        }
    }
}

#[test]
fn a_line_that_fails_leaves_the_others_alone() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let arguments = ["call", "echo.wat", "picky", "--jsonl", "--jobs", "2", "--report"];
    let ran = folder.run_with_input(&arguments, "one\r\n\nthree");
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("1 of 3 calls failed"), "{ran:#?}");
    let results = json_lines(&ran);
    let outputs: Vec<_> = results.iter().map(|result| result["output"].clone()).collect();
    assert_eq!(outputs, [json!("one"), Value::Null, json!("three")]);
    assert_eq!(results[1]["error"]["kind"], json!("call"));
    assert!(results.iter().all(|result| result["report"]["time_ns"].is_u64()), "{ran:#?}");
}

#[test]
fn whoever_has_read_enough_may_hang_up() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let lines = "line\n".repeat(100_000);
    folder.write("lines", &lines);
    let arguments = ["call", "echo.wat", "echo", "--jsonl", "--input-file", "lines"];
    let mut child = folder
        .command(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it is piped");
    // Dropped, and so closed, after the first line.
    BufReader::new(stdout).read_line(&mut line).unwrap();
    assert_eq!(line, "{\"line\":1,\"output\":\"line\"}\n");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""));
}

fn json_lines(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_changes_no_status_but_that_of_success() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let rows = [
        (&["call", "echo.wat", "fail", "-i", "x"][..], 1),
        (&["call", "echo.wat", "gone"], 2),
        (&["call", "echo.wat", "gone", "--json"], 2),
        (&["call"], 2),
        (&["call", "gone.wat", "echo"], 3),
    ];
    for (arguments, status) in rows {
        let full = std::fs::File::create("/dev/full").unwrap();
        let ran = folder.command(arguments).stderr(full).status().unwrap();
        assert_eq!(ran.code(), Some(status), "{arguments:?}");
    }
    for arguments in [&["call", "echo.wat", "echo", "-i", "x"][..], &["--help"], &["doctor"]] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let ran = folder.command(arguments).stdout(full).output().unwrap();
        assert_eq!(ran.status.code(), Some(5), "{arguments:?}");
    }
}
