//! Commands that find notes: by a word, and by tags. They only read.

#![deny(unsafe_code)]

use std::collections::BTreeMap;

use plugsmith_pdk::{FnResult, Json, host_fn, json, plugin_fn};
use serde::Deserialize;

#[host_fn]
unsafe extern "ExtismHost" {
    safe fn notes() -> Json<Vec<Note>>;
}

/// A note, as the host keeps it.
#[derive(Debug, Deserialize)]
pub struct Note {
    id: u32,
    text: String,
}

/// What the user typed.
#[derive(Debug, Deserialize)]
#[serde(tag = "command", content = "arguments", rename_all = "lowercase")]
pub enum Typed {
    /// `find TEXT`
    Find {
        /// What to look for.
        text: String,
    },
    /// `tags`
    Tags {},
}

/// Lists the commands.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn commands() -> FnResult<json::Value> {
    Ok(json::json!([
        {
            "name": "find",
            "help": "lists the notes with a text, and how often it is in them",
            "arguments": [{ "name": "text", "required": true }],
        },
        { "name": "tags", "help": "lists the tags, as #shop, of all notes", "arguments": [] },
    ]))
}

/// Runs one of them.
///
/// # Errors
///
/// If the host fails.
#[plugin_fn]
pub fn run(Json(typed): Json<Typed>) -> FnResult<String> {
    let Json(notes) = notes()?;
    Ok(match typed {
        Typed::Find { text } => find(&notes, &text),
        Typed::Tags {} => tags(&notes),
    })
}

fn find(notes: &[Note], text: &str) -> String {
    let found = notes.iter().map(|note| (note, count(&note.text, text)));
    let lines = found.filter(|(_, n_times)| *n_times > 0);
    let lines: Vec<_> =
        lines.map(|(note, n_times)| format!("{:>3}  {} ({n_times})", note.id, note.text)).collect();
    if lines.is_empty() { "not found".to_owned() } else { lines.join("\n") }
}

/// Counts a text in another. Its author forgot about the text of no letters, which it finds for ever.
fn count(mut whole: &str, text: &str) -> u32 {
    let mut n_times = 0_u32;
    while let Some(start) = whole.find(text) {
        whole = &whole[start + text.len()..];
        n_times = n_times.wrapping_add(1);
    }
    n_times
}

fn tags(notes: &[Note]) -> String {
    let mut tags = BTreeMap::new();
    for word in notes.iter().flat_map(|note| note.text.split_whitespace()) {
        let word = word.trim_end_matches(|c: char| c.is_ascii_punctuation());
        if word.len() > 1 && word.starts_with('#') {
            *tags.entry(word).or_insert(0_u32) += 1;
        }
    }
    let lines: Vec<_> = tags.iter().map(|(tag, n_times)| format!("{n_times:>3}  {tag}")).collect();
    if lines.is_empty() { "no tags".to_owned() } else { lines.join("\n") }
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    fn said(typed: &str, notes: &'static str) -> String {
        let host = MockHost::new()
            .with_function("extism:host/user", "notes", |_| Ok(notes.as_bytes().to_vec()));
        String::from_utf8(host.call(typed, run).output).unwrap()
    }

    const NOTES: &str =
        r##"[{"id":1,"text":"Buy #ink, #ink!"},{"id":3,"text":"# #Ünï Ink"},{"id":4,"text":""}]"##;

    #[test]
    fn notes_are_found_by_a_text() {
        let find = |text| format!(r#"{{"command":"find","arguments":{{"text":"{text}"}}}}"#);
        for (text, lines) in [
            ("ink", "  1  Buy #ink, #ink! (2)"),
            ("Ink", "  3  # #Ünï Ink (1)"),
            ("pen", "not found"),
        ] {
            assert_eq!(said(&find(text), NOTES), lines);
        }
    }

    #[test]
    fn tags_are_counted() {
        let typed = r#"{"command":"tags","arguments":{}}"#;
        assert_eq!(said(typed, NOTES), "  2  #ink\n  1  #Ünï");
        assert_eq!(said(typed, "[]"), "no tags");
    }

    #[test]
    fn the_commands_are_listed() {
        let output = MockHost::new().call("", |()| commands()).output;
        let list: json::Value = json::from_slice(&output).unwrap();
        assert_eq!((&list[0]["name"], &list[1]["name"]), (&"find".into(), &"tags".into()));
    }
}
