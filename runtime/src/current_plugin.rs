//! The plug-in that is calling a host function, as that function sees it: its exchange memory, its
//! variables, its manifest, and how much time it has left.

use std::{collections::BTreeMap, fmt, time::Duration};

use plugsmith_convert::{FromBytes, MemoryHandle, ToBytes, encode};
use plugsmith_manifest::Manifest;
use uuid::Uuid;
use wasmtime::Caller;

use crate::{
    error::Error, host::HostError, memory::Block, shared_vars::SharedVars, state::State, val::Val,
};

/// The plug-in whose call led to a host function.
pub struct CurrentPlugin<'a> {
    caller: Caller<'a, State>,
}

impl<'a> CurrentPlugin<'a> {
    pub(crate) fn new(caller: Caller<'a, State>) -> Self {
        Self { caller }
    }

    pub(crate) fn caller(&mut self) -> &mut Caller<'a, State> {
        &mut self.caller
    }

    /// Returns the plug-in's id.
    pub fn id(&self) -> Uuid {
        self.caller.data().log.plugin()
    }

    /// Returns the name that the host gave the plug-in, if it did.
    pub fn name(&self) -> Option<&str> {
        self.caller.data().log.name()
    }

    /// Returns the plug-in's manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.caller.data().manifest
    }

    /// Returns the store of variables that the plug-in shares with others, if it does.
    pub fn shared_vars(&self) -> Option<&SharedVars> {
        self.caller.data().shared_vars.as_ref()
    }

    /// Returns the plug-in's own variables; there are none if it shares a store.
    pub fn vars(&self) -> &BTreeMap<String, Vec<u8>> {
        self.caller.data().vars.map()
    }

    /// Returns the plug-in's own variables, to change. The host is bound by no limit.
    pub fn vars_mut(&mut self) -> &mut BTreeMap<String, Vec<u8>> {
        self.caller.data_mut().vars.map_mut()
    }

    /// Returns what the caller lent with
    /// [`Plugin::call_with_host_context`](crate::Plugin::call_with_host_context).
    ///
    /// # Errors
    ///
    /// [`HostError::NoContext`] if it lent nothing, or something of another type.
    pub fn host_context<T: 'static>(&mut self) -> Result<&mut T, Error> {
        let context = self.caller.data_mut().host_context.as_mut();
        let wanted = std::any::type_name::<T>();
        Ok(context
            .and_then(|context| context.downcast_mut())
            .ok_or(HostError::NoContext { wanted })?)
    }

    /// Returns how much of the call's time limit is left, or `None` if it has no limit.
    pub fn time_remaining(&mut self) -> Option<Duration> {
        self.caller.data_mut().deadline.remaining()
    }

    /// Returns the block that starts at `offset`, if there is one.
    pub fn memory_handle(&mut self, offset: u64) -> Option<MemoryHandle> {
        let kernel = self.caller.data().kernel();
        kernel.block(&mut self.caller, offset).map(handle)
    }

    /// Returns the block that a guest passed as an argument, if it is one.
    pub fn memory_from_val(&mut self, offset: &Val) -> Option<MemoryHandle> {
        self.memory_handle(offset.i64()?.cast_unsigned())
    }

    /// Returns a block as a guest takes it.
    pub fn memory_to_val(&mut self, handle: MemoryHandle) -> Val {
        Val::I64(handle.offset.cast_signed())
    }

    /// Reserves a block of `len` zeroed bytes. The guest owns it when it is returned to it.
    ///
    /// # Errors
    ///
    /// [`HostError::ExchangeExhausted`] if the exchange memory is at its limit.
    pub fn memory_alloc(&mut self, len: u64) -> Result<MemoryHandle, Error> {
        if len == 0 {
            return Ok(MemoryHandle::null());
        }
        let kernel = self.caller.data().kernel();
        let block = kernel.alloc(&mut self.caller, len);
        Ok(handle(block.ok_or(HostError::ExchangeExhausted { len })?))
    }

    /// Encodes `value` into a new block.
    ///
    /// # Errors
    ///
    /// What the encoding says, or [`HostError::ExchangeExhausted`].
    pub fn memory_new<'b, T: ToBytes<'b>>(&mut self, value: T) -> Result<MemoryHandle, Error> {
        let bytes = encode(&value)?;
        let bytes = bytes.as_ref();
        let len = bytes.len() as u64;
        if len == 0 {
            return Ok(MemoryHandle::null());
        }
        let kernel = self.caller.data().kernel();
        let block = kernel.put(&mut self.caller, bytes);
        Ok(handle(block.ok_or(HostError::ExchangeExhausted { len })?))
    }

    /// Decodes the value in a block.
    ///
    /// # Errors
    ///
    /// What the decoding says, or [`HostError::OutOfBounds`].
    pub fn memory_get<'b, T: FromBytes<'b>>(
        &'b mut self,
        handle: MemoryHandle,
    ) -> Result<T, Error> {
        T::from_bytes(self.memory_bytes(handle)?)
    }

    /// Decodes the value in the block that a guest passed as an argument. Offset 0 is no bytes.
    ///
    /// # Errors
    ///
    /// [`HostError::NoBlock`] if no block starts there, or what the decoding says.
    pub fn memory_get_val<'b, T: FromBytes<'b>>(&'b mut self, offset: &Val) -> Result<T, Error> {
        match offset.i64() {
            Some(offset) => self.argument(offset.cast_unsigned()),
            None => Err(HostError::NoBlock { what: "an argument", offset: 0 }.into()),
        }
    }

    /// Decodes the value in the block at `offset`, which a guest passed as an argument. Offset 0 is no
    /// bytes.
    pub(crate) fn argument<'b, T: FromBytes<'b>>(&'b mut self, offset: u64) -> Result<T, Error> {
        let kernel = self.caller.data().kernel();
        let block = match offset {
            0 => Block::EMPTY,
            _ => kernel
                .block(&mut self.caller, offset)
                .ok_or(HostError::NoBlock { what: "an argument", offset })?,
        };
        T::from_bytes(kernel.read(&self.caller, block))
    }

    /// Encodes `value` into a new block and stores its offset in `offset`.
    ///
    /// # Errors
    ///
    /// As [`CurrentPlugin::memory_new`].
    pub fn memory_set_val<'b, T: ToBytes<'b>>(
        &mut self,
        offset: &mut Val,
        value: T,
    ) -> Result<(), Error> {
        let handle = self.memory_new(value)?;
        *offset = self.memory_to_val(handle);
        Ok(())
    }

    /// Returns the bytes of a block.
    ///
    /// # Errors
    ///
    /// [`HostError::OutOfBounds`] if the handle names bytes that are no block's.
    pub fn memory_bytes(&mut self, handle: MemoryHandle) -> Result<&[u8], Error> {
        let block = self.check(handle)?;
        let kernel = self.caller.data().kernel();
        Ok(kernel.read(&self.caller, block))
    }

    /// Returns the bytes of a block, to change.
    ///
    /// # Errors
    ///
    /// [`HostError::OutOfBounds`] if the handle names bytes that are no block's.
    pub fn memory_bytes_mut(&mut self, handle: MemoryHandle) -> Result<&mut [u8], Error> {
        let block = self.check(handle)?;
        let kernel = self.caller.data().kernel();
        Ok(kernel.read_mut(&mut self.caller, block))
    }

    /// Returns the text in a block.
    ///
    /// # Errors
    ///
    /// [`HostError::OutOfBounds`], [`HostError::NotUtf8`].
    pub fn memory_str(&mut self, handle: MemoryHandle) -> Result<&str, Error> {
        let what = "text in a block";
        let bytes = self.memory_bytes(handle)?;
        Ok(str::from_utf8(bytes).map_err(|source| HostError::NotUtf8 { what, source })?)
    }

    /// Returns the text in a block, to change.
    ///
    /// # Errors
    ///
    /// [`HostError::OutOfBounds`], [`HostError::NotUtf8`].
    pub fn memory_str_mut(&mut self, handle: MemoryHandle) -> Result<&mut str, Error> {
        let what = "text in a block";
        let bytes = self.memory_bytes_mut(handle)?;
        Ok(str::from_utf8_mut(bytes).map_err(|source| HostError::NotUtf8 { what, source })?)
    }

    /// Frees a block; does nothing if there is none at the handle's offset.
    ///
    /// # Errors
    ///
    /// None today; the signature is that of Extism's crate.
    pub fn memory_free(&mut self, handle: MemoryHandle) -> Result<(), Error> {
        let kernel = self.caller.data().kernel();
        kernel.free(&mut self.caller, handle.offset);
        Ok(())
    }

    /// Returns the length of the block that starts at `offset`, 0 if there is none.
    ///
    /// # Errors
    ///
    /// None today; the signature is that of Extism's crate.
    pub fn memory_length(&mut self, offset: u64) -> Result<u64, Error> {
        Ok(self.memory_handle(offset).map_or(0, |handle| handle.length))
    }

    /// The same as [`CurrentPlugin::memory_length`]: here the check costs nothing.
    ///
    /// # Errors
    ///
    /// None today; the signature is that of Extism's crate.
    pub fn memory_length_unsafe(&mut self, offset: u64) -> Result<u64, Error> {
        self.memory_length(offset)
    }

    /// Sets the guest's error message, as the guest itself can: the call fails with it.
    #[doc(hidden)]
    pub fn set_error(&mut self, message: impl AsRef<str>) -> Result<(u64, u64), Error> {
        let handle = self.memory_new(message.as_ref())?;
        let kernel = self.caller.data().kernel();
        kernel.set_error(&mut self.caller, handle.offset);
        Ok((handle.offset, handle.length))
    }

    /// Returns the error message that the guest, or a host function, has set.
    pub fn get_error(&mut self) -> Option<&str> {
        let kernel = self.caller.data().kernel();
        let block = kernel.error_block(&mut self.caller)?;
        str::from_utf8(kernel.read(&self.caller, block)).ok()
    }

    /// Takes the error message back.
    pub fn clear_error(&mut self) {
        let kernel = self.caller.data().kernel();
        kernel.set_error(&mut self.caller, 0);
    }

    /// Returns the run of bytes that a handle names, if it was handed out in this call.
    fn check(&mut self, handle: MemoryHandle) -> Result<Block, Error> {
        let MemoryHandle { offset, length } = handle;
        let kernel = self.caller.data().kernel();
        Ok(kernel
            .handed_out(&mut self.caller, offset, length)
            .ok_or(HostError::OutOfBounds { offset, length })?)
    }
}

impl fmt::Debug for CurrentPlugin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CurrentPlugin({})", self.id())
    }
}

fn handle(block: Block) -> MemoryHandle {
    MemoryHandle { offset: block.offset(), length: block.len() }
}
