//! The kernel's module, taken apart, so that what a guest needs of it can be put behind the guest's own.

use std::{convert::Infallible, ops::Range, sync::LazyLock};

use wasm_encoder::{
    CodeSection, Encode as _,
    reencode::{Error, Reencode},
};
use wasmparser::{BinaryReader, ExternalKind, FunctionBody, Operator, Parser, Payload, ValType};

use super::{Items, shape::Shape};
use crate::kernel::KERNEL_WASM;

/// What the kernel's module is made of.
pub(super) struct KernelParts {
    types: Items,
    /// The type of each function.
    functions: Vec<u32>,
    memory: Items,
    /// Its exported functions by name.
    exports: Vec<(&'static str, u32)>,
    bodies: Vec<Range<usize>>,
    /// What each function calls.
    calls: Vec<Vec<u32>>,
}

/// The functions of the kernel that a guest needs, in the order in which they stand behind its own.
#[derive(Debug, Default)]
pub(super) struct Picked {
    functions: Vec<u32>,
}

static PARTS: LazyLock<KernelParts> =
    LazyLock::new(|| KernelParts::read().expect("the kernel is a valid module of a known shape"));

/// Says whether the kernel exports a function of this name.
pub(super) fn has_function(name: &str) -> bool {
    PARTS.function(name).is_some()
}

impl KernelParts {
    /// Returns the parts of the kernel that this library carries.
    pub(super) fn get() -> &'static Self {
        &PARTS
    }

    fn read() -> Option<Self> {
        let mut parts = Self {
            types: Items::default(),
            functions: Vec::new(),
            memory: Items::default(),
            exports: Vec::new(),
            bodies: Vec::new(),
            calls: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(KERNEL_WASM) {
            match payload.ok()? {
                Payload::TypeSection(section) => parts.types = items(section.range())?,
                Payload::MemorySection(section) => parts.memory = items(section.range())?,
                // Left out: for guests to import, which then are linked. The kernel has no use for a
                // reference of the host's, and for the sake of one in a module, the engine would give
                // each instance a heap for objects.
                Payload::GlobalSection(section) => {
                    for global in section {
                        if global.ok()?.ty.content_type != ValType::EXTERNREF {
                            return None;
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    parts.functions = section.into_iter().collect::<Result<_, _>>().ok()?;
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.ok()?;
                        if export.kind == ExternalKind::Func {
                            parts.exports.push((export.name, export.index));
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    parts.bodies.push(body.range());
                    parts.calls.push(calls(&body)?);
                }
                // None of these can be put behind a guest's, and the kernel has none.
                Payload::ImportSection(_)
                | Payload::TableSection(_)
                | Payload::TagSection(_)
                | Payload::StartSection { .. }
                | Payload::ElementSection(_)
                | Payload::DataSection(_) => return None,
                _ => {}
            }
        }
        Some(parts)
    }

    pub(super) fn types(&self) -> &Items {
        &self.types
    }

    pub(super) fn memory(&self) -> &Items {
        &self.memory
    }

    /// Returns the types of the picked functions where `n_types` others come first.
    pub(super) fn functions(&self, picked: &Picked, n_types: u32) -> Items {
        let mut items = Items::default();
        for idx in &picked.functions {
            (self.functions[*idx as usize] + n_types).encode(&mut items.bytes);
            items.n_items += 1;
        }
        items
    }

    /// Returns the place of an exported function among the kernel's.
    pub(super) fn function(&self, name: &str) -> Option<u32> {
        self.exports.iter().find(|(other, _)| *other == name).map(|(_, idx)| *idx)
    }

    /// Returns the code of the picked functions as it reads behind a guest's, the first of them as `first`.
    pub(super) fn code(&self, picked: &Picked, first: u32, guest: &Shape<'_>) -> Option<Items> {
        let mut shift = Shift { guest, picked, first };
        let mut code = CodeSection::new();
        for idx in &picked.functions {
            let range = self.bodies.get(*idx as usize)?;
            let body = KERNEL_WASM.get(range.clone())?;
            let body = FunctionBody::new(BinaryReader::new(body, range.start));
            shift.parse_function_body(&mut code, body).ok()?;
        }
        Some(Items::of(&code))
    }
}

impl Picked {
    /// Returns the place of a function of the kernel's among those picked, which it then is.
    pub(super) fn pick(&mut self, function: u32) -> u32 {
        let place = self.place(function).unwrap_or_else(|| {
            self.functions.push(function);
            self.functions.len() - 1
        });
        u32::try_from(place).expect("the kernel has few functions")
    }

    /// Picks all that the picked functions call.
    pub(super) fn complete(&mut self, kernel: &KernelParts) {
        let mut place = 0;
        while let Some(function) = self.functions.get(place) {
            for callee in &kernel.calls[*function as usize] {
                self.pick(*callee);
            }
            place += 1;
        }
    }

    fn place(&self, function: u32) -> Option<usize> {
        self.functions.iter().position(|picked| *picked == function)
    }
}

/// Moves every index of the kernel's behind those of a guest.
struct Shift<'a> {
    guest: &'a Shape<'a>,
    picked: &'a Picked,
    first: u32,
}

impl Reencode for Shift<'_> {
    type Error = Infallible;

    fn function_index(&mut self, idx: u32) -> Result<u32, Error<Infallible>> {
        let place = self.picked.place(idx).expect("what is called was picked");
        let place = u32::try_from(place).expect("the kernel has few functions");
        Ok(self.first + place)
    }

    fn type_index(&mut self, idx: u32) -> Result<u32, Error<Infallible>> {
        Ok(idx + self.guest.n_types)
    }

    fn memory_index(&mut self, idx: u32) -> Result<u32, Error<Infallible>> {
        Ok(idx + self.guest.n_memories)
    }
}

/// Returns what a function of the kernel calls, in order. `None` if that cannot be known.
fn calls(body: &FunctionBody<'_>) -> Option<Vec<u32>> {
    let mut calls = Vec::new();
    for operator in body.get_operators_reader().ok()? {
        match operator.ok()? {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                calls.push(function_index);
            }
            Operator::RefFunc { .. } => return None,
            _ => {}
        }
    }
    Some(calls)
}

/// Returns the items of a section of the kernel whose content is at `range`.
fn items(range: Range<usize>) -> Option<Items> {
    let mut reader = BinaryReader::new(KERNEL_WASM.get(range.clone())?, range.start);
    let n_items = reader.read_var_u32().ok()?;
    let bytes = KERNEL_WASM.get(reader.original_position()..range.end)?.to_vec();
    Some(Items { n_items, bytes })
}
