//! From the module that the linker wrote to the one that the host carries.
//!
//! Code, functions and types are kept byte for byte. The rest is written anew: the kernel's memory
//! with its own limits, the one global that rustc cannot express, and the exports of the guest ABI in
//! a fixed order. What the host relies on is checked rather than assumed: no import, data, table,
//! start function or linker's global is used, and no instruction traps on purpose.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use wasm_encoder::{
    ConstExpr, ExportKind, ExportSection, GlobalSection, GlobalType, HeapType, MemorySection,
    MemoryType, Module, RawSection, RefType, SectionId, ValType,
};
use wasmparser::{ExternalKind, KnownCustom, Operator, Parser, Payload, Validator, WasmFeatures};

/// The functions that a guest can import, in the order in which the kernel exports them.
const FUNCTIONS: [&str; 20] = [
    "alloc",
    "free",
    "length",
    "length_unsafe",
    "load_u8",
    "load_u64",
    "store_u8",
    "store_u64",
    "input_set",
    "input_offset",
    "input_length",
    "input_load_u8",
    "input_load_u64",
    "output_set",
    "output_offset",
    "output_length",
    "error_set",
    "error_get",
    "reset",
    "memory_bytes",
];

/// The memory's size at the start, in pages.
const INITIAL_PAGES: u64 = 16;

/// The memory's limit, in pages, by which the host knows kernel memory.
const MAX_PAGES: u64 = 65_521;

/// What is kept of the linker's module.
#[derive(Default)]
struct Parts<'a> {
    types: Option<&'a [u8]>,
    functions: Option<&'a [u8]>,
    code: Option<&'a [u8]>,
    /// The index of each exported function.
    exports: BTreeMap<&'a str, u32>,
}

/// Makes the module that the host carries out of the one that the linker wrote.
///
/// # Errors
///
/// If the module has or does something that a kernel must not.
pub(crate) fn strip(linked: &[u8]) -> Result<Vec<u8>> {
    let parts = Parts::parse(linked)?;
    let bytes = parts.assemble()?;
    Validator::new_with_features(WasmFeatures::WASM2)
        .validate_all(&bytes)
        .context("the stripped module is not valid")?;
    Ok(bytes)
}

/// Returns what the compiler that made `linked` calls its own version.
///
/// # Errors
///
/// If the module does not say.
pub(crate) fn compiler(linked: &[u8]) -> Result<String> {
    for payload in Parser::new(0).parse_all(linked) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Producers(fields) = section.as_known() else { continue };
        for field in fields {
            for value in field?.values {
                let value = value?;
                if value.name == "rustc" {
                    return Ok(value.version.to_owned());
                }
            }
        }
    }
    bail!("the module does not say which rustc made it")
}

impl<'a> Parts<'a> {
    fn parse(linked: &'a [u8]) -> Result<Self> {
        let mut parts = Self::default();
        for payload in Parser::new(0).parse_all(linked) {
            match payload? {
                Payload::TypeSection(types) => parts.types = Some(&linked[types.range()]),
                Payload::FunctionSection(functions) => {
                    parts.functions = Some(&linked[functions.range()]);
                }
                Payload::CodeSectionStart { range, .. } => parts.code = Some(&linked[range]),
                Payload::CodeSectionEntry(body) => {
                    for operator in body.get_operators_reader()? {
                        check_operator(&operator?)?;
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            parts.exports.insert(export.name, export.index);
                        }
                    }
                }
                Payload::ImportSection(imports) => ensure!(imports.count() == 0, "it imports"),
                Payload::DataSection(data) => ensure!(data.count() == 0, "it has data"),
                Payload::ElementSection(elements) => {
                    ensure!(elements.count() == 0, "it has elements");
                }
                Payload::StartSection { .. } => bail!("it has a start function"),
                // Written anew, or not needed: the check of operators finds any use.
                Payload::MemorySection(_)
                | Payload::GlobalSection(_)
                | Payload::TableSection(_)
                | Payload::CustomSection(_)
                | Payload::Version { .. }
                | Payload::End(_) => {}
                other => bail!("it has an unexpected part: {other:?}"),
            }
        }
        Ok(parts)
    }

    fn assemble(&self) -> Result<Vec<u8>> {
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: INITIAL_PAGES,
            maximum: Some(MAX_PAGES),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let extern_type = HeapType::EXTERN;
        let mut globals = GlobalSection::new();
        let val_type = ValType::Ref(RefType { nullable: true, heap_type: extern_type });
        let global_type = GlobalType { val_type, mutable: true, shared: false };
        globals.global(global_type, &ConstExpr::ref_null(extern_type));

        let mut module = Module::new();
        module.section(&raw(SectionId::Type, self.types)?);
        module.section(&raw(SectionId::Function, self.functions)?);
        module.section(&memories);
        module.section(&globals);
        module.section(&self.exports()?);
        module.section(&raw(SectionId::Code, self.code)?);
        Ok(module.finish())
    }

    fn exports(&self) -> Result<ExportSection> {
        let extra = self.exports.keys().find(|name| !FUNCTIONS.contains(name));
        ensure!(extra.is_none(), "it exports `{}`", extra.unwrap_or(&""));
        let mut section = ExportSection::new();
        for name in FUNCTIONS {
            let idx = self.exports.get(name).with_context(|| format!("it lacks `{name}`"))?;
            section.export(name, ExportKind::Func, *idx);
        }
        section.export("memory", ExportKind::Memory, 0);
        section.export("extism_context", ExportKind::Global, 0);
        Ok(section)
    }
}

