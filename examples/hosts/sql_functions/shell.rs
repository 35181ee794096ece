//! Runs SQL statements and prints them with their rows, as a terminal would show them.

use std::io::{self, Write};

use plugsmith_examples::one_line;
use rusqlite::{Connection, types::ValueRef};

/// Runs the statements of a script, each of which ends with a line that ends with `;`. Returns how
/// many failed.
///
/// # Errors
///
/// If nothing can be printed.
pub(crate) fn run(
    database: &Connection,
    script: &str,
    screen: &mut impl Write,
) -> io::Result<usize> {
    let mut n_failed = 0;
    let lines: Vec<_> = script.lines().filter(|line| !line.trim().is_empty()).collect();
    for lines in lines.split_inclusive(|line| line.trim_end().ends_with(';')) {
        writeln!(screen, "sql> {}", lines.join("\n  -> "))?;
        match rows(database, &lines.join("\n")) {
            Ok(rows) => rows.iter().try_for_each(|row| writeln!(screen, "{row}"))?,
            Err(err) => {
                n_failed += 1;
                writeln!(screen, "error: {}", one_line(&err.to_string()))?;
            }
        }
        writeln!(screen)?;
    }
    Ok(n_failed)
}

/// The rows of a statement; none if it fails, even if some were found before.
fn rows(database: &Connection, statement: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = database.prepare(statement)?;
    let n_columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (0..n_columns).map(|idx| row.get_ref(idx).map(cell));
        Ok(cells.collect::<Result<Vec<_>, _>>()?.join(" | "))
    })?;
    rows.collect()
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(bytes) => one_line(&String::from_utf8_lossy(bytes)),
        ValueRef::Blob(bytes) => {
            let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            one_line(&format!("x'{}'", digits.concat()))
        }
    }
}
