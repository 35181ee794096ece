//! `plugsmith call`.

use serde_json::json;

use crate::{command::Folder, guests::ECHO};

#[test]
fn the_output_is_printed_as_it_is() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let ran = folder.run(&["call", "echo.wat", "echo", "--input", "hello"]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "hello", ""));
}

#[test]
fn scripts_get_an_object() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let ran = folder.run(&["call", "echo.wat", "echo", "-i", "hello", "--json"]);
    assert_eq!((ran.status, ran.json()), (0, json!({"output": "hello"})));
    let ran = folder.run(&["call", "echo.wat", "echo", "-i", "hello", "--json", "--report"]);
    assert_eq!(ran.json()["report"]["input_bytes"], json!(5));
}

#[test]
fn failures_have_a_status_and_say_what_to_do() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let rows = [
        (&["call", "echo.wat", "fail", "-i", "no"][..], 1, "no", ""),
        (&["call", "echo.wat", "trap"], 1, "`trap` trapped: executed `unreachable`", ""),
        (&["call", "echo.wat", "ehco"], 2, "no exported function `ehco`", "plugsmith inspect"),
        (&["call", "echo.wat", "add"], 2, "export `add` is", "plugsmith inspect"),
        (&["call", "echo.wat", "spin", "--timeout", "20ms"], 4, "its limit of 20ms", "--timeout"),
        (&["call", "other.wat", "echo"], 3, "cannot read plug-in `other.wat`", "name the file"),
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
