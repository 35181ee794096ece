//! Signs WebAssembly modules, and tells who signed one: Ed25519, in the format that the WebAssembly tool
//! conventions have for module signatures, in the module or in a file of its own.
//!
//! A signed module is the same module, with a custom section `signature` in front, which no runtime looks
//! at. Whoever loads it asks first which of the keys that they trust have signed it, and loads the very
//! bytes that were asked about:
//!
//! ```
//! use plugsmith_signature::{PublicKey, SecretKey, VerifyError, sign, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The vendor, once; `SecretKey::from_file` reads what `ssh-keygen -t ed25519` makes, too.
//! let secret = SecretKey::generate()?;
//! let shipped = sign(b"\0asm\x01\0\0\0", &secret)?;
//!
//! // The host, which was given the public key by the vendor.
//! let vendor = PublicKey::parse(secret.public_key().to_openssh("vendor").as_bytes())?;
//! let signers = verify(&shipped, std::slice::from_ref(&vendor))?;
//! assert_eq!(signers, [&vendor]);
//!
//! // Whatever was done to the module since.
//! let changed = [&shipped, &b"\0\x03\x02hi"[..]].concat();
//! assert!(matches!(verify(&changed, &[vendor]), Err(VerifyError::Changed { .. })));
//! # Ok(())
//! # }
//! ```
//!
//! A signature says that somebody who had the key meant these bytes. It does not say that they are harmless,
//! nor that there are no newer ones; and it covers a module, not the manifest that names it.
//!
//! No count and no length that is read from a module makes anything larger than the module.

#![forbid(unsafe_code)]

mod hex;
mod key;
mod key_file;
mod module;
mod reader;
mod sign;
mod signature_data;
mod verify;

pub use crate::{
    key::{KeyId, KeyMistake, PublicKey, SecretKey},
    key_file::KeyError,
    module::ModuleError,
    sign::{SignError, sign, sign_detached, without_signatures},
    signature_data::FormatError,
    verify::{VerifyError, claimed_signers, verify, verify_detached},
};
