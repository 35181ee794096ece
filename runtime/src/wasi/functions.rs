//! The functions of the interface, each between the engine and its implementation.
//!
//! Every function with a descriptor among its arguments names it in brackets, and refuses one that
//! stands for a single file: see `paths`. The few that do not refuse it are written out.

use wasmtime::{AsContextMut, Caller, Extern, Linker};
use wasmtime_wasi::p1::{
    WasiP1Ctx,
    wasi_snapshot_preview1::{self as preview1, WasiSnapshotPreview1},
};
use wiggle::{GuestMemory, GuestPtr};

use super::{Exit, FileName, NAMESPACE, WasiContext, wait::wait};
use crate::{deadline::Deadline, error::LoadError, host::HostError, state::State};

/// Results of functions, as the interface numbers them.
mod errno {
    pub(super) const SUCCESS: i32 = 0;
    pub(super) const EXIST: i32 = 20;
    pub(super) const ISDIR: i32 = 31;
    pub(super) const MFILE: i32 = 33;
    pub(super) const NOENT: i32 = 44;
    pub(super) const NOTCAPABLE: i32 = 76;
}

/// Flags of `path_open`: what they ask for.
mod oflags {
    pub(super) const CREAT: i32 = 1;
    pub(super) const EXCL: i32 = 4;
}

/// What a file is, in the first byte of what `fd_fdstat_get` writes.
const REGULAR_FILE: u8 = 4;

/// Defines the interface.
pub(crate) fn define(linker: &mut Linker<State>) -> Result<(), LoadError> {
    define_system(linker)
        .and_then(|()| define_descriptors(linker))
        .and_then(|()| define_closing(linker))
        .and_then(|()| define_paths(linker))
        .and_then(|()| define_files(linker))
        .map_err(LoadError::engine)
}

/// What a function works on.
struct Call<'a> {
    memory: GuestMemory<'a>,
    context: &'a mut WasiContext,
    deadline: &'a mut Deadline,
}

impl<'a> Call<'a> {
    fn new(caller: &'a mut Caller<'_, State>) -> wasmtime::Result<Self> {
        let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
            return Err(HostError::NoMemory.into());
        };
        let host_call_fuel = caller.as_context_mut().hostcall_fuel();
        let (bytes, state) = memory.data_and_store_mut(caller);
        state.deadline.note_start();
        let State { wasi, deadline, .. } = state;
        let context = wasi.as_mut().expect("a guest that imports the interface has a context");
        context.preview1().set_hostcall_fuel(host_call_fuel);
        Ok(Self { memory: GuestMemory::Unshared(bytes), context, deadline })
    }

    /// Says whether any of `descriptors` stands for a single file.
    fn any_file(&self, descriptors: &[i32]) -> bool {
        descriptors.iter().any(|&descriptor| self.context.file(descriptor).is_some())
    }
}

/// Defines functions that wait for nothing (`now`) or may wait (`wait`), with the descriptors among
/// their arguments in brackets.
macro_rules! define {
    ($linker:ident; $($kind:ident $name:ident($($arg:ident: $ty:ty),*) [$($descriptor:ident),*];)*) => {
        $($linker.func_wrap(
            NAMESPACE,
            stringify!($name),
            |mut caller: Caller<'_, State>, $($arg: $ty),*| -> wasmtime::Result<i32> {
                let mut call = Call::new(&mut caller)?;
                if call.any_file(&[$($descriptor),*]) {
                    return Ok(errno::NOTCAPABLE);
                }
                let preview1 = call.context.preview1();
                run!($kind call.deadline, preview1::$name(preview1, &mut call.memory, $($arg),*))
            },
        )?;)*
        Ok(())
    };
}

/// Takes the result of a function, and waits for it if it is to come.
macro_rules! run {
    (now $deadline:expr, $result:expr) => {
        $result
    };
    (wait $deadline:expr, $result:expr) => {
        wait($result, $deadline)?
    };
}

fn define_system(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    // Needs no memory, and takes any status.
    linker.func_wrap(NAMESPACE, "proc_exit", |status: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Exit { status }))
    })?;
    define! { linker;
        now args_get(argv: i32, argv_buf: i32) [];
        now args_sizes_get(n_args: i32, argv_buf_len: i32) [];
        now environ_get(environ: i32, environ_buf: i32) [];
        now environ_sizes_get(n_vars: i32, environ_buf_len: i32) [];
        now clock_res_get(id: i32, resolution: i32) [];
        now clock_time_get(id: i32, precision: i64, time: i32) [];
        wait poll_oneoff(subscriptions: i32, events: i32, n_subscriptions: i32, n_events: i32) [];
        now proc_raise(signal: i32) [];
        now random_get(buf: i32, buf_len: i32) [];
        now sched_yield() [];
    }
}

