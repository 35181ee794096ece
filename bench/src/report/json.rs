//! A report as JSON, for programs: every number as it is, in nanoseconds or bytes.

use serde_json::{Value, json};

use super::{Outcome, Report, Row};
use crate::{measures::Unit, statistics::Spread};

/// Writes the whole report.
pub(crate) fn write(report: &Report) -> String {
    format!("{:#}\n", value(report))
}

/// Returns the whole report.
pub(crate) fn value(report: &Report) -> Value {
    let machine = &report.machine;
    json!({
        "versions": {
            "plugsmith": machine.plugsmith,
            "extism": machine.extism.as_ref().ok(),
            "wasmtime": machine.wasmtime,
        },
        "machine": {
            "processor": machine.processor,
            "cores": machine.n_cores,
            "system": machine.system,
            "load": machine.load,
        },
        "quick": report.is_quick,
        "measures": report.rows.iter().map(|measure| row(report, measure)).collect::<Vec<_>>(),
    })
}

fn row(report: &Report, row: &Row) -> Value {
    let unit = match row.unit {
        Unit::Nanoseconds => "ns",
        Unit::Bytes => "bytes",
        Unit::Times => "times",
        Unit::Count => "count",
    };
    let mut value = json!({ "name": row.name, "about": row.about, "unit": unit });
    match &row.outcome {
        Outcome::Skipped(reason) => value["skipped"] = json!(reason),
        Outcome::Failed(reason) => value["failed"] = json!(reason),
        Outcome::Measured(figures) => {
            value["extism_over_plugsmith"] = figures.ahead.as_ref().map_or(Value::Null, spread);
            value["plugsmith_over_limit"] = figures.behind.as_ref().map_or(Value::Null, spread);
            value["plugsmith"] = spread(&figures.ours);
            value["extism"] = side(&figures.peer);
            value["limit"] = side(&figures.limit);
        }
    }
    if let Some(comparison) = report.compare(row) {
        value["against"] = json!({
            "name": comparison.with,
            "plugsmith": comparison.ours,
            "extism": comparison.peer,
        });
    }
    value
}

fn spread(spread: &Spread) -> Value {
    json!({ "median": spread.median, "low": spread.low, "high": spread.high })
}

fn side(side: &Result<Spread, String>) -> Value {
    match side {
        Ok(value) => spread(value),
        Err(reason) => json!({ "absent": reason }),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::report, *};

    #[test]
    fn every_row_is_there() {
        let value: Value = serde_json::from_str(&write(&report())).unwrap();
        assert_eq!(value["versions"]["extism"], "1.41.0");
        assert_eq!(value["machine"]["cores"], 2);
        let rows = &value["measures"];
        assert_eq!(rows.as_array().map(Vec::len), Some(7));
        let ratio = json!({ "median": 62.0, "low": 62.0, "high": 62.0 });
        assert_eq!(rows[0]["extism_over_plugsmith"], ratio);
        assert_eq!(rows[1]["limit"], json!({ "absent": "no pool" }));
        let against = json!({ "name": "empty", "plugsmith": 0.5, "extism": 1.0 });
        assert_eq!(rows[1]["against"], against);
        assert_eq!(rows[2]["extism_over_plugsmith"], Value::Null);
        assert_eq!(rows[3]["unit"], "bytes");
        assert_eq!(rows[4]["unit"], "times");
        assert_eq!(rows[4]["extism_over_plugsmith"], Value::Null);
        assert_eq!(rows[5]["skipped"], "`zig.wasm` was not built");
        assert_eq!(rows[6]["failed"], "it trapped");
    }
}
