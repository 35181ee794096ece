//! Files of cases that are wrong: each is refused before a case runs, with the place.

use serde_json::json;

use crate::{command::Folder, guests::ECHO};

/// Begins a case.
const CASE: &str = "[[case]]\nname = \"a\"\nexport = \"echo\"\n";
/// Begins a case that shares its instance.
const SHARED: &str = "same_instance = true\n[[case]]\nname = \"a\"\nexport = \"echo\"\n";
/// Begins a host function.
const HOST: &str = "[[host]]\nname = \"ask\"\n";

#[test]
fn mistakes_are_shown_in_their_place() {
    let rows = [
        ("", "inptu = 1", 1, "unknown field `inptu`, expected one of `same_instance`, `wasi`"),
        (CASE, "inptu = \"x\"", 4, "unknown field `inptu`, expected one of `name`, `export`"),
        (HOST, "parms = []", 3, "unknown field `parms`, expected one of `name`, `namespace`"),
        ("[[case]]\n", "name = \"a\"", 1, "missing field `export`"),
        (CASE, "input = [1]", 4, "expected text, a number, or a table with one of `json`"),
        (CASE, "input = 7", 4, "bytes stand here: text, or `{ json = … }` for a number"),
        (CASE, "output = { error = \"x\" }", 4, "only a mocked function answers with an error"),
        (CASE, "output = { jsno = 1 }", 4, "unknown field `jsno`"),
        (CASE, "output = { base64 = \"?\" }", 4, "this is not base64: "),
        (CASE, "input = { file = \"nowhere\" }", 4, "cannot read `nowhere`"),
        (CASE, "config = { a = 1 }", 4, "invalid type: integer `1`, expected a string"),
        (CASE, "timeout_ms = -1", 4, "invalid value: integer `-1`"),
        (CASE, "output = \"\"\nerror = \"x\"", 5, "a call has an `output` or an `error`"),
        (CASE, "[[case]]\nname = \"a\"\nexport = \"x\"", 5, "another case has this name"),
        (SHARED, "config = {}", 5, "the cases of this file share an instance"),
        (SHARED, "timeout_ms = 1", 5, "the cases of this file share an instance"),
        (SHARED, "[[case.host]]\nname = \"x\"", 6, "the cases of this file share an instance"),
        (HOST, "result = \"block\"", 2, "it has a result, so it wants an `answer`"),
        (HOST, "result = \"text\"", 3, "unknown variant `text`, expected one of `block`, `i32`"),
        (
            HOST,
            "answer = \"x\"",
            3,
            "it has no `result`, so it can answer with `{ error = … }` alone",
        ),
        (HOST, "answer = { error = \"x\" }\nanswers = []", 4, "either one `answer` or `answers`"),
        (HOST, "result = \"i32\"\nanswer = 4294967296", 4, "this is no number of type I32"),
        (HOST, "result = \"f32\"\nanswer = 1", 4, "this is no number of type F32"),
        (HOST, "result = \"block\"\nanswer = 1", 4, "bytes stand here"),
        (HOST, "params = [\"i32\"]\ngiven = [[1], [1, 2]]", 4, "2 arguments, but 1 `params`"),
        (HOST, "params = [\"i32\"]\ngiven = [[\"x\"]]", 4, "this is no number of type I32"),
        (CASE, "= 1", 4, ""),
    ];
    for (before, text, line, mistake) in rows {
        let file = format!("{before}{text}\n");
        let folder = Folder::with(&[("echo.wat", ECHO), ("cases.toml", &file)]);
        let ran = folder.run(&["test", "--plugin", "echo.wat", "--json"]);
        let error = ran.error();
        assert_eq!((ran.status, ran.stdout.as_str()), (5, ""), "{file}\n{ran:#?}");
        assert_eq!(error["message"], "`cases.toml` is not as it must be", "{file}");
        assert_eq!(error["place"]["line"], json!(line), "{file}\n{error:#}");
        let found = error["place"]["mistake"].as_str().expect("it is text");
        assert!(found.contains(mistake), "{file}\n{found}");
    }
}

#[test]
fn people_see_the_line() {
    let folder =
        Folder::with(&[("echo.wat", ECHO), ("cases.toml", &format!("{CASE}inptu = \"x\"\n"))]);
    let ran = folder.run(&["test", "--plugin", "echo.wat"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (5, ""), "{ran:#?}");
    assert!(ran.stderr.contains("[cases.toml:4:1]"), "{ran:#?}");
    assert!(ran.stderr.contains("4 │ inptu = \"x\""), "{ran:#?}");
}

#[test]
fn one_wrong_file_stops_all() {
    let folder = Folder::with(&[("echo.wat", ECHO), ("good.toml", CASE), ("bad.toml", "[")]);
    let ran = folder.run(&["test", "--plugin", "echo.wat", "good.toml", "bad.toml"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (5, ""), "{ran:#?}");
}

#[test]
fn what_is_not_there_is_named() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let rows: [(&[&str], i32, &str, &str); 5] = [
        (&["--plugin", "nowhere.wasm"], 3, "cannot read plug-in `nowhere.wasm`", "name the file"),
        (&["--plugin", "echo.wat"], 5, "no `cases.toml` and no `cases/*.toml`", "name the files"),
        (&["--plugin", "echo.wat", "nowhere.toml"], 5, "cannot read `nowhere.toml`", ""),
        (&["--wasi"], 2, "--plugin", ""),
        (&["--plugin", "echo.wat", "--debug"], 2, "cannot be used with", ""),
    ];
    for (arguments, status, message, help) in rows {
        let ran = folder.run(&[&["test", "--json"], arguments].concat());
        let error = ran.error();
        assert_eq!(ran.status, status, "{ran:#?}");
        assert!(error["message"].as_str().expect("it is text").contains(message), "{ran:#?}");
        assert!(error["help"].as_str().unwrap_or_default().contains(help), "{ran:#?}");
    }
}
