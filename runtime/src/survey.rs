//! What a module declares that the engine does not tell, or not before it has compiled it: its memories,
//! exported or not, and whether its instances fit a seat.

use wasmparser::{BinaryReaderError, Parser, Payload};

use plugsmith_kernel::layout::MAX_PAGES as KERNEL_MAX_PAGES;

use crate::{
    engine::{INSTANCE_BYTES_LIMIT, MEMORIES_PER_SEAT, TABLE_ELEMENTS_ON_SEAT, TABLES_PER_SEAT},
    error::LoadError,
    limits::PAGE_BYTES,
    source::NamedModule,
};

/// More than the engine's own data of an instance has for anything that the module declares. Tables and
/// functions take the most.
const BYTES_PER_DECLARATION: u64 = 64;

/// More than it has besides: for what the kernel declares, and for as many pieces of data as the parser
/// lets any module have. Those stand behind the code, where nobody has to look then.
const BYTES_BESIDES: u64 = 2 << 20;

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
    let invalid = |err: BinaryReaderError| LoadError::InvalidModule {
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

/// Says whether instances of a module that the kernel becomes part of fit a seat. For a module that cannot
/// be read it does not matter.
pub(crate) fn fits_seat(module: &[u8]) -> bool {
    Declared::read(module).is_ok_and(|declared| declared.fits_seat())
}

/// What takes room of an instance.
#[derive(Default)]
struct Declared {
    n_memories: u64,
    n_tables: u64,
    longest_table: u64,
    n_others: u64,
}

impl Declared {
    fn read(module: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut declared = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            declared.n_others += u64::from(match payload? {
                Payload::ImportSection(section) => section.count(),
                Payload::FunctionSection(section) => section.count(),
                Payload::GlobalSection(section) => section.count(),
                Payload::TagSection(section) => section.count(),
                Payload::ElementSection(section) => section.count(),
                Payload::MemorySection(section) => {
                    declared.n_memories += u64::from(section.count());
                    0
                }
                Payload::TableSection(section) => {
                    declared.n_tables += u64::from(section.count());
                    for table in section {
                        declared.longest_table = declared.longest_table.max(table?.ty.initial);
                    }
                    0
                }
                Payload::CodeSectionStart { .. } => break,
                _ => 0,
            });
        }
        Ok(declared)
    }

    fn fits_seat(&self) -> bool {
        let n_declared = self.n_memories + self.n_tables + self.n_others;
        let n_bytes = n_declared * BYTES_PER_DECLARATION + BYTES_BESIDES;
        // Of the memories, one is the kernel's, and one for objects that are garbage-collected.
        self.n_memories + 2 <= u64::from(MEMORIES_PER_SEAT)
            && self.n_tables <= u64::from(TABLES_PER_SEAT)
            && self.longest_table <= TABLE_ELEMENTS_ON_SEAT
            && n_bytes <= INSTANCE_BYTES_LIMIT as u64
    }
}

const _: () = assert!(PAGE_BYTES == 1 << 16, "memories of other page sizes are not switched on");

#[cfg(test)]
mod tests {
    use wasmtime::Module;

    use super::*;
    use crate::{
        builder::Options,
        engine::{Codegen, Places, SharedEngine},
        fuse,
    };

    #[test]
    fn what_fits_a_seat_is_what_the_engine_takes() {
        let engine =
            SharedEngine::of(&Options::default(), Codegen::Optimizing, Places::Seats).unwrap();
        assert!(engine.has_seats());
        let function = r#"(import "extism:host/user" "f" (func))"#;
        let n_functions = (INSTANCE_BYTES_LIMIT as u64 - BYTES_BESIDES) / BYTES_PER_DECLARATION;
        let functions = |n: u64| function.repeat(usize::try_from(n).unwrap());
        let table = |n: u64| format!("(table {n} funcref)");
        for (items, expected) in [
            (String::new(), true),
            ("(memory 1)".to_owned(), true),
            ("(memory 1)".repeat(2), false),
            (table(1).repeat(4), true),
            (table(1).repeat(5), false),
            (table(TABLE_ELEMENTS_ON_SEAT), true),
            (table(TABLE_ELEMENTS_ON_SEAT + 1), false),
            (functions(n_functions), true),
        ] {
            let bytes = wat::parse_str(format!("(module {items})")).unwrap();
            assert_eq!(fits_seat(&bytes), expected);
            let fused = fuse::fuse(&bytes).unwrap();
            let taken = Module::new(&engine.engine, &fused.bytes);
            assert_eq!(taken.is_ok(), expected, "{taken:?}");
        }
        // From here on the engine would take some more.
        let bytes = wat::parse_str(format!("(module {})", functions(n_functions + 1))).unwrap();
        assert!(!fits_seat(&bytes));
    }
}
