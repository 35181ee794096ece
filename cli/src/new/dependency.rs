//! What a project depends on: the registry's package, or one of a checkout.
//!
//! A program that lies in a checkout makes projects that depend on it, so that whoever compiled this program
//! can go on without a registry.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use serde_json::json;

use crate::{
    exit::Exit,
    failure::Failure,
    output::{Output, style::DIM},
};

/// A package that projects depend on.
pub(super) struct Package {
    name: &'static str,
    /// Its folder in a checkout, and the option that names it.
    folder: &'static str,
}

pub(super) const PDK: Package = Package { name: "plugsmith-pdk", folder: "pdk" };
pub(super) const RUNTIME: Package = Package { name: "plugsmith", folder: "runtime" };

impl Package {
    /// Returns what stands behind the name of a dependency in `Cargo.toml`. What depends on the registry is
    /// told, since the package of a checkout may be meant.
    ///
    /// # Errors
    ///
    /// If a folder is given that has no such package.
    pub(super) fn requirement(
        &self,
        folder: Option<&Path>,
        output: &Output,
    ) -> Result<String, Failure> {
        let folder = match folder {
            Some(folder) => Some(self.check(folder)?),
            None => self.beside_program(),
        };
        let Some(folder) = folder else {
            let Self { name, folder } = self;
            output.note(&format!(
                "{DIM}It will depend on `{name}` of the registry; `--{folder} FOLDER` names a checkout's.{DIM:#}"
            ));
            return Ok("\"0.1\"".to_owned());
        };
        let path = std::path::absolute(&folder).unwrap_or(folder);
        let path = path.to_str().ok_or_else(|| {
            self.refuse(format!("`{}` is not UTF-8, so it cannot stand in a file", path.display()))
        })?;
        // A text of JSON is one of TOML, too.
        Ok(format!("{{ path = {} }}", json!(path)))
    }

    /// Returns the folder if it holds the package.
    fn check(&self, folder: &Path) -> Result<PathBuf, Failure> {
        match self.is_in(folder) {
            Ok(true) => Ok(folder.to_path_buf()),
            Ok(false) => {
                let message = format!("`{}` is not the package `{}`", folder.display(), self.name);
                Err(self.refuse(message))
            }
            Err(err) => {
                let manifest = folder.join("Cargo.toml");
                let message = format!("cannot read `{}`", manifest.display());
                Err(self.refuse(message).with_cause(err))
            }
        }
    }

    /// Returns the package's folder in the checkout in which this program lies, if it lies in one.
    fn beside_program(&self) -> Option<PathBuf> {
        let program = env::current_exe().ok()?;
        let mut folders = program.ancestors().map(|above| above.join(self.folder));
        folders.find(|folder| self.is_in(folder).unwrap_or(false))
    }

    fn refuse(&self, message: String) -> Failure {
        let help = format!("name the folder of a checkout that holds the package `{}`", self.name);
        Failure::new(Exit::Input, message).with_help(help)
    }

    /// Says whether a folder holds the package.
    fn is_in(&self, folder: &Path) -> io::Result<bool> {
        let text = fs::read_to_string(folder.join("Cargo.toml"))?;
        Ok(text.lines().any(|line| line == format!("name = \"{}\"", self.name)))
    }
}
