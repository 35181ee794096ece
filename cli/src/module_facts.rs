//! What can be told of a module without compiling it: what it imports and exports, its memories, its
//! sections, and what made it.
//!
//! A module that cannot be read to its end is a failure, but nothing here says that one is valid.

mod needs;
mod toolchain;

use std::collections::HashMap;

use plugsmith::ModuleBytes;
use plugsmith_signature::{KeyId, VerifyError, claimed_signers};
use wasmparser::{
    CompositeInnerType, ExternalKind, FuncType, GlobalType, KnownCustom, MemoryType, Parser,
    Payload, RecGroup, RefType, TypeRef, ValType,
};

pub(crate) use self::{
    needs::{Need, host_imports, needs},
    toolchain::Toolchain,
};
use crate::{exit::Exit, failure::Failure};

/// What is known of a module.
#[derive(Debug)]
pub(crate) struct ModuleFacts {
    /// The name that it has in its plug-in.
    pub(crate) name: String,
    pub(crate) len: usize,
    pub(crate) imports: Vec<Import>,
    pub(crate) exports: Vec<Export>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) sections: Vec<Section>,
    pub(crate) toolchain: Toolchain,
    pub(crate) n_functions: usize,
    /// The keys that its signatures name, or what is wrong with those. Nothing of it is verified.
    pub(crate) claimed_signers: Result<Vec<KeyId>, VerifyError>,
    /// The types of all functions, imported ones first; `None` for those of no function type.
    functions: Vec<Option<FuncType>>,
    globals: Vec<GlobalType>,
    tables: Vec<RefType>,
    types: HashMap<u32, FuncType>,
    n_types: u32,
}

/// Something that a module imports.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// What it is, in words.
    pub(crate) ty: String,
    /// The type of a function.
    pub(crate) function: Option<FuncType>,
}

/// Something that a module exports.
#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) name: String,
    /// What it is, in words.
    pub(crate) ty: String,
    pub(crate) role: Role,
}

/// What an export is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A host calls it.
    Callable,
    /// A host calls it as a program, which runs once.
    Program,
    /// The host calls it by itself, on each new instance.
    Initialiser,
    /// A function that other modules may import, but no host can call.
    Uncallable,
    /// No function.
    NoFunction,
}

/// A memory, its own or imported.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) start_pages: u64,
    pub(crate) most_pages: Option<u64>,
    pub(crate) is_imported: bool,
}

/// A section, and how many bytes of the file it takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) len: usize,
}

impl ModuleFacts {
    /// Looks at a module.
    ///
    /// # Errors
    ///
    /// If it is broken.
    pub(crate) fn read(module: &ModuleBytes) -> Result<Self, Failure> {
        let mut facts = Self::of_nothing(module);
        for payload in Parser::new(0).parse_all(&module.bytes) {
            payload.and_then(|payload| facts.note(&payload)).map_err(|err| {
                let message = format!("module `{}` is not valid WebAssembly", module.name);
                Failure::new(Exit::Load, message).with_cause(err)
            })?;
        }
        facts.toolchain.conclude(&facts.imports, &facts.exports);
        Ok(facts)
    }

    fn of_nothing(module: &ModuleBytes) -> Self {
        Self {
            name: module.name.clone(),
            len: module.bytes.len(),
            imports: Vec::new(),
            exports: Vec::new(),
            memories: Vec::new(),
            sections: Vec::new(),
            toolchain: Toolchain::default(),
            n_functions: 0,
            claimed_signers: claimed_signers(&module.bytes),
            functions: Vec::new(),
            globals: Vec::new(),
            tables: Vec::new(),
            types: HashMap::new(),
            n_types: 0,
        }
    }

