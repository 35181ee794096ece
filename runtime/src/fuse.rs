//! The fused module: a guest's module rewritten so that the kernel is part of it.
//!
//! Those of the kernel's functions that the guest calls stand behind its own, the kernel's memory behind
//! the guest's memories. Calls of imports that the kernel serves become calls inside the module, and the
//! shortest of the kernel's functions are written out where they are called. What comes of it behaves as
//! guest and kernel linked together do, in less time: an instance is made in one step, and exchanging
//! bytes costs no call.
//!
//! Every index that the guest knows stays what it was. The imports that the kernel serves stay, too,
//! for the few uses that are no direct call, such as a reference in a table; the host provides them,
//! at more cost (`kernel/functions.rs`). So all of the guest's sections but the code are kept, with
//! something appended, and so is every function that calls no such import.
//!
//! The caller has validated the guest's module before, so that no instruction of it names what is
//! appended here, and the engine validates the result. Whatever this file does not know is no error:
//! the module is then linked to the kernel as it is.

mod body;
mod copy_loop;
mod expand;
mod guest_copy;
mod kernel;
mod offsets;
mod shape;

use wasm_encoder::{Encode as _, ExportKind, SectionId};
use wasmparser::BinaryReader;

pub(crate) use self::offsets::{OffsetMap, Run};
use self::{
    body::Splicer,
    guest_copy::GuestCopies,
    kernel::{KernelParts, Picked},
    offsets::OffsetMapBuilder,
    shape::{Section, Shape},
};
use crate::kernel::KERNEL_WASM;

/// What the names of the exports begin with that are added for the host; where the guest has such
/// names itself, as often as it takes.
const PREFIX: &str = "plugsmith:";

/// How many bytes the functions that are written out may add: some hundred thousand calls of them. A
/// hostile module is nothing but such calls, and grows to thirty times its length.
const ADDED_LIMIT: usize = 16 << 20;

/// Names a module's layout for those who keep it: changes with whatever this file does.
pub(crate) const VERSION: &str = concat!("fused 6 ", env!("CARGO_PKG_VERSION"));

/// A guest's module with the kernel in it.
pub(crate) struct Fused {
    pub(crate) bytes: Vec<u8>,
    pub(crate) notes: FusedNotes,
}

/// What the host must know of a fused module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FusedNotes {
    /// What the names of the exports begin with that were added.
    pub(crate) prefix: String,
    /// The guest's start function is exported, to be called when the kernel is ready.
    pub(crate) has_start: bool,
    /// Where instructions were in the guest's own file.
    pub(crate) offsets: OffsetMap,
}

impl FusedNotes {
    /// The name under which the guest's start function is exported.
    pub(crate) fn start_name(&self) -> String {
        format!("{}start", self.prefix)
    }

    /// Encodes this for a file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.has_start)];
        self.prefix.encode(&mut bytes);
        for Run { new, old, len } in self.offsets.runs() {
            for word in [new, old, len] {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
        }
        bytes
    }

    /// Decodes what [`FusedNotes::to_bytes`] returned, or returns `None` for anything else.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (has_start, rest) = bytes.split_first()?;
        let mut reader = BinaryReader::new(rest, 0);
        let prefix = reader.read_string().ok()?.to_owned();
        let (words, []) = rest.get(reader.original_position()..)?.as_chunks::<4>() else {
            return None;
        };
        let (runs, []) = words.as_chunks::<3>() else { return None };
        let run = |words: &[[u8; 4]; 3]| {
            let [new, old, len] = words.map(u32::from_le_bytes);
            Run { new, old, len }
        };
        let offsets = OffsetMap::new(runs.iter().map(run).collect());
        Some(Self { prefix, has_start: *has_start == 1, offsets })
    }

    /// The name under which the kernel's memory is exported.
    pub(crate) fn memory_name(&self) -> String {
        format!("{}memory", self.prefix)
    }
}

/// Rewrites a valid module, or returns `None` if it is of a kind that must be linked.
pub(crate) fn fuse(guest: &[u8]) -> Option<Fused> {
    let shape = Shape::read(guest)?;
    let kernel = KernelParts::get();
    let spliced = Spliced::new(guest, &shape, kernel)?;
    Writer::new(guest, &shape, kernel, spliced).write()
}

/// The guest's functions with their calls of the kernel replaced, and what they call instead.
struct Spliced {
    guest_copies: GuestCopies,
    bodies: Vec<u8>,
    /// Counted from the first of `bodies`.
    offsets: OffsetMapBuilder,
    /// Of the kernel, with what that calls. It stands behind all others.
    picked: Picked,
}

impl Spliced {
    fn new(guest: &[u8], shape: &Shape<'_>, kernel: &KernelParts) -> Option<Self> {
        let guest_copies = GuestCopies::new(shape, kernel);
        let mut splicer = Splicer::new(guest, shape, kernel, guest_copies);
        let mut bodies = Vec::with_capacity(guest.len());
        for (idx, range) in shape.bodies.iter().enumerate() {
            splicer.body(idx, range.clone(), &mut bodies)?;
            if bodies.len() > guest.len() + ADDED_LIMIT {
                return None;
            }
        }
        let (offsets, mut picked) = splicer.finish();
        picked.complete(kernel);
        Some(Self { guest_copies, bodies, offsets, picked })
    }
}

