//! What a module declares that the engine does not tell: its memories, exported or not.

use wasmparser::{Parser, Payload};

use plugsmith_kernel::layout::MAX_PAGES as KERNEL_MAX_PAGES;

use crate::{error::LoadError, limits::PAGE_BYTES};

/// Returns the pages of memory that a valid module declares to start with.
///
/// # Errors
///
/// [`LoadError::ReservedMemory`] if it declares a memory that `limits` would take for the kernel's,
/// [`LoadError::InvalidModule`] if it cannot be read.
pub(crate) fn initial_pages(module: &str, bytes: &[u8]) -> Result<u64, LoadError> {
    let invalid = |err: wasmparser::BinaryReaderError| LoadError::InvalidModule {
        module: module.to_owned(),
        source: err.into(),
    };
    let mut pages = 0_u64;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let memory = memory.map_err(invalid)?;
                    if memory.maximum == Some(u64::from(KERNEL_MAX_PAGES)) {
                        return Err(LoadError::ReservedMemory {
                            module: module.to_owned(),
                            pages: KERNEL_MAX_PAGES,
                        });
                    }
                    pages = pages.saturating_add(memory.initial);
                }
            }
            // Nothing behind it declares a memory.
            Payload::CodeSectionStart { .. } => break,
            _ => {}
        }
    }
    Ok(pages)
}

/// Refuses modules whose memories exceed the limit before they run.
///
/// # Errors
///
/// [`LoadError::MemoryLimit`].
pub(crate) fn check_initial_pages(needed: u64, limit: Option<u32>) -> Result<(), LoadError> {
    match limit {
        Some(limit) if needed > u64::from(limit) => Err(LoadError::MemoryLimit { needed, limit }),
        _ => Ok(()),
    }
}

const _: () = assert!(PAGE_BYTES == 1 << 16, "memories of other page sizes are not switched on");
