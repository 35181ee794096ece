//! The checkout: where it lies, where cargo builds, which packages it has, and running programs.
//!
//! All facts come from `cargo metadata`, so that a moved target directory is respected.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// The workspace that this tool was started for.
pub(crate) struct Workspace {
    /// The folder of the top-level `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    /// The workspace's own packages.
    pub(crate) packages: Vec<Package>,
}

/// One package of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder, relative to the root, with `/` between the parts.
    pub(crate) folder: String,
    pub(crate) targets: Vec<Target>,
    pub(crate) dependencies: Vec<Dependency>,
    /// Whether it has features that are on unless they are switched off.
    pub(crate) has_default_features: bool,
    /// What it asks to be compiled for, if it is a plug-in: `package.metadata.guest.targets`.
    pub(crate) guest_targets: Vec<String>,
}

/// Something that cargo compiles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// `lib`, `cdylib`, `bin`, `test`, …
    pub(crate) kinds: Vec<String>,
    /// Its root file, relative to the workspace's root.
    pub(crate) source: String,
}

/// A package that another one names in its `Cargo.toml`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Whether only tests need it.
    pub(crate) dev: bool,
}

impl Workspace {
    /// Asks cargo about the workspace.
    ///
    /// # Errors
    ///
    /// If cargo cannot be run or does not answer as documented.
    pub(crate) fn find() -> Result<Self> {
        let folder = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let text = output(
            Command::new(cargo())
                .args(["metadata", "--format-version=1", "--no-deps"])
                .current_dir(folder),
        )?;
        let metadata: Value =
            serde_json::from_str(&text).context("reading what `cargo metadata` said")?;
        Self::from_metadata(&metadata).context("`cargo metadata` lacks a field")
    }

    /// A cargo command that runs at the root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo());
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// The folder that holds the built plug-ins.
    pub(crate) fn guests(&self) -> PathBuf {
        self.target.join("guests")
    }

    fn from_metadata(metadata: &Value) -> Option<Self> {
        let root = PathBuf::from(metadata["workspace_root"].as_str()?);
        let target = PathBuf::from(metadata["target_directory"].as_str()?);
        let packages = metadata["packages"]
            .as_array()?
            .iter()
            .map(|package| Package::from_metadata(&root, package))
            .collect::<Option<_>>()?;
        Some(Self { root, target, packages })
    }
}

impl Package {
    fn from_metadata(root: &Path, package: &Value) -> Option<Self> {
        let manifest = Path::new(package["manifest_path"].as_str()?);
        let targets = package["targets"].as_array()?.iter().map(|target| {
            Some(Target {
                name: target["name"].as_str()?.to_owned(),
                kinds: strings(&target["kind"])?,
                source: relative(root, Path::new(target["src_path"].as_str()?)),
            })
        });
        let dependencies = package["dependencies"].as_array()?.iter().map(|dependency| {
            Some(Dependency {
                name: dependency["name"].as_str()?.to_owned(),
                dev: dependency["kind"].as_str() == Some("dev"),
            })
        });
        Some(Self {
            name: package["name"].as_str()?.to_owned(),
            folder: relative(root, manifest.parent()?),
            targets: targets.collect::<Option<_>>()?,
            dependencies: dependencies.collect::<Option<_>>()?,
            has_default_features: package["features"]["default"]
                .as_array()
                .is_some_and(|features| !features.is_empty()),
            guest_targets: strings(&package["metadata"]["guest"]["targets"]).unwrap_or_default(),
        })
    }
}

/// The cargo that started this tool.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs a program with this terminal and waits for its success.
///
/// # Errors
///
/// If it cannot be started or fails; the message names the command line.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", line(command));
    }
    Ok(())
}

/// Runs a program and returns what it printed.
///
/// # Errors
///
/// If it cannot be started, fails, or prints something that is not UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("starting `{}`", line(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}\n{}", line(command), output.status, said.trim_end());
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` printed something that is not UTF-8", line(command)))
}

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or(program.as_os_str()).to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}

fn relative(root: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(root).unwrap_or(path).components();
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| Some(item.as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_becomes_packages() {
        let metadata = json!({
            "workspace_root": "/src",
            "target_directory": "/build",
            "packages": [{
                "name": "discount",
                "manifest_path": "/src/examples/guests/rust/discount/Cargo.toml",
                "features": { "default": ["fast"], "fast": [] },
                "metadata": { "guest": { "targets": ["wasm32-wasip1"] } },
                "targets": [{
                    "name": "discount",
                    "kind": ["cdylib"],
                    "src_path": "/src/examples/guests/rust/discount/src/lib.rs",
                }],
                "dependencies": [
                    { "name": "plugsmith-pdk", "kind": null },
                    { "name": "proptest", "kind": "dev" },
                ],
            }],
        });
        let workspace = Workspace::from_metadata(&metadata).expect("the fields are all there");
        assert_eq!(workspace.guests(), Path::new("/build/guests"));
        let [package] = &workspace.packages[..] else { panic!("one package was given") };
        assert_eq!(package.folder, "examples/guests/rust/discount");
        assert_eq!(package.targets[0].source, "examples/guests/rust/discount/src/lib.rs");
        let dev: Vec<_> = package.dependencies.iter().map(|dependency| dependency.dev).collect();
        assert_eq!(dev, [false, true]);
        assert!(package.has_default_features);
        assert_eq!(package.guest_targets, ["wasm32-wasip1"]);
    }

    #[test]
    fn metadata_without_a_field_is_refused() {
        assert!(Workspace::from_metadata(&json!({ "workspace_root": "/src" })).is_none());
    }

    #[test]
    fn a_failing_program_is_an_error_with_its_command_line() {
        let err = output(Command::new(cargo()).arg("no-such-subcommand")).unwrap_err();
        assert!(err.to_string().starts_with("`cargo no-such-subcommand` failed"), "{err}");
    }
}
