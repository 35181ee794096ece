//! The chain of a site: its plug-ins, in the order of their names, each working on what the one
//! before made.
//!
//! A plug-in that fails on a page fails that page. It keeps its variables, and the next page gets it
//! as good as new.

use std::{collections::BTreeSet, path::Path, time::Duration};

use plugsmith::{
    Error, Function, LogLevel, LogRecord, Manifest, PTR, Plugin, PluginBuilder, UserData,
    convert::Json, host_fn,
};
use plugsmith_examples::{Bounds, Installed, complaint, one_line, plugin_folder};

use crate::document::Document;

/// The export that plug-ins write: a document in, a document out.
const TRANSFORM: &str = "transform";

/// The key of a manifest's config that says what else the plug-in may ask for.
const MAY: &str = "may";

const BOUNDS: Bounds = Bounds { time: Duration::from_millis(500), memory_pages: 64 };

/// The paths of all pages of a site.
pub(crate) type Pages = BTreeSet<String>;

host_fn!(has_page(pages: Pages; path: String) -> bool {
    let pages = pages.get()?;
    let pages = pages.lock().map_err(|_| Error::msg("the list of pages is locked"))?;
    Ok(pages.contains(&path))
});

/// The plug-ins of a site.
pub(crate) struct Chain {
    plugins: Vec<(String, Plugin)>,
}

impl Chain {
    /// Loads the plug-ins of a folder. One that does not load is named, and left out.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub(crate) fn load(folder: &Path, pages: &UserData<Pages>) -> Result<Self, Error> {
        let read = plugin_folder(folder, BOUNDS)
            .map_err(|err| Error::from(err).context(format!("reading `{}`", folder.display())))?;
        let mut plugins = Vec::new();
        for Installed { name, manifest } in read {
            match manifest.and_then(|manifest| plugin(&name, &manifest, pages)) {
                Ok(plugin) => plugins.push((name, plugin)),
                Err(err) => println!("{name} is left out: {}", complaint(&err)),
            }
        }
        Ok(Self { plugins })
    }

    /// Sends a document through all plug-ins.
    ///
    /// # Errors
    ///
    /// What the first that failed says, or what is wrong with the document that it gave.
    pub(crate) fn transform(&mut self, mut document: Document) -> Result<Document, Error> {
        for (name, plugin) in &mut self.plugins {
            document = step(plugin, document).map_err(|err| err.context(name.clone()))?;
        }
        Ok(document)
    }
}

fn step(plugin: &mut Plugin, document: Document) -> Result<Document, Error> {
    let Json(made) = plugin.call::<_, Json<Document>>(TRANSFORM, Json(&document))?;
    made.check()?;
    // Where a page is published is the site's to say.
    Ok(Document { path: document.path, ..made })
}

fn plugin(name: &str, manifest: &Manifest, pages: &UserData<Pages>) -> Result<Plugin, Error> {
    let functions = match manifest.config.get(MAY).map(String::as_str) {
        None => Vec::new(),
        Some("pages") => vec![Function::new("has_page", [PTR], [PTR], pages.clone(), has_page)],
        Some(word) => {
            return Err(Error::msg(format!("the manifest grants `{word}`; there is `pages`")));
        }
    };
    let plugin = PluginBuilder::new(manifest)
        .with_functions(functions)
        .with_name(name)
        .with_log_sink(log)
        .with_log_level(LogLevel::Info)
        .with_exchange_page_limit(64)
        .build()?;
    if !plugin.function_exists(TRANSFORM) {
        return Err(Error::msg(format!("the plug-in exports no `{TRANSFORM}`")));
    }
    Ok(plugin)
}

fn log(record: &LogRecord<'_>) {
    let (name, level) = (record.name.unwrap_or_default(), record.level);
    println!("{level} {name}: {}", one_line(record.message));
}
