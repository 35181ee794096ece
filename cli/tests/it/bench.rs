//! `plugsmith bench`.

use serde_json::json;

use crate::{
    command::Folder,
    guests::{ASKING, ECHO},
};

#[test]
fn everything_is_measured() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let arguments =
        ["bench", "echo.wat", "echo", "-i", "hello", "--calls", "100", "--threads", "2"];
    let measured = folder.run(&[&arguments[..], &["--json"]].concat()).json();
    assert_eq!((&measured["calls"], &measured["threads"]), (&json!(200), &json!(2)));
    assert_eq!((&measured["input_bytes"], &measured["output_bytes"]), (&json!(5), &json!(5)));
    let latency = &measured["latency_ns"];
    let times = [
        &latency["min"],
        &latency["percentiles"]["p50"],
        &latency["percentiles"]["p99"],
        &latency["max"],
    ]
    .map(|time| time.as_u64().unwrap());
    assert!(times.is_sorted() && times[0] > 0, "{measured:#}");
    assert!(measured["fuel"].as_u64().is_some_and(|fuel| (1..100).contains(&fuel)), "{measured:#}");
    assert!(measured["calls_per_second"].as_f64().unwrap() > 0.0, "{measured:#}");

    let ran = folder.run(&arguments);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    for part in
        ["echo: 200 calls by 2 threads\n", "p99.9", "calls a second", "█", "≥", "fuel of a call"]
    {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
}

#[test]
fn a_time_is_kept_and_memory_is_told() {
    let folder = Folder::with(&[("asking.wat", ASKING)]);
    let measured = folder.run(&["bench", "asking.wat", "keep", "--time", "1ms", "--json"]).json();
    assert!(measured["calls"].as_u64().unwrap() > 0, "{measured:#}");
    assert_eq!(measured["guest_memory_bytes"], json!(65_536));
}

#[test]
fn calls_that_fail_are_not_measured() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let rows = [
        (&["trap"][..], 1, "`trap` trapped"),
        (&["gone"], 2, "no exported function `gone`"),
        (&["spin", "--timeout", "10"], 4, "its limit of 10ms"),
        (&["echo", "--calls", "0"], 2, "invalid value '0'"),
        (&["echo", "--calls", "5", "--time", "1s"], 2, "cannot be used with"),
    ];
    for (arguments, status, part) in rows {
        let ran = folder.run(&[&["bench", "echo.wat"], arguments].concat());
        assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{ran:#?}");
        assert!(ran.stderr.contains(part), "{ran:#?}");
    }
}