    fn note(&mut self, payload: &Payload<'_>) -> wasmparser::Result<()> {
        if let Some((id, range)) = payload.as_section() {
            let name = match payload {
                Payload::CustomSection(section) => format!("custom `{}`", section.name()),
                _ => section_name(id).to_owned(),
            };
            self.sections.push(Section { name, len: range.len() });
        }
        match payload {
            Payload::TypeSection(groups) => {
                for group in groups.clone() {
                    self.note_types(group?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    self.note_import(import?);
                }
            }
            Payload::FunctionSection(types) => {
                self.n_functions = types.count() as usize;
                for ty in types.clone() {
                    let ty = self.types.get(&ty?).cloned();
                    self.functions.push(ty);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables.clone() {
                    self.tables.push(table?.ty.element_type);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone() {
                    self.memories.push(Memory::of(memory?, false));
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals.clone() {
                    self.globals.push(global?.ty);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    self.note_export(export?);
                }
            }
            Payload::CustomSection(section) => self.toolchain.note(&section.as_known())?,
            _ => {}
        }
        Ok(())
    }

    fn note_types(&mut self, group: RecGroup) {
        for ty in group.into_types() {
            if let CompositeInnerType::Func(function) = ty.composite_type.inner {
                self.types.insert(self.n_types, function);
            }
            self.n_types += 1;
        }
    }

    fn note_import(&mut self, import: wasmparser::Import<'_>) {
        let mut function = None;
        let ty = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                function = self.types.get(&ty).cloned();
                self.functions.push(function.clone());
                function.as_ref().map_or_else(|| "a function".to_owned(), signature)
            }
            TypeRef::Table(ty) => {
                self.tables.push(ty.element_type);
                table(ty.element_type)
            }
            TypeRef::Memory(ty) => {
                self.memories.push(Memory::of(ty, true));
                "a memory".to_owned()
            }
            TypeRef::Global(ty) => {
                self.globals.push(ty);
                global(ty)
            }
            TypeRef::Tag(_) => "an exception tag".to_owned(),
        };
        let (namespace, name) = (import.module.to_owned(), import.name.to_owned());
        self.imports.push(Import { namespace, name, ty, function });
    }

    fn note_export(&mut self, export: wasmparser::Export<'_>) {
        let idx = usize::try_from(export.index).unwrap_or(usize::MAX);
        let function = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                self.functions.get(idx).and_then(Option::as_ref)
            }
            _ => None,
        };
        let ty = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                function.map_or_else(|| "a function".to_owned(), signature)
            }
            ExternalKind::Table => self.tables.get(idx).map_or_else(String::new, |ty| table(*ty)),
            ExternalKind::Memory => "a memory".to_owned(),
            ExternalKind::Global => {
                self.globals.get(idx).map_or_else(String::new, |ty| global(*ty))
            }
            ExternalKind::Tag => "an exception tag".to_owned(),
        };
        let role = function.map_or(Role::NoFunction, |ty| Role::of(export.name, ty));
        self.exports.push(Export { name: export.name.to_owned(), ty, role });
    }
}

impl Role {
    fn of(name: &str, ty: &FuncType) -> Self {
        match (name, ty.params(), ty.results()) {
            ("_start", [], [] | [ValType::I32]) => Self::Program,
            ("_initialize" | "__wasm_call_ctors", [], [])
            | ("hs_init", [ValType::I32, ValType::I32], [])
            | ("plugsmith_extensions", [ValType::I64], [ValType::I64]) => Self::Initialiser,
            (_, [], [] | [ValType::I32]) => Self::Callable,
            _ => Self::Uncallable,
        }
    }
}

impl Memory {
    fn of(ty: MemoryType, is_imported: bool) -> Self {
        Self { start_pages: ty.initial, most_pages: ty.maximum, is_imported }
    }
}

fn signature(ty: &FuncType) -> String {
    let list =
        |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match ty.results() {
        [one] => format!("({}) -> {one}", list(ty.params())),
        results => format!("({}) -> ({})", list(ty.params()), list(results)),
    }
}

fn table(ty: RefType) -> String {
    format!("a table of {ty}")
}

fn global(ty: GlobalType) -> String {
    format!("a global of type {}", ty.content_type)
}

/// Names a section by the number that it has in the format.
fn section_name(id: u8) -> &'static str {
    const NAMES: [&str; 14] = [
        "custom",
        "types",
        "imports",
        "functions",
        "tables",
        "memories",
        "globals",
        "exports",
        "start",
        "elements",
        "code",
        "data",
        "data count",
        "tags",
    ];
    NAMES.get(usize::from(id)).copied().unwrap_or("unknown")
}

impl Toolchain {
    /// Takes from a custom section what it says about who made the module.
    fn note(&mut self, section: &KnownCustom<'_>) -> wasmparser::Result<()> {
        if let KnownCustom::Producers(fields) = section {
            for field in fields.clone() {
                let field = field?;
                for value in field.values {
                    let value = value?;
                    self.add(field.name, value.name, value.version);
                }
            }
        }
        Ok(())
    }
}
