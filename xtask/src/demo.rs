//! `cargo xtask demo`: the main job, on a fresh checkout, with one command.

use anyhow::Result;

use crate::{
    examples, guests,
    progress::Progress,
    workspace::{self, Workspace},
};

/// Builds the plug-ins and the discount shop, and runs the shop.
///
/// # Errors
///
/// If something does not compile, or the shop fails.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> Result<()> {
    let mut progress = Progress::new(guests::N_STEPS + 2);
    guests::build(workspace, &mut progress)?;
    examples::build(workspace, &mut progress)?;
    progress.step("Asking the merchant's plug-in for discounts", "");
    let mut checkout = examples::host(workspace, "checkout");
    workspace::run(checkout.current_dir(&workspace.root).args(rest))?;
    progress.finish("The demo has run");
    Ok(())
}