/// Writes the sections of the fused module in order.
struct Writer<'a> {
    guest: &'a [u8],
    shape: &'a Shape<'a>,
    kernel: &'a KernelParts,
    spliced: Spliced,
    notes: FusedNotes,
    bytes: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn new(
        guest: &'a [u8],
        shape: &'a Shape<'a>,
        kernel: &'a KernelParts,
        spliced: Spliced,
    ) -> Self {
        let has_start = shape.start.is_some();
        let notes = FusedNotes {
            prefix: unused_prefix(&shape.exports),
            has_start,
            offsets: OffsetMap::default(),
        };
        let bytes = Vec::with_capacity(guest.len() + KERNEL_WASM.len() + guest.len() / 16);
        Self { guest, shape, kernel, spliced, notes, bytes }
    }

    fn write(mut self) -> Option<Fused> {
        self.bytes.extend_from_slice(&self.guest[..shape::HEADER_LEN]);
        for section in self.shape.sections_with_additions() {
            self.section(&section)?;
        }
        Some(Fused { bytes: self.bytes, notes: self.notes })
    }

    /// Writes one section of the guest with what is added to it; the section may be empty.
    fn section(&mut self, section: &Section) -> Option<()> {
        let added = match section.id {
            id if id == SectionId::Type as u8 => {
                self.kernel.types().clone().and(&GuestCopies::types())
            }
            id if id == SectionId::Function as u8 => {
                let Spliced { guest_copies, picked, .. } = &self.spliced;
                guest_copies.functions().and(&self.kernel.functions(picked, self.shape.n_types))
            }
            id if id == SectionId::Memory as u8 => self.kernel.memory().clone(),
            id if id == SectionId::Export as u8 => self.exports(),
            id if id == SectionId::Start as u8 => return Some(()),
            id if id == SectionId::Code as u8 => return self.code(),
            // Of the rest only names are looked at: in backtraces.
            0 if !shape::is_name_section(self.guest, section) => return Some(()),
            _ => {
                self.bytes.push(section.id);
                self.guest.get(section.range.clone())?.encode(&mut self.bytes);
                return Some(());
            }
        };
        let old = self.guest.get(section.items.clone())?;
        let mut content = Vec::with_capacity(old.len() + added.bytes.len() + 5);
        section.n_items.checked_add(added.n_items)?.encode(&mut content);
        content.extend_from_slice(old);
        content.extend_from_slice(&added.bytes);
        self.bytes.push(section.id);
        content.encode(&mut self.bytes);
        Some(())
    }

    /// Returns the exports that the host uses.
    fn exports(&self) -> Items {
        let mut items = Items::default();
        let mut export = |name: &str, kind: ExportKind, idx: u32| {
            name.encode(&mut items.bytes);
            kind.encode(&mut items.bytes);
            idx.encode(&mut items.bytes);
            items.n_items += 1;
        };
        export(&self.notes.memory_name(), ExportKind::Memory, self.shape.n_memories);
        if let Some(start) = self.shape.start {
            export(&self.notes.start_name(), ExportKind::Func, start);
        }
        items
    }

    /// Writes the code of the guest, and then all that is appended.
    fn code(&mut self) -> Option<()> {
        let Spliced { guest_copies, bodies, offsets, picked } = &mut self.spliced;
        let code = self.kernel.code(picked, guest_copies.end(), self.shape)?;
        let code = guest_copies.code().and(&code);
        let n_bodies = u32::try_from(self.shape.bodies.len()).ok()?.checked_add(code.n_items)?;
        let mut count = Vec::with_capacity(5);
        n_bodies.encode(&mut count);
        self.bytes.push(SectionId::Code as u8);
        (count.len() + bodies.len() + code.bytes.len()).encode(&mut self.bytes);
        self.bytes.extend_from_slice(&count);
        self.notes.offsets = std::mem::take(offsets).moved_by(self.bytes.len()).finish();
        self.bytes.extend_from_slice(bodies);
        self.bytes.extend_from_slice(&code.bytes);
        Some(())
    }
}

/// Returns what none of the names begins with.
fn unused_prefix(names: &[&str]) -> String {
    let rests = names.iter().filter_map(|name| name.strip_prefix(PREFIX));
    let colons = rests.map(|rest| rest.len() - rest.trim_start_matches(':').len() + 1);
    format!("{PREFIX}{}", ":".repeat(colons.max().unwrap_or(0)))
}

/// Items of a section, encoded one after another.
#[derive(Debug, Clone, Default)]
struct Items {
    n_items: u32,
    bytes: Vec<u8>,
}

impl Items {
    /// Returns those of a section.
    fn of(section: &impl wasm_encoder::Encode) -> Self {
        let mut bytes = Vec::new();
        section.encode(&mut bytes);
        // It encodes its length and the number of its items first.
        let mut reader = BinaryReader::new(&bytes, 0);
        let mut number = || reader.read_var_u32().expect("a section begins with numbers");
        let (_len, n_items) = (number(), number());
        let start = reader.original_position();
        Self { n_items, bytes: bytes.split_off(start) }
    }

    /// Returns these and more behind them.
    fn and(mut self, more: &Self) -> Self {
        self.n_items += more.n_items;
        self.bytes.extend_from_slice(&more.bytes);
        self
    }
}

#[cfg(any(test, feature = "testing"))]
mod programs;
#[cfg(any(test, feature = "testing"))]
mod random;
#[cfg(test)]
mod tests;
#[cfg(feature = "testing")]
pub(crate) mod trial;
#[cfg(any(test, feature = "testing"))]
mod twins;
