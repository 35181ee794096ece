//! The plug-in of the README: text in, JSON out.

use plugsmith::convert::Json;
use serde::Deserialize;

use crate::plugin;

#[derive(Debug, Deserialize)]
struct Report {
    count: usize,
    vowels: String,
}

#[test]
fn vowels_are_counted_call_after_call() {
    let mut plugin = plugin("count_vowels");
    let long = "Supercalifragilisticexpialidocious ".repeat(1_000);
    let rows =
        [("", 0), ("Hello, plug-in!", 4), ("rhythm", 0), ("ÄÖÜ aé", 1), (long.as_str(), 16_000)];
    for (text, count) in rows {
        let Json(report) =
            plugin.call::<&str, Json<Report>>("count_vowels", text).expect("any text has a count");
        assert_eq!(report.count, count, "{} bytes", text.len());
        assert_eq!(report.vowels, "aeiouAEIOU");
    }
}

#[test]
fn text_that_is_not_utf_8_is_refused_by_the_plug_in() {
    let mut plugin = plugin("count_vowels");
    let err = plugin.call::<&[u8], String>("count_vowels", b"\xff\xfe").unwrap_err();
    assert!(err.to_string().contains("UTF-8"), "{err:#}");
    let answer: String = plugin.call("count_vowels", "a").expect("the plug-in stays usable");
    assert_eq!(answer, r#"{"count":1,"vowels":"aeiouAEIOU"}"#);
}