/// Refuses an instruction that needs what the stripped module lacks, or that traps on purpose.
fn check_operator(operator: &Operator<'_>) -> Result<()> {
    match operator {
        Operator::Unreachable => bail!("it can panic"),
        Operator::GlobalGet { .. } | Operator::GlobalSet { .. } => bail!("it uses a global"),
        Operator::CallIndirect { .. } => bail!("it calls through a table"),
        _ => Ok(()),
    }
}

fn raw(id: SectionId, data: Option<&[u8]>) -> Result<RawSection<'_>> {
    let data = data.with_context(|| format!("it has no section {id:?}"))?;
    Ok(RawSection { id: id.into(), data })
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, DataSection, EntityType, Function, FunctionSection, ImportSection,
        ProducersField, ProducersSection, StartSection, TypeSection,
    };

    use super::*;

    /// What a test adds to a module that is right otherwise.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Fault {
        None,
        Import,
        Start,
        Data,
        Trap,
        Global,
        MissingExport,
        ExtraExport,
    }

    /// A module with every function of the ABI, each of which does nothing.
    fn linked(fault: Fault) -> Vec<u8> {
        let n_functions = FUNCTIONS.len();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        if fault == Fault::Import {
            imports.import("env", "panic", EntityType::Function(0));
        }
        let mut functions = FunctionSection::new();
        let mut exports = ExportSection::new();
        let mut code = CodeSection::new();
        for (idx, name) in (0..).zip(FUNCTIONS) {
            functions.function(0);
            if fault != Fault::MissingExport || name != "reset" {
                exports.export(name, ExportKind::Func, idx);
            }
            let mut body = Function::new([]);
            match fault {
                Fault::Trap => body.instructions().unreachable(),
                Fault::Global => body.instructions().global_get(0).drop(),
                _ => body.instructions().nop(),
            };
            body.instructions().end();
            code.function(&body);
        }
        if fault == Fault::ExtraExport {
            exports.export("helper", ExportKind::Func, 0);
        }
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 17,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        exports.export("memory", ExportKind::Memory, 0);
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(0), *b"data");
        let mut producers = ProducersSection::new();
        producers.field("processed-by", ProducersField::new().value("rustc", "1.95.0 (x)"));

        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&memories);
        module.section(&exports);
        if fault == Fault::Start {
            let function_index = u32::try_from(n_functions - 1).expect("they are few");
            module.section(&StartSection { function_index });
        }
        module.section(&code);
        if fault == Fault::Data {
            module.section(&data);
        }
        module.section(&producers);
        module.finish()
    }

    #[test]
    fn a_stripped_module_has_its_own_memory_and_exports() {
        let stripped = strip(&linked(Fault::None)).expect("nothing is wrong with it");
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(&stripped) {
            match payload.expect("it is well formed") {
                Payload::ExportSection(exports) => {
                    names.extend(exports.into_iter().map(|export| export.expect("valid").name));
                }
                Payload::MemorySection(memories) => {
                    let memory = memories.into_iter().next().expect("one").expect("valid");
                    assert_eq!((memory.initial, memory.maximum), (INITIAL_PAGES, Some(MAX_PAGES)));
                }
                Payload::CustomSection(section) => panic!("`{}` is dropped", section.name()),
                _ => {}
            }
        }
        assert_eq!(names[..FUNCTIONS.len()], FUNCTIONS);
        assert_eq!(names[FUNCTIONS.len()..], ["memory", "extism_context"]);
    }

    #[test]
    fn what_a_kernel_must_not_do_is_refused() {
        let rows = [
            (Fault::Import, "it imports"),
            (Fault::Start, "it has a start function"),
            (Fault::Data, "it has data"),
            (Fault::Trap, "it can panic"),
            (Fault::Global, "it uses a global"),
            (Fault::MissingExport, "it lacks `reset`"),
            (Fault::ExtraExport, "it exports `helper`"),
        ];
        for (fault, message) in rows {
            let err = strip(&linked(fault)).expect_err(message);
            assert_eq!(err.to_string(), message);
        }
    }

    #[test]
    fn the_compiler_is_read_from_the_module() {
        let linked = linked(Fault::None);
        assert_eq!(compiler(&linked).expect("it says so"), "1.95.0 (x)");
        let stripped = strip(&linked).expect("nothing is wrong with it");
        assert!(compiler(&stripped).is_err());
    }
}
