//! What a guest's module is made of, as far as fusing it wants to know.

use std::{collections::HashMap, ops::Range, sync::Arc};

use plugsmith_manifest::MAIN_MODULE;
use wasm_encoder::SectionId;
use wasmparser::{BinaryReader, CompositeInnerType, Parser, Payload, TypeRef, ValType};

use super::{copy_loop::Width, kernel};
use crate::link::{EXTISM_ENV_MODULE, legacy};

/// Bytes of a module before its first section: magic number and version.
pub(super) const HEADER_LEN: usize = 8;

/// The order in which sections stand; custom sections stand anywhere.
const ORDER: [SectionId; 13] = [
    SectionId::Type,
    SectionId::Import,
    SectionId::Function,
    SectionId::Table,
    SectionId::Memory,
    SectionId::Tag,
    SectionId::Global,
    SectionId::Export,
    SectionId::Start,
    SectionId::Element,
    SectionId::DataCount,
    SectionId::Code,
    SectionId::Data,
];

/// The sections that the kernel adds something to.
const GROWING: [SectionId; 5] =
    [SectionId::Type, SectionId::Function, SectionId::Memory, SectionId::Export, SectionId::Code];

/// A section of the guest's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) id: u8,
    /// Its content.
    pub(super) range: Range<usize>,
    /// How many items it has, if it is one of those that grow.
    pub(super) n_items: u32,
    /// Its content behind that number.
    pub(super) items: Range<usize>,
}

/// The type of a function.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) params: Vec<ValType>,
    pub(super) n_results: usize,
}

/// A guest's module.
pub(super) struct Shape<'a> {
    sections: Vec<Section>,
    /// How many types, functions and so on there are, imported ones included.
    pub(super) n_types: u32,
    pub(super) n_functions: u32,
    pub(super) n_memories: u32,
    pub(super) start: Option<u32>,
    pub(super) exports: Vec<&'a str>,
    /// For each imported function, the function of the kernel that serves it.
    pub(super) served: Vec<Option<&'a str>>,
    /// The type of each function of the module's own.
    pub(super) signatures: Vec<Arc<Signature>>,
    /// The width of each global, `None` for those that are no integer.
    pub(super) globals: Vec<Option<Width>>,
    /// The body of each function of the module's own, in the file.
    pub(super) bodies: Vec<Range<usize>>,
}

/// Says which function of the kernel serves an import.
fn served_by<'a>(namespace: &str, name: &'a str) -> Option<&'a str> {
    let own_name = match namespace {
        EXTISM_ENV_MODULE => name,
        _ => match legacy::successor(namespace, name)? {
            (EXTISM_ENV_MODULE, name) => name,
            _ => return None,
        },
    };
    kernel::has_function(own_name).then_some(own_name)
}

/// Says whether an import may be the kernel's, by today's name or an older one.
fn is_kernels(namespace: &str, name: &str) -> bool {
    let namespace = legacy::successor(namespace, name).map_or(namespace, |(today, _)| today);
    namespace == EXTISM_ENV_MODULE
}