fn define_descriptors(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    define! { linker;
        wait fd_advise(fd: i32, offset: i64, len: i64, advice: i32) [fd];
        now fd_allocate(fd: i32, offset: i64, len: i64) [fd];
        wait fd_datasync(fd: i32) [fd];
        wait fd_fdstat_get(fd: i32, stat: i32) [];
        now fd_fdstat_set_flags(fd: i32, flags: i32) [fd];
        now fd_fdstat_set_rights(fd: i32, base: i64, inheriting: i64) [fd];
        wait fd_filestat_get(fd: i32, stat: i32) [fd];
        wait fd_filestat_set_size(fd: i32, len: i64) [fd];
        wait fd_filestat_set_times(fd: i32, accessed: i64, modified: i64, flags: i32) [fd];
        wait fd_pread(fd: i32, iovs: i32, n_iovs: i32, offset: i64, n_read: i32) [fd];
        now fd_prestat_get(fd: i32, prestat: i32) [];
        now fd_prestat_dir_name(fd: i32, path: i32, path_len: i32) [];
        wait fd_pwrite(fd: i32, iovs: i32, n_iovs: i32, offset: i64, n_written: i32) [fd];
        wait fd_read(fd: i32, iovs: i32, n_iovs: i32, n_read: i32) [fd];
        wait fd_readdir(fd: i32, buf: i32, buf_len: i32, cookie: i64, n_used: i32) [fd];
        wait fd_seek(fd: i32, offset: i64, whence: i32, position: i32) [fd];
        wait fd_sync(fd: i32) [fd];
        now fd_tell(fd: i32, position: i32) [fd];
        wait fd_write(fd: i32, iovs: i32, n_iovs: i32, n_written: i32) [fd];
        now sock_accept(fd: i32, flags: i32, accepted: i32) [fd];
        now sock_recv(fd: i32, iovs: i32, n_iovs: i32, flags: i32, n_read: i32, flags_out: i32) [fd];
        now sock_send(fd: i32, iovs: i32, n_iovs: i32, flags: i32, n_written: i32) [fd];
        now sock_shutdown(fd: i32, how: i32) [fd];
    }
}

/// Defines the two functions after which fewer descriptors are open.
fn define_closing(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(NAMESPACE, "fd_close", |mut caller: Caller<'_, State>, fd: i32| {
        let mut call = Call::new(&mut caller)?;
        if call.any_file(&[fd]) {
            return Ok(errno::NOTCAPABLE);
        }
        let Call { memory, context, deadline } = &mut call;
        let status = wait(preview1::fd_close(context.preview1(), memory, fd), deadline)??;
        if status == errno::SUCCESS {
            context.open.note_closed(fd);
        }
        Ok(status)
    })?;
    linker.func_wrap(
        NAMESPACE,
        "fd_renumber",
        |mut caller: Caller<'_, State>, from: i32, to: i32| {
            let mut call = Call::new(&mut caller)?;
            if call.any_file(&[from, to]) {
                return Ok(errno::NOTCAPABLE);
            }
            let Call { memory, context, deadline } = &mut call;
            let status =
                wait(preview1::fd_renumber(context.preview1(), memory, from, to), deadline)??;
            if status == errno::SUCCESS {
                context.open.note_renumbered(from, to);
            }
            Ok(status)
        },
    )?;
    Ok(())
}

fn define_paths(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    define! { linker;
        wait path_create_directory(fd: i32, path: i32, path_len: i32) [fd];
        wait path_filestat_set_times(
            fd: i32, flags: i32, path: i32, path_len: i32, accessed: i64, modified: i64, which: i32
        ) [fd];
        wait path_link(
            old_fd: i32, old_flags: i32, old: i32, old_len: i32, new_fd: i32, new: i32, new_len: i32
        ) [old_fd, new_fd];
        wait path_readlink(
            fd: i32, path: i32, path_len: i32, buf: i32, buf_len: i32, n_used: i32
        ) [fd];
        wait path_remove_directory(fd: i32, path: i32, path_len: i32) [fd];
        wait path_rename(
            fd: i32, old: i32, old_len: i32, new_fd: i32, new: i32, new_len: i32
        ) [fd, new_fd];
        wait path_symlink(old: i32, old_len: i32, fd: i32, new: i32, new_len: i32) [fd];
        wait path_unlink_file(fd: i32, path: i32, path_len: i32) [fd];
    }
}

