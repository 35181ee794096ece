//! A plug-in by its reference: out of the store if it is there, else from the registry, and then kept.
//!
//! Invariant: what is returned has the digest that it is returned with, wherever it came from; and nothing
//! is in the store that came wrong or in part.

use clap::Args;

use super::{
    Access, Reference, Registry, RegistryOptions, Store,
    artifact::{Descriptor, MANIFEST},
    digest::Digest,
    download::MANIFEST_LIMIT,
    error::RegistryError,
};
use crate::{failure::Failure, output::Output};

/// How plug-ins are fetched.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Registry")]
pub(crate) struct FetchOptions {
    #[command(flatten)]
    pub(crate) registry: RegistryOptions,
    /// Limits the size of the module, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20)]
    module_max: u64,
}

/// A plug-in that was fetched.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The digest by which it can be had again.
    pub(crate) digest: Digest,
    pub(crate) module: Vec<u8>,
}

impl FetchOptions {
    /// Fetches what a reference stands for.
    ///
    /// # Errors
    ///
    /// If it cannot be had, or is not what the reference says.
    pub(crate) fn fetch(
        &self,
        reference: &Reference,
        store: Option<&Store>,
        output: &Output,
    ) -> Result<Fetched, Failure> {
        let stored = reference.digest.zip(store).and_then(|(digest, store)| {
            let module = self.stored(digest, store, output)?;
            Some(Fetched { digest, module })
        });
        match stored {
            Some(fetched) => Ok(fetched),
            None => self.download(reference, store, output),
        }
    }

    /// Returns the digest that a reference stands for today.
    ///
    /// # Errors
    ///
    /// If the registry does not say.
    pub(crate) fn resolve(&self, reference: &Reference) -> Result<Digest, Failure> {
        Ok(Registry::new(reference, Access::Pull, &self.registry)?.find(reference)?.digest)
    }

    /// Looks for both the manifest and the module in the store.
    fn stored(&self, digest: Digest, store: &Store, output: &Output) -> Option<Vec<u8>> {
        let manifest = store.read(digest, MANIFEST_LIMIT, output)?;
        let module = Descriptor::of_module(&manifest, MANIFEST).ok()?;
        if module.size > self.module_max {
            return None;
        }
        store.read(module.digest, module.size, output)
    }

    fn download(
        &self,
        reference: &Reference,
        store: Option<&Store>,
        output: &Output,
    ) -> Result<Fetched, Failure> {
        let mut registry = Registry::new(reference, Access::Pull, &self.registry)?;
        let found = registry.find(reference)?;
        if found.module.size > self.module_max {
            let limit = self.module_max;
            return Err(RegistryError::TooLarge { part: "module", limit }.into());
        }
        let progress = output.transfer_progress("Pulling", found.module.size);
        let module = match store {
            None => {
                let mut module = Vec::new();
                registry.download(&found.module, &mut module, &progress).map(|()| module)
            }
            Some(store) => {
                let digest = found.module.digest;
                store.read(digest, found.module.size, output).map_or_else(
                    || {
                        let mut file = store.begin(digest).map_err(RegistryError::Keep)?;
                        registry.download(&found.module, &mut file, &progress)?;
                        file.finish(&store.path(digest)).map_err(RegistryError::Keep)?;
                        let module = store.read(digest, found.module.size, output);
                        module
                            .ok_or_else(|| RegistryError::Keep(std::io::ErrorKind::NotFound.into()))
                    },
                    Ok,
                )
            }
        };
        progress.finish_and_clear();
        let module = module?;
        if let Some(store) = store {
            // The last, so that what it names is there.
            store.write(found.digest, &found.manifest).map_err(RegistryError::Keep)?;
        }
        Ok(Fetched { digest: found.digest, module })
    }
}
