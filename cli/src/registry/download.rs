//! From a registry: the manifest, and then the module, each of which is what its digest says, or nothing.

use std::io::Write;

use indicatif::ProgressBar;
use ureq::http::{HeaderName, Method, StatusCode, header};

use super::{
    Registry,
    artifact::{Descriptor, MANIFEST, MANIFESTS},
    digest::{Digest, Hashing},
    error::RegistryError,
    reference::Reference,
    transport::Question,
};

/// The largest manifest, in bytes: what the distribution specification asks registries to take.
pub(super) const MANIFEST_LIMIT: u64 = 4 << 20;

/// In which a registry says which digest it has for what it gives or takes.
pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// What a reference stands for in a registry.
#[derive(Debug)]
pub(crate) struct Found {
    /// The digest of the manifest.
    pub(crate) digest: Digest,
    pub(crate) manifest: Vec<u8>,
    /// What the manifest says of the module.
    pub(crate) module: Descriptor<'static>,
}

impl Registry {
    /// Finds out what a reference stands for.
    ///
    /// # Errors
    ///
    /// If the registry has nothing of that name, or no plug-in.
    pub(crate) fn find(&mut self, reference: &Reference) -> Result<Found, RegistryError> {
        let name = reference.asked_for();
        let answer = self.ask(&Question {
            method: Method::GET,
            url: self.url(&format!("manifests/{name}")),
            accept: Some(MANIFESTS.join(", ")),
            content: None,
        })?;
        if answer.status() != StatusCode::OK {
            return Err(self.refused(answer, &name));
        }
        let media_type = answer.header(header::CONTENT_TYPE).unwrap_or(MANIFEST);
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        let said = answer.header(CONTENT_DIGEST).and_then(Digest::parse);
        let manifest = answer.read("manifest", MANIFEST_LIMIT)?;
        let digest = Digest::of(&manifest);
        for expected in [reference.digest, said].into_iter().flatten() {
            expect_digest("manifest", expected, digest)?;
        }
        let module = Descriptor::of_module(&manifest, &media_type)?;
        Ok(Found { digest, manifest, module })
    }

    /// Downloads a module to `into`. On failure some of it may be there: then none of it is to be used.
    ///
    /// # Errors
    ///
    /// If it does not come, is not what was asked for, or cannot be written.
    pub(crate) fn download(
        &mut self,
        module: &Descriptor<'_>,
        into: &mut dyn Write,
        progress: &ProgressBar,
    ) -> Result<(), RegistryError> {
        const PART: &str = "module";
        let name = module.digest.to_string();
        let answer = self.ask(&Question {
            method: Method::GET,
            url: self.url(&format!("blobs/{name}")),
            accept: None,
            content: None,
        })?;
        if answer.status() != StatusCode::OK {
            return Err(self.refused(answer, &name));
        }
        let size = |actual| RegistryError::Size { part: PART, expected: module.size, actual };
        if let Some(len) = answer.len().filter(|len| *len != module.size) {
            return Err(size(len));
        }
        let mut hashing = Hashing::new(into);
        // One more than there should be shows that there are more.
        answer.read_pieces(module.size.saturating_add(1), |piece| {
            progress.inc(piece.len() as u64);
            hashing.write_all(piece).map_err(RegistryError::Keep)
        })?;
        if hashing.n_bytes() > module.size {
            return Err(RegistryError::Longer { part: PART, expected: module.size });
        }
        if hashing.n_bytes() < module.size {
            return Err(size(hashing.n_bytes()));
        }
        expect_digest(PART, module.digest, hashing.digest())
    }
}

pub(super) fn expect_digest(
    part: &'static str,
    expected: Digest,
    actual: Digest,
) -> Result<(), RegistryError> {
    if actual == expected {
        return Ok(());
    }
    Err(RegistryError::Digest { part, expected, actual })
}