impl<'a> Shape<'a> {
    /// Looks at a valid module. Returns `None` if it is of a kind that cannot be fused.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut shape = Self {
            sections: Vec::new(),
            n_types: 0,
            n_functions: 0,
            n_memories: 0,
            start: None,
            exports: Vec::new(),
            served: Vec::new(),
            signatures: Vec::new(),
            globals: Vec::new(),
            bodies: Vec::new(),
        };
        let mut function_types: HashMap<u32, Arc<Signature>> = HashMap::new();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.ok()?;
            shape.note_section(bytes, &payload)?;
            match payload {
                Payload::TypeSection(groups) => {
                    for ty in groups.into_iter().flat_map(|group| {
                        group.into_iter().flat_map(wasmparser::RecGroup::into_types)
                    }) {
                        if let CompositeInnerType::Func(function) = &ty.composite_type.inner {
                            let n_results = function.results().len();
                            let signature =
                                Signature { params: function.params().into(), n_results };
                            function_types.insert(shape.n_types, Arc::new(signature));
                        }
                        shape.n_types += 1;
                    }
                }
                Payload::ImportSection(imports) => shape.note_imports(imports)?,
                Payload::FunctionSection(types) => {
                    for ty in types {
                        shape.signatures.push(Arc::clone(function_types.get(&ty.ok()?)?));
                        shape.n_functions += 1;
                    }
                }
                Payload::MemorySection(memories) => shape.n_memories += memories.count(),
                Payload::GlobalSection(globals) => {
                    for global in globals {
                        shape.globals.push(width(global.ok()?.ty.content_type));
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        shape.exports.push(export.ok()?.name);
                    }
                }
                Payload::StartSection { func, .. } => shape.start = Some(func),
                Payload::CodeSectionEntry(body) => shape.bodies.push(body.range()),
                _ => {}
            }
        }
        (shape.bodies.len() == shape.signatures.len()).then_some(shape)
    }

    /// Returns the guest's sections in order, with an empty one wherever it has none of those that
    /// grow.
    pub(super) fn sections_with_additions(&self) -> Vec<Section> {
        let mut sections = Vec::with_capacity(self.sections.len() + GROWING.len());
        let mut missing: Vec<SectionId> = GROWING
            .into_iter()
            .filter(|id| self.sections.iter().all(|section| section.id != *id as u8))
            .collect();
        for section in &self.sections {
            while let Some(&first) = missing.first()
                && rank(section.id).is_some_and(|rank_here| rank(first as u8) < Some(rank_here))
            {
                sections.push(Section::empty(missing.remove(0)));
            }
            sections.push(section.clone());
        }
        sections.extend(missing.into_iter().map(Section::empty));
        sections
    }

    fn note_section(&mut self, bytes: &[u8], payload: &Payload<'_>) -> Option<()> {
        // The bodies in the code section come as payloads of their own.
        if matches!(payload, Payload::CodeSectionEntry(_)) {
            return Some(());
        }
        let Some((id, range)) = payload.as_section() else { return Some(()) };
        let mut section = Section { id, range: range.clone(), n_items: 0, items: range };
        if GROWING.iter().any(|growing| *growing as u8 == id) {
            let mut reader =
                BinaryReader::new(bytes.get(section.range.clone())?, section.range.start);
            section.n_items = reader.read_var_u32().ok()?;
            section.items = reader.original_position()..section.range.end;
        }
        self.sections.push(section);
        Some(())
    }

    fn note_imports(&mut self, imports: wasmparser::ImportSectionReader<'a>) -> Option<()> {
        for import in imports.into_imports() {
            let import = import.ok()?;
            // Of itself a module imports what is looked up when it is called.
            if import.module == MAIN_MODULE {
                return None;
            }
            match import.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => {
                    self.served.push(served_by(import.module, import.name));
                    self.n_functions += 1;
                }
                // Of the kernel nothing but functions can be given away here.
                _ if is_kernels(import.module, import.name) => return None,
                TypeRef::Memory(_) => self.n_memories += 1,
                TypeRef::Global(ty) => self.globals.push(width(ty.content_type)),
                TypeRef::Table(_) | TypeRef::Tag(_) => {}
            }
        }
        Some(())
    }
}

/// Says whether a custom section of the guest holds the names of its functions.
pub(super) fn is_name_section(guest: &[u8], section: &Section) -> bool {
    let content = guest.get(section.range.clone()).unwrap_or_default();
    BinaryReader::new(content, 0).read_string().is_ok_and(|name| name == "name")
}

impl Section {
    fn empty(id: SectionId) -> Self {
        Self { id: id as u8, range: 0..0, n_items: 0, items: 0..0 }
    }
}

/// Returns the width of a type, if it is an integer's.
pub(super) fn width(ty: ValType) -> Option<Width> {
    match ty {
        ValType::I32 => Some(Width::I32),
        ValType::I64 => Some(Width::I64),
        _ => None,
    }
}

/// Returns the place of a section among all, or `None` for a custom one.
fn rank(id: u8) -> Option<usize> {
    ORDER.iter().position(|section| *section as u8 == id)
}