/// Defines the two functions that reach a single file.
fn define_files(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(
        NAMESPACE,
        "path_filestat_get",
        |mut caller: Caller<'_, State>,
         fd: i32,
         flags: i32,
         path: i32,
         path_len: i32,
         stat: i32| {
            let mut call = Call::new(&mut caller)?;
            let file = match FileCall::find(&call, fd, path, path_len)? {
                Found::File(file) => Some(file),
                Found::Nothing => return Ok(errno::NOENT),
                Found::Directory => None,
            };
            let Call { memory, context, deadline } = &mut call;
            match file {
                Some(file) => file.stat(context.preview1(), deadline, memory, stat),
                None => wait(
                    preview1::path_filestat_get(
                        context.preview1(),
                        memory,
                        fd,
                        flags,
                        path,
                        path_len,
                        stat,
                    ),
                    deadline,
                )?,
            }
        },
    )?;
    linker.func_wrap(NAMESPACE, "path_open", path_open)?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
fn path_open(
    mut caller: Caller<'_, State>,
    fd: i32,
    dirflags: i32,
    path: i32,
    path_len: i32,
    oflags: i32,
    base: i64,
    inheriting: i64,
    fdflags: i32,
    opened: i32,
) -> wasmtime::Result<i32> {
    let mut call = Call::new(&mut caller)?;
    let file = match FileCall::find(&call, fd, path, path_len)? {
        Found::File(file) => Some(file),
        Found::Nothing => return Ok(errno::NOENT),
        Found::Directory => None,
    };
    let Call { memory, context, deadline } = &mut call;
    if context.open.is_full() {
        return Ok(errno::MFILE);
    }
    let preview1 = context.preview1();
    let status = match file {
        Some(file) => {
            let rights = Rights { oflags, base, inheriting, fdflags };
            file.open(preview1, deadline, memory, &rights, opened)
        }
        None => wait(
            preview1::path_open(
                preview1, memory, fd, dirflags, path, path_len, oflags, base, inheriting, fdflags,
                opened,
            ),
            deadline,
        )?,
    }?;
    if status == errno::SUCCESS {
        context.open.note_opened(memory.read(GuestPtr::<i32>::new(opened.cast_unsigned()))?);
    }
    Ok(status)
}

/// What a path leads to, from a descriptor.
enum Found {
    /// The descriptor stands for a directory, or for nothing: the implementation knows.
    Directory,
    /// The descriptor stands for a single file, and the path is another's.
    Nothing,
    File(FileCall),
}

/// A call that concerns a single file. Its name is put into memory of the host's own, in which the
/// implementation finds it and leaves its result.
struct FileCall {
    /// The descriptor of the file's directory.
    fd: i32,
    scratch: Vec<u8>,
    result: usize,
    name: usize,
}

/// How a file is to be opened, in the interface's numbers.
struct Rights {
    oflags: i32,
    base: i64,
    inheriting: i64,
    fdflags: i32,
}

impl FileCall {
    /// Room for the largest result, and its alignment.
    const RESULT_LEN: usize = 64;
    const RESULT_ALIGN: usize = 8;

    fn find(call: &Call<'_>, fd: i32, path: i32, path_len: i32) -> wasmtime::Result<Found> {
        let Some(name) = call.context.file(fd) else { return Ok(Found::Directory) };
        let path = GuestPtr::<[u8]>::new((path.cast_unsigned(), path_len.cast_unsigned()));
        let path = call.memory.as_cow(path)?;
        Ok(if matches!(&*path, b"." | b"./" | b"") {
            Found::File(Self::new(fd, name))
        } else {
            Found::Nothing
        })
    }

    fn new(fd: i32, name: &FileName) -> Self {
        let name_len = name.as_bytes().len();
        let mut scratch = vec![0; Self::RESULT_ALIGN + Self::RESULT_LEN + name_len];
        // The implementation wants alignment in the host's memory.
        let result = scratch.as_ptr().align_offset(Self::RESULT_ALIGN) % Self::RESULT_ALIGN;
        let name_start = result + Self::RESULT_LEN;
        scratch[name_start..name_start + name_len].copy_from_slice(name.as_bytes());
        scratch.truncate(name_start + name_len);
        Self { fd, scratch, result, name: name_start }
    }

    /// Looks at the file.
    fn stat(
        mut self,
        preview1: &mut WasiP1Ctx,
        deadline: &mut Deadline,
        memory: &mut GuestMemory<'_>,
        stat: i32,
    ) -> wasmtime::Result<i32> {
        let (path, path_len, result) = self.addresses()?;
        let mut scratch = GuestMemory::Unshared(&mut self.scratch);
        // No flags: a link that took the file's place is not followed.
        let status = wait(
            preview1::path_filestat_get(preview1, &mut scratch, self.fd, 0, path, path_len, result),
            deadline,
        )??;
        if status == errno::SUCCESS {
            let len = u32::try_from(Self::RESULT_LEN)?;
            let into = GuestPtr::<[u8]>::new((stat.cast_unsigned(), len));
            memory.copy_from_slice(&self.scratch[self.result..self.name], into)?;
        }
        Ok(status)
    }

    /// Opens the file, which is there: it is never made.
    fn open(
        mut self,
        preview1: &mut WasiP1Ctx,
        deadline: &mut Deadline,
        memory: &mut GuestMemory<'_>,
        rights: &Rights,
        opened: i32,
    ) -> wasmtime::Result<i32> {
        if rights.oflags & oflags::CREAT != 0 && rights.oflags & oflags::EXCL != 0 {
            return Ok(errno::EXIST);
        }
        let oflags = rights.oflags & !(oflags::CREAT | oflags::EXCL);
        let (path, path_len, result) = self.addresses()?;
        let &Rights { base, inheriting, fdflags, .. } = rights;
        let mut scratch = GuestMemory::Unshared(&mut self.scratch);
        let open = preview1::path_open(
            preview1,
            &mut scratch,
            self.fd,
            0,
            path,
            path_len,
            oflags,
            base,
            inheriting,
            fdflags,
            result,
        );
        let status = wait(open, deadline)??;
        if status != errno::SUCCESS {
            return Ok(status);
        }
        let at = GuestPtr::<u32>::new(result.cast_unsigned());
        let descriptor = scratch.read(at)?;
        let fd = descriptor.cast_signed();
        wait(preview1::fd_fdstat_get(preview1, &mut scratch, fd, result), deadline)??;
        if scratch.read(at.cast::<u8>())? != REGULAR_FILE {
            // Something else has taken the file's place, a directory perhaps.
            wait(preview1::fd_close(preview1, &mut scratch, fd), deadline)??;
            return Ok(errno::ISDIR);
        }
        memory.write(GuestPtr::<u32>::new(opened.cast_unsigned()), descriptor)?;
        Ok(errno::SUCCESS)
    }

    /// Returns where the name is, its length, and where the result goes.
    fn addresses(&self) -> wasmtime::Result<(i32, i32, i32)> {
        let name_len = i32::try_from(self.scratch.len() - self.name)?;
        Ok((i32::try_from(self.name)?, name_len, i32::try_from(self.result)?))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use plugsmith_manifest::Manifest;
    use wasmtime::{Engine, ExternType, Store};

    use super::*;
    use crate::{limits::MemoryLimits, state};

    /// Names and types of a linker's functions, in order of their names.
    fn functions<T: 'static>(linker: &Linker<T>, store: &mut Store<T>) -> Vec<(String, String)> {
        let mut functions: Vec<_> = linker
            .iter(&mut *store)
            .map(|(_, name, function)| (name.to_owned(), function))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(name, function)| match function.ty(&*store) {
                ExternType::Func(ty) => (name, ty.to_string()),
                other => (name, format!("{other:?}")),
            })
            .collect();
        functions.sort();
        functions
    }

    #[test]
    fn the_functions_are_those_of_the_implementation() {
        let engine = Engine::default();
        let (mut ours, mut theirs) = (Linker::new(&engine), Linker::new(&engine));
        define(&mut ours).unwrap();
        wasmtime_wasi::p1::add_to_linker_sync(&mut theirs, |context: &mut WasiP1Ctx| context)
            .unwrap();
        let limits = MemoryLimits { guest_pages: None, kernel_pages: 16, table_elements: 0 };
        let state = state::scratch(&Arc::new(Manifest::default()), limits);
        let context = wasmtime_wasi::WasiCtxBuilder::new().build_p1();
        assert_eq!(
            functions(&ours, &mut Store::new(&engine, state)),
            functions(&theirs, &mut Store::new(&engine, context)),
        );
    }
}
