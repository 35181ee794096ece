//! WebAssembly text: `plugin.wat`, which needs no compiler.

use super::{
    Site,
    recipe::{Recipe, Work},
};

/// Finds nothing that could be missing. The profile makes no difference.
pub(super) fn find(site: &Site<'_>) -> Recipe {
    let work = Work::Assemble(site.folder.join("plugin.wat"));
    Recipe { compiler: "the assembler of `plugsmith`".into(), work }
}
