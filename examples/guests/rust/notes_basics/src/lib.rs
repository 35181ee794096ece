//! Commands that every keeper of notes needs: add, list and drop.

#![deny(unsafe_code)]

use plugsmith_pdk::{Error, FnResult, Json, host_fn, plugin_fn};
use serde::{Deserialize, Serialize};

#[host_fn]
unsafe extern "ExtismHost" {
    safe fn notes() -> Json<Vec<Note>>;
    safe fn add(text: &str) -> u32;
    safe fn remove(id: u32);
}

/// A note, as the host keeps it.
#[derive(Debug, Deserialize)]
pub struct Note {
    id: u32,
    text: String,
}

/// What the host has to know to offer a command.
#[derive(Debug, Serialize)]
pub struct Command {
    name: &'static str,
    help: &'static str,
    arguments: &'static [Argument],
}

/// A word, or all that are left, after the command.
#[derive(Debug, Serialize)]
pub struct Argument {
    name: &'static str,
    required: bool,
}

const COMMANDS: [Command; 3] = [
    Command {
        name: "add",
        help: "adds a note",
        arguments: &[Argument { name: "text", required: true }],
    },
    Command { name: "list", help: "lists all notes", arguments: &[] },
    Command {
        name: "drop",
        help: "drops a note",
        arguments: &[Argument { name: "number", required: true }],
    },
];

/// What the user typed.
#[derive(Debug, Deserialize)]
#[serde(tag = "command", content = "arguments", rename_all = "lowercase")]
pub enum Typed {
    /// `add TEXT`
    Add {
        /// The note.
        text: String,
    },
    /// `list`
    List {},
    /// `drop NUMBER`
    Drop {
        /// Which note, as it was typed.
        number: String,
    },
}

/// Lists the commands.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn commands() -> FnResult<Json<&'static [Command]>> {
    Ok(Json(&COMMANDS))
}

/// Runs one of them.
///
/// # Errors
///
/// If the host fails, or there is no note of the number that was typed.
#[plugin_fn]
pub fn run(Json(typed): Json<Typed>) -> FnResult<String> {
    Ok(match typed {
        Typed::Add { text } => format!("added note {}", add(&text)?),
        Typed::List {} => list(&notes()?.0),
        Typed::Drop { number } => {
            let Json(notes) = notes()?;
            let note = notes.iter().find(|note| note.id.to_string() == number);
            let note = note.ok_or_else(|| Error::msg(format!("no note {number}")))?;
            remove(note.id)?;
            format!("dropped note {number}")
        }
    })
}

fn list(notes: &[Note]) -> String {
    let lines: Vec<_> = notes.iter().map(|note| format!("{:>3}  {}", note.id, note.text)).collect();
    if lines.is_empty() { "no notes".to_owned() } else { lines.join("\n") }
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::{testing::MockHost, var};

    use super::*;

    const USER: &str = "extism:host/user";

    fn host() -> MockHost {
        MockHost::new()
            .with_function(USER, "notes", |_| Ok(br#"[{"id":7,"text":"Buy ink"}]"#.to_vec()))
            .with_function(USER, "add", |arguments| {
                var::set("added", &arguments[0])?;
                Ok(8_u32.to_le_bytes().to_vec())
            })
            .with_function(USER, "remove", |arguments| {
                var::set("removed", &arguments[0])?;
                Ok(Vec::new())
            })
    }

    #[test]
    fn each_command_does_what_it_says() {
        let rows = [
            (r#"{"command":"add","arguments":{"text":"Sleep"}}"#, "added note 8"),
            (r#"{"command":"list","arguments":{}}"#, "  7  Buy ink"),
            (r#"{"command":"drop","arguments":{"number":"7"}}"#, "dropped note 7"),
        ];
        let host = host();
        for (typed, text) in rows {
            assert_eq!(host.call(typed, run).output, text.as_bytes(), "{typed}");
        }
        assert_eq!(host.var("added"), Some(b"Sleep".to_vec()));
        assert_eq!(host.var("removed"), Some(vec![7, 0, 0, 0]));
    }

    #[test]
    fn a_note_that_is_not_there_cannot_be_dropped() {
        for number in ["8", "seven", ""] {
            let typed = format!(r#"{{"command":"drop","arguments":{{"number":"{number}"}}}}"#);
            let host = host();
            assert_eq!(host.call(typed, run).error, Some(format!("no note {number}")));
            assert_eq!(host.var("removed"), None);
        }
    }

    #[test]
    fn every_command_can_be_run() {
        for command in &COMMANDS {
            let arguments = command.arguments.iter().map(|one| format!(r#""{}":"7""#, one.name));
            let arguments: Vec<_> = arguments.collect();
            let typed = format!(
                r#"{{"command":"{}","arguments":{{{}}}}}"#,
                command.name,
                arguments.join(",")
            );
            assert_eq!(host().call(typed, run).error, None, "{}", command.name);
        }
    }
}
