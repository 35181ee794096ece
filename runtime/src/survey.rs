//! What a module declares that the engine does not tell: its memories, exported or not.

use wasmparser::{Parser, Payload};

use plugsmith_kernel::layout::MAX_PAGES as KERNEL_MAX_PAGES;

use crate::{error::LoadError, limits::PAGE_BYTES, source::NamedModule};

/// Refuses valid modules whose memories together exceed the limit before they run.
///
/// # Errors
///
/// [`LoadError::MemoryLimit`], [`LoadError::ReservedMemory`] if a module declares a memory that `limits`
/// would take for the kernel's, [`LoadError::InvalidModule`] if one cannot be read.
pub(crate) fn check_memories(
    modules: &[NamedModule<'_>],
    limit: Option<u32>,
) -> Result<(), LoadError> {
    let mut needed = 0_u64;
    for NamedModule { name, bytes, .. } in modules {
        needed = needed.saturating_add(initial_pages(name, bytes)?);
    }
    match limit {
        Some(limit) if needed > u64::from(limit) => Err(LoadError::MemoryLimit { needed, limit }),
        _ => Ok(()),
    }
}

/// Returns the pages of memory that a module declares to start with.
fn initial_pages(module: &str, bytes: &[u8]) -> Result<u64, LoadError> {
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

const _: () = assert!(PAGE_BYTES == 1 << 16, "memories of other page sizes are not switched on");
