//! Blocks of exchange memory, by the PDK's own types.

use extism_pdk::{
    memory::internal, plugin_fn, var, FnResult, Json, ManagedMemory, Memory, MemoryPointer,
    ToBytes, ToMemory,
};
use serde::Serialize;

/// What is true of a block.
#[derive(Debug, Serialize, ToBytes)]
#[encoding(Json)]
pub struct Block {
    len: usize,
    empty: bool,
    found: bool,
    text: String,
    bytes: Vec<u8>,
}

/// Says what is true of a block with the input in it.
#[plugin_fn]
pub fn describes(text: String) -> FnResult<Block> {
    let memory = Memory::from_bytes(&text)?;
    Ok(Block {
        len: memory.len(),
        empty: memory.is_empty(),
        found: Memory::find(memory.offset()).is_some_and(|found| found.len() == memory.len()),
        text: memory.to_string()?,
        bytes: memory.to_vec(),
    })
}

/// Puts a value into a block and takes it out.
#[plugin_fn]
pub fn round_trip(text: String) -> FnResult<String> {
    let memory = Memory::new(&Json(vec![text]))?;
    let Json(texts) = memory.to::<Json<Vec<String>>>()?;
    memory.free();
    Ok(texts.concat())
}

/// Takes blocks for what they are: numbers, and what they hold.
#[plugin_fn]
pub fn turns(text: String) -> FnResult<Json<Vec<bool>>> {
    let memory = Memory::from_bytes(&text)?;
    let offset = memory.offset();
    let signed = offset as i64;
    let managed = ManagedMemory::from(Memory::from(offset));
    Ok(Json(vec![
        Memory::from(signed).offset() == offset,
        Memory::from(()).is_empty(),
        managed.offset() == offset && managed.len() == text.len(),
        managed.as_ref().to_string()? == text,
        i64::from(Memory::from(offset)) == signed,
        u64::from(Memory::from(signed)) == offset,
    ]))
}

/// Keeps a block as a var, and gives a copy.
#[plugin_fn]
pub fn lends(text: String) -> FnResult<Memory> {
    let memory = Memory::from_bytes(&text)?;
    var::set("lent", &memory)?;
    let copy = Memory::from_bytes(text)?;
    Ok(<&Memory as ToMemory>::to_memory(&&copy)?)
}

/// Frees what it no longer holds.
#[plugin_fn]
pub fn manages(text: String) -> FnResult<Json<(bool, bool)>> {
    let memory = Memory::from_bytes(&text)?;
    let offset = memory.offset();
    let managed = ManagedMemory::new(memory);
    let before = Memory::find(offset).is_some();
    drop(managed);
    Ok(Json((before, Memory::find(offset).is_some())))
}

/// Reads through a typed pointer.
#[plugin_fn]
pub fn points(text: String) -> FnResult<String> {
    let memory = text.to_memory()?;
    // SAFETY: the offset is that of a block with text in it.
    let pointer: MemoryPointer<String> = unsafe { MemoryPointer::new(memory.offset()) };
    Ok(pointer.get()?)
}

/// Gives nothing at all.
#[plugin_fn]
pub fn null() -> FnResult<Memory> {
    Ok(Memory::null())
}

/// Says what is true of blocks by the PDK's internal functions.
#[plugin_fn]
pub fn internals(input: Vec<u8>) -> FnResult<Block> {
    let handle = internal::memory_alloc(input.len() as u64);
    internal::store(handle, &input);
    let mut loaded = vec![0; input.len()];
    internal::load(handle, &mut loaded);
    let block = Block {
        len: usize::try_from(internal::memory_length(handle.offset()))?,
        empty: handle.is_empty(),
        found: internal::find(handle.offset()).is_some(),
        text: String::from_utf8(internal::memory_bytes(handle))?,
        bytes: loaded,
    };
    internal::memory_free(handle);
    Ok(block)
}
