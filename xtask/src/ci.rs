//! `cargo xtask ci`: everything that must pass before a change is merged.
//!
//! Cheap checks come first. The tests come last, so that the output ends with their summaries.

use anyhow::{Result, bail};

use crate::{
    carts, examples, fuzz, kernel, man, models, oldest_compiler,
    progress::Progress,
    screens, supply, test, tidy,
    workspace::{self, Package, Workspace},
};

/// The package that a host program depends on.
const HOST: &str = "plugsmith";

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

/// What was slow to check, slow to compile, or both, on the first run.
const SLOW: &str = "the first run reads the WebAssembly engine and takes some minutes on two cores";

/// Runs everything.
///
/// # Errors
///
/// The first check that fails.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let n_steps = test::N_STEPS_BEFORE + fuzz::N_SHORT_STEPS + screens::N_STEPS + man::N_STEPS + 16;
    let mut progress = Progress::new(n_steps);

    progress.step("Checking the lock file and the format", "");
    let metadata = ["metadata", "--locked", "--format-version=1"];
    workspace::output(&mut workspace.cargo(&metadata))?;
    workspace::run(&mut workspace.cargo(&["fmt", "--all", "--check"]))?;

    progress.step("Checking shapes, directions and generated data", "");
    tidy::run(workspace)?;
    carts::run(workspace, true)?;

    progress.step("Checking what comes from outside", "");
    supply::run(workspace)?;
    progress.step("Building with the oldest compiler", "");
    oldest_compiler::run(workspace, &progress)?;

    progress.step("Trying every order in which threads can meet", "");
    models::lint(workspace)?;
    models::run(workspace, &[])?;

    progress.step("Linting with default features", SLOW);
    lint(workspace, &strings(&["--workspace"]))?;
    progress.step("Linting with all features", "");
    lint(workspace, &strings(&["--workspace", "--all-features"]))?;
    progress.step("Linting with no features", "");
    for selection in without_features(&workspace.packages) {
        lint(workspace, &selection)?;
    }

    progress.step("Building the documentation", "");
    document(workspace)?;

    progress.step("Looking for an HTTP client where none may be", "");
    refuse_http(&tree_without_features(workspace)?)?;

    let needs = test::prepare(workspace, &mut progress)?;

    progress.step("Rebuilding the kernel", "");
    kernel::run(true)?;

    fuzz::shortly(workspace, &mut progress)?;

    examples::build(workspace, &mut progress)?;
    examples::compare(workspace, &mut progress, false)?;
    screens::compare(workspace, &mut progress)?;
    man::write(workspace, &mut progress)?;

    progress.step("Running the tests with no features", "");
    for selection in without_features(&workspace.packages) {
        workspace::run(test::command(workspace, &needs).arg("--quiet").args(selection))?;
    }
    progress.step("Running the tests with all features", "");
    let mut all = test::command(workspace, &needs);
    workspace::run(all.args(["--quiet", "--workspace", "--all-features"]))?;

    test::all(workspace, &mut progress, &needs, &[])
}

fn lint(workspace: &Workspace, selection: &[String]) -> Result<()> {
    let mut command = workspace.cargo(&["clippy", "--quiet", "--all-targets"]);
    workspace::run(command.args(selection).args(["--", "--deny=warnings"]))
}

fn document(workspace: &Workspace) -> Result<()> {
    // There are no examples in cargo's sense. Naming them makes cargo resolve the features of
    // dependencies as for the lints, so that the engine is not read a second time.
    let arguments = ["doc", "--quiet", "--workspace", "--lib", "--examples", "--no-deps"];
    workspace::run(workspace.cargo(&arguments).env("RUSTDOCFLAGS", "--deny=warnings"))
}

/// The selections of packages that are checked without features.
///
/// Cargo unites the features that selected packages want of each other. The examples, the command and its
/// server, the guide, the comparison and the benchmark want defaults, so they are left out. A package whose
/// features others want, too, is checked once more by itself.
/// The host is not, because by itself it would have the engine compiled once more.
fn without_features(packages: &[Package]) -> Vec<Vec<String>> {
    let mut together = strings(&["--no-default-features", "--workspace"]);
    let is_example = |package: &&Package| {
        ["bench", "cli", "compat", "docs", "examples", "serve", "soak"]
            .iter()
            .any(|folder| package.folder.starts_with(folder))
    };
    let excluded = packages.iter().filter(is_example);
    together.extend(excluded.map(|package| format!("--exclude={}", package.name)));
    let alone = packages.iter().filter(|package| {
        package.has_default_features && package.name != HOST && !is_example(package)
    });
    let alone = alone.map(|package| {
        vec!["--no-default-features".to_owned(), format!("--package={}", package.name)]
    });
    [together].into_iter().chain(alone).collect()
}

fn tree_without_features(workspace: &Workspace) -> Result<String> {
    let mut command = workspace.cargo(&["tree", "--no-default-features", "--prefix=none"]);
    workspace::output(command.args(["--edges=normal,build", "--package", HOST]))
}

/// Refuses a dependency tree that names an HTTP client.
fn refuse_http(tree: &str) -> Result<()> {
    for line in tree.lines() {
        let name = line.split_whitespace().next().unwrap_or_default();
        if HTTP_CLIENTS.contains(&name) {
            bail!("`{HOST}` without default features depends on the HTTP client `{name}`");
        }
    }
    Ok(())
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_features_means_apart_from_those_who_want_them() {
        let rows = [
            ("plugsmith", "runtime", true),
            ("plugsmith-convert", "convert", true),
            ("plugsmith-manifest", "manifest", false),
            ("plugsmith-examples", "examples", false),
            ("discount", "examples/guests/rust/discount", false),
            ("plugsmith-compat", "compat", false),
        ];
        let packages = rows.map(|(name, folder, has_default_features)| Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            has_default_features,
            ..Package::default()
        });
        let lines: Vec<_> =
            without_features(&packages).iter().map(|selection| selection.join(" ")).collect();
        let expected = [
            "--no-default-features --workspace --exclude=plugsmith-examples --exclude=discount \
             --exclude=plugsmith-compat",
            "--no-default-features --package=plugsmith-convert",
        ];
        assert_eq!(lines, expected);
    }

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
