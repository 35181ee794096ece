//! WebAssembly text, which needs no compiler but a parser.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use crate::{guests::Guest, workspace::Workspace};

/// Assembles the plug-in.
///
/// # Errors
///
/// If the text is no module; the message names line and column.
pub(super) fn assemble(workspace: &Workspace, sources: &Path) -> Result<Guest> {
    let bytes = wat::parse_file(sources.join("plugin.wat"))?;
    let path = workspace.guests().join("wat.wasm");
    fs::write(&path, bytes).with_context(|| format!("writing `{}`", path.display()))?;
    Guest::at(path)
}
