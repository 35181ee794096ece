//! Plug-ins of which every module has to be signed by a key that is trusted, before anything else is done with
//! them.
//!
//! Invariant: what is loaded are the bytes that were verified. Files stay files, which can be watched, with the
//! hash of those bytes; all else becomes those bytes.

use std::path::PathBuf;

use plugsmith::{Manifest, ModuleBytes, Wasm, WasmInput};
use plugsmith_signature::PublicKey;
use sha2::{Digest as _, Sha256};

use crate::{exit::Exit, failure::Failure, trust};

/// Refuses a manifest unless each of its modules is signed by one of these keys, if there are any.
///
/// # Errors
///
/// If a key is of no use, a module cannot be read, or is not signed as it has to be.
pub(super) fn require(manifest: &mut Manifest, key_paths: &[PathBuf]) -> Result<(), Failure> {
    if key_paths.is_empty() {
        return Ok(());
    }
    let keys = trust::read_keys(key_paths)?;
    let modules = WasmInput::from(&*manifest).into_modules()?;
    for (module, wasm) in modules.into_iter().zip(&mut manifest.wasm) {
        pin(module, wasm, &keys)?;
    }
    Ok(())
}

/// Verifies a module, and has nothing else taken for it.
fn pin(module: ModuleBytes, wasm: &mut Wasm, keys: &[PublicKey]) -> Result<(), Failure> {
    let path = match wasm {
        Wasm::File { path, .. } => Some(path.as_path()),
        Wasm::Data { .. } | Wasm::Url { .. } => None,
    };
    let ModuleBytes { name, bytes, .. } = module;
    trust::signers(&bytes, path, keys)
        .map_err(|refusal| refusal.into_failure(Exit::Load, &format!("module `{name}`")))?;
    if path.is_some() {
        wasm.meta_mut().hash = Some(format!("{:x}", Sha256::digest(&bytes)));
    } else {
        *wasm = Wasm::data(bytes).with_name(name);
    }
    Ok(())
}
