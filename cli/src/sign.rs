//! `plugsmith sign`: puts a signature into a module, or into a file beside it.

use std::path::{Path, PathBuf};

use clap::Args;
use plugsmith_signature::{SecretKey, SignError, sign, sign_detached, without_signatures};
use serde_json::json;

use crate::{
    exit::Exit,
    failure::Failure,
    module_file,
    output::{self, Output, style::DIM},
    trust,
};

/// Signs a module, so that others can tell that it comes from you.
///
/// The signature is put into the module, which stays the same for whoever runs it, or into a file beside it.
/// A module can have several. `plugsmith verify` tells who signed one, and `--verify-key`, of all commands
/// that load plug-ins, refuses what nobody signed who is trusted. The format is that of the WebAssembly tool
/// conventions, with keys of Ed25519, so other tools can tell, too.
#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The file of the module, which is replaced by the signed one.
    #[arg(value_name = "MODULE", required_unless_present = "new_key")]
    module: Option<PathBuf>,
    /// Signs with the secret key in a file that only you can read: one of OpenSSH, as `ssh-keygen -t ed25519`
    /// makes it without a passphrase, or of OpenSSL.
    #[arg(long, value_name = "FILE", required_unless_present = "new_key")]
    key: Option<PathBuf>,
    /// Makes a key first, and beside it FILE.pub, which is for those who are to trust you.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    new_key: Option<PathBuf>,
    /// Writes the signature to a file of its own, MODULE.sig, and leaves the module as it is.
    #[arg(long)]
    detached: bool,
    /// Writes to this file instead.
    #[arg(short, long, value_name = "FILE", requires = "module")]
    output: Option<PathBuf>,
    /// Takes off the signatures that are there.
    #[arg(long)]
    replace: bool,
}

impl Sign {
    /// Makes a key, if one is wanted, and signs.
    ///
    /// # Errors
    ///
    /// If the key is of no use, the module is none, or a file cannot be read or written.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let key = self.key()?;
        let signed = self.module.as_deref().map(|path| self.sign(path, &key)).transpose()?;
        // Only now, so that a command which fails leaves no key behind.
        if let Some(path) = &self.new_key {
            key.write_files(path).map_err(trust::key_failure)?;
        }
        if let Some(Signed { path, bytes }) = &signed {
            module_file::replace(path, bytes)?;
        }
        let key_id = key.public_key().id();
        if output.is_json() {
            output::print_json(&json!({
                "path": signed.map(|signed| signed.path),
                "key_id": key_id.to_string(),
                "public_key": key.public_key().to_openssh("").trim_end(),
            }))?;
            return Ok(Exit::Success);
        }
        if let Some(path) = &self.new_key {
            let path = path.display();
            output::print(&format!(
                "{path} {DIM}stays with you{DIM:#}\n{path}.pub {DIM}is for others{DIM:#}\n"
            ))?;
        }
        if let Some(Signed { path, .. }) = signed {
            output::print(&format!("{} {DIM}signed by key {key_id}{DIM:#}\n", path.display()))?;
        }
        Ok(Exit::Success)
    }

    fn key(&self) -> Result<SecretKey, Failure> {
        match &self.key {
            Some(path) => SecretKey::from_file(path).map_err(trust::key_failure),
            None => SecretKey::generate()
                .map_err(|err| Failure::new(Exit::Input, "cannot make a key").with_cause(err)),
        }
    }

    /// Signs a module, and returns what is to be written.
    fn sign(&self, path: &Path, key: &SecretKey) -> Result<Signed, Failure> {
        let failed = |err| sign_failure(path, err);
        let wasm = module_file::read(path)?;
        let default_target = || {
            if self.detached { module_file::signatures_path(path) } else { path.to_owned() }
        };
        let target = self.output.clone().unwrap_or_else(default_target);
        let bytes = if self.detached {
            let there = if self.replace { None } else { signatures_at(&target)? };
            sign_detached(&wasm, there.as_deref(), key).map_err(failed)?
        } else if self.replace {
            let bare = without_signatures(&wasm).map_err(|err| failed(err.into()))?;
            sign(&bare, key).map_err(failed)?
        } else {
            sign(&wasm, key).map_err(failed)?
        };
        Ok(Signed { path: target, bytes })
    }
}

/// What a file is to hold.
struct Signed {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Reads the signatures that one more is added to.
fn signatures_at(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match path.try_exists() {
        Ok(false) => Ok(None),
        Ok(true) | Err(_) => module_file::read_signatures(path).map(Some),
    }
}

fn sign_failure(path: &Path, err: SignError) -> Failure {
    let help = match &err {
        SignError::Module(_) => {
            "a signature is of one module in binary form: `plugsmith build` makes those, and those that a \
             manifest names are signed one by one"
        }
        SignError::Stale => {
            "the module was changed after it was signed: `--replace` takes old signatures off"
        }
        _ => "`--replace` takes the signatures off that are there",
    };
    let failure = Failure::new(Exit::Input, format!("cannot sign `{}`", path.display()));
    failure.with_help(help).with_cause(err)
}
