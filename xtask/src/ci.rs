//! `cargo xtask ci`: everything that must pass before a change is merged.
//!
//! Cheap checks come first. The tests come last, so that the output ends with their summaries.

use anyhow::{Result, bail};

use crate::{
    carts, examples, guests, kernel,
    progress::Progress,
    test, tidy,
    workspace::{self, Workspace},
};

/// Packages that speak HTTP, or TLS for it. A host without HTTP must not compile them.
const HTTP_CLIENTS: [&str; 10] = [
    "attohttpc",
    "curl",
    "h2",
    "hyper",
    "isahc",
    "minreq",
    "native-tls",
    "reqwest",
    "rustls",
    "ureq",
];

/// Runs everything.
///
/// # Errors
///
/// The first check that fails.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut progress = Progress::new(guests::N_STEPS + 13);
    let cargo = |arguments: &[&str]| workspace::run(&mut workspace.cargo(arguments));

    progress.step("Checking the format", "");
    cargo(&["fmt", "--all", "--check"])?;

    progress.step("Checking shapes, directions and generated data", "");
    tidy::run(workspace)?;
    carts::run(workspace, true)?;

    let slow = "the first check reads the WebAssembly engine and takes some minutes on two cores";
    let features = [&[][..], &["--no-default-features"], &["--all-features"]];
    let names = ["default", "no", "all"];
    for (name, features) in names.into_iter().zip(features) {
        progress.step(
            &format!("Linting with {name} features"),
            if name == "default" { slow } else { "" },
        );
        let lint = ["clippy", "--quiet", "--workspace", "--all-targets"];
        cargo(&[&lint[..], features, &["--", "--deny=warnings"]].concat())?;
    }

    progress.step("Building the documentation", "");
    document(workspace)?;

    progress.step("Looking for an HTTP client where none may be", "");
    let tree = [
        "tree",
        "--package=plugsmith",
        "--no-default-features",
        "--edges=normal,build",
        "--prefix=none",
    ];
    refuse_http(&workspace::output(&mut workspace.cargo(&tree))?)?;

    guests::build(workspace, &mut progress)?;

    progress.step("Rebuilding the kernel", "");
    kernel::run(true)?;

    examples::build(workspace, &mut progress)?;
    examples::compare(workspace, &mut progress, false)?;

    let packages = workspace.packages.iter().filter(|package| package.has_features);
    let packages: Vec<_> = packages.map(|package| format!("--package={}", package.name)).collect();
    let packages: Vec<_> = packages.iter().map(String::as_str).collect();
    for (name, features) in names.into_iter().zip(features).skip(1) {
        progress.step(&format!("Running the tests with {name} features"), "");
        let arguments = [&packages[..], features].concat();
        workspace::run(&mut test::command(workspace, &arguments))?;
    }
    test::all(workspace, &mut progress, &[])
}

fn document(workspace: &Workspace) -> Result<()> {
    let mut command = workspace.cargo(&["doc", "--quiet", "--workspace", "--lib", "--no-deps"]);
    workspace::run(command.env("RUSTDOCFLAGS", "--deny=warnings"))
}

/// Refuses a dependency tree that names an HTTP client.
fn refuse_http(tree: &str) -> Result<()> {
    for line in tree.lines() {
        let name = line.split_whitespace().next().unwrap_or_default();
        if HTTP_CLIENTS.contains(&name) {
            bail!("`plugsmith` without default features depends on the HTTP client `{name}`");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_without_a_client_is_accepted() {
        assert!(refuse_http("plugsmith v0.1.0\nserde v1.0.0\nhyperlink v1.0.0 (*)\n").is_ok());
    }

    #[test]
    fn a_tree_with_a_client_is_refused() {
        let err = refuse_http("plugsmith v0.1.0\nureq v3.0.0\n").unwrap_err();
        assert!(err.to_string().ends_with("HTTP client `ureq`"), "{err}");
    }
}
