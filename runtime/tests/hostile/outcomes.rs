//! What a guest gives back: outputs in no encoding, errors that are no text, statuses of every kind.

use plugsmith::{CallError, Error, FromBytes, Plugin, convert::Json};

use crate::{
    attack::{Attack, Ends, attack},
    guest::{attacking, with},
    run,
};

/// A guest whose error is this text, as WebAssembly text writes it.
fn failing(text: &str, len: usize) -> String {
    with(
        "",
        &format!(
            r#"(data (i32.const 0) "{text}")
            (func (export "attack") (result i32)
                (call $error_set (call $text (i32.const 0) (i32.const {len})))
                (i32.const 7))"#
        ),
    )
}

pub(crate) fn errors() -> Vec<Attack> {
    vec![
        attack(
            "an error that clears the screen",
            "reports an error with commands to a terminal",
            failing(r"\1b[2J\1b]0;owned\07", 15),
            Ends::Call("Guest", r"\u{1b}[2J\u{1b}]0;owned\u{7}"),
        ),
        attack(
            "an error that hides a line",
            "reports an error that returns to the start of its line and writes over it",
            failing(r"failed\0dsucceeded", 16),
            Ends::Call("Guest", r"failed\rsucceeded"),
        ),
        attack(
            "an error that reads backwards",
            "reports an error with signs that turn the order of the text around it",
            failing(r"a\e2\80\aeb\e2\81\a6c", 9),
            Ends::Call("Guest", r"a\u{202e}b\u{2066}c"),
        ),
        attack(
            "an error that is no text",
            "reports bytes that are not UTF-8",
            failing(r"\ff\fe\80", 3),
            Ends::Call("Guest", "\u{fffd}\u{fffd}\u{fffd}"),
        ),
        attack(
            "an error with a zero",
            "reports text with a zero byte, where other languages would end it",
            failing(r"fine\00not fine", 13),
            Ends::Call("Guest", r"fine\u{0}not fine"),
        ),
        attack(
            "a status of its choice",
            "returns the lowest number as its status",
            with("", r#"(func (export "attack") (result i32) (i32.const 0x80000000))"#),
            Ends::Call("Status", "-2147483648"),
        ),
        attack(
            "success with an error",
            "reports an error and returns success",
            with(
                "",
                r#"(func (export "attack") (result i32)
                (call $error_set (call $letter (i32.const 65))) (i32.const 0))"#,
            ),
            Ends::Call("Guest", "A"),
        ),
        attack(
            "an output of all there is",
            "gives back three megabytes of zeros",
            attacking("(call $output_set (call $alloc (i64.const 3000000)) (i64.const 3000000))"),
            Ends::Harmless,
        ),
        attack(
            "an input of more than there is",
            "is called with more than fits its exchange memory",
            attacking(""),
            Ends::Call("InputTooLarge", "whose limit is"),
        )
        .with(|setup| setup.input = vec![0; 5 << 20]),
    ]
}

#[test]
fn errors_and_outputs_are_told_as_text_and_in_short() {
    run::all(&errors());
}

/// A guest whose output is its input, whatever it is said to be.
fn echoed<U: for<'a> FromBytes<'a>>(plugin: &mut Plugin, bytes: &[u8]) -> Result<(), CallError> {
    plugin.call::<&[u8], U>("echo", bytes).map(drop).map_err(|err: Error| err.downcast().unwrap())
}

/// A call whose output is of some type.
type Call = fn(&mut Plugin, &[u8]) -> Result<(), CallError>;

#[test]
fn outputs_in_no_encoding_are_errors_of_their_own() {
    let guest = wat::parse_str(attacking("")).unwrap();
    let mut plugin = Plugin::new(guest, [], false).unwrap();
    let nested = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let mut rows: Vec<(&[u8], Call)> = vec![
        (b"\xff\xfe", echoed::<String>),
        (b"123", echoed::<i32>),
        (b"{\"a\":", echoed::<Json<serde_json::Value>>),
        (&nested, echoed::<Json<serde_json::Value>>),
    ];
    let deep = vec![0x91; 100_000];
    #[cfg(feature = "msgpack")]
    {
        use plugsmith::convert::Msgpack;

        rows.push((b"\xc1", echoed::<Msgpack<serde_json::Value>>));
        // A map of four billion pairs, of which none follows.
        rows.push((b"\xdf\xff\xff\xff\xff", echoed::<Msgpack<serde_json::Value>>));
        rows.push((&deep, echoed::<Msgpack<serde_json::Value>>));
    }
    rows.push((&deep, echoed::<Json<serde_json::Value>>));
    for (bytes, call) in rows {
        let err = call(&mut plugin, bytes).unwrap_err();
        assert!(matches!(err, CallError::Decode { .. }), "{err:?}");
        assert_eq!(plugin.call::<_, String>("echo", "next").unwrap(), "next");
    }
}
