//! SQL functions whose bodies are the exports of a plug-in.
//!
//! The plug-in says which functions it has. It is not believed blindly: none of the database's own
//! functions can be replaced, and each call has limits. A call that fails fails its statement, and
//! the next statement works.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use plugsmith::{Error, Manifest, Plugin, PluginBuilder, Wasm, convert::Json};
use plugsmith_examples::complaint;
use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
    types::Value as Sql,
};
use serde::Deserialize;
use serde_json::Value;

use crate::value::{to_json, to_sql};

/// The export that lists the functions.
const LIST: &str = "functions";

/// A function, as the plug-in describes it.
#[derive(Debug, Deserialize)]
struct SqlFunction {
    name: String,
    n_arguments: u8,
    /// Whether equal arguments always give an equal value: only then may an index hold it.
    deterministic: bool,
}

/// Loads a plug-in and offers its functions to all statements of `database`.
///
/// # Errors
///
/// If the plug-in does not load, or a function of its list cannot be offered.
pub(crate) fn install(database: &Connection, plugin: &Path) -> Result<(), Error> {
    let manifest = Manifest::new([Wasm::file(plugin)])
        .with_timeout(Duration::from_millis(500))
        .with_memory_max(64);
    let mut plugin = PluginBuilder::new(&manifest).with_exchange_page_limit(64).build()?;
    let Json(functions) = plugin.call::<(), Json<Vec<SqlFunction>>>(LIST, ())?;
    for function in &functions {
        check(database, &plugin, function)?;
    }
    // SQLite runs one statement of a connection at a time, so nobody ever waits for this lock.
    let plugin = Arc::new(Mutex::new(plugin));
    for SqlFunction { name, n_arguments, deterministic } in functions {
        let mut flags = FunctionFlags::SQLITE_UTF8;
        flags.set(FunctionFlags::SQLITE_DETERMINISTIC, deterministic);
        let (plugin, export) = (Arc::clone(&plugin), name.clone());
        let body = move |context: &Context<'_>| {
            let mut plugin = plugin.lock().unwrap_or_else(PoisonError::into_inner);
            call(&mut plugin, &export, context).map_err(|err| {
                let message = format!("{export}: {}", complaint(&err));
                rusqlite::Error::UserFunctionError(message.into())
            })
        };
        database.create_scalar_function(name.as_str(), n_arguments.into(), flags, body)?;
    }
    Ok(())
}

/// Runs the body of a function: a JSON array of arguments in, a JSON value out.
fn call(plugin: &mut Plugin, export: &str, context: &Context<'_>) -> Result<Sql, Error> {
    let arguments = (0..context.len()).map(|idx| to_json(context.get_raw(idx)));
    let arguments: Vec<Value> = arguments.collect::<Result<_, _>>()?;
    let answer: &str = plugin.call(export, Json(arguments))?;
    Ok(to_sql(answer)?)
}

/// Refuses what a database cannot offer, or must not.
fn check(
    database: &Connection,
    plugin: &Plugin,
    SqlFunction { name, n_arguments, .. }: &SqlFunction,
) -> Result<(), Error> {
    const MOST_ARGUMENTS: u8 = 16;
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let refuse = |why: &str| Err(Error::msg(format!("function {name:?} of the plug-in {why}")));
    if name.is_empty() || !name.chars().all(is_word) {
        return refuse("has a name of other than a-z, 0-9 and _");
    }
    if *n_arguments > MOST_ARGUMENTS {
        return refuse(&format!("takes {n_arguments} arguments, the limit is {MOST_ARGUMENTS}"));
    }
    if !plugin.function_exists(name) {
        return refuse("is not exported");
    }
    let mut own = database.prepare("SELECT 1 FROM pragma_function_list WHERE name = ?")?;
    if own.exists([name])? {
        return refuse("would replace the database's own");
    }
    Ok(())
}
