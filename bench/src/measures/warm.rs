//! A call of a plug-in that is loaded and has been called before: the same bytes in on each side, the
//! same bytes out.

use std::{ffi::CStr, hint::black_box};

use anyhow::Result;
use plugsmith::Plugin;

use crate::{
    setting::{Guest, Setting},
    subject::{Run, Side, check, timed},
};

/// One call.
#[derive(Clone)]
pub(crate) struct Warm {
    pub(crate) guest: Guest,
    pub(crate) export: &'static CStr,
    pub(crate) input: Vec<u8>,
    pub(crate) output: Vec<u8>,
    /// How many operations the call consists of.
    pub(crate) n_operations: u64,
}

impl Warm {
    /// A call that gives its input back.
    pub(crate) fn echo(guest: Guest, len: usize) -> Self {
        let bytes: Vec<u8> = (0_u8..=250).cycle().take(len).collect();
        Self { guest, export: c"echo", output: bytes.clone(), input: bytes, n_operations: 1 }
    }

    /// The call on Plugsmith.
    pub(crate) fn ours(&self, setting: &Setting) -> Result<Run> {
        let plugin = Plugin::new_from_compiled(&setting.compile(self.guest)?)?;
        self.ours_on(plugin)
    }

    /// The call on a plug-in of Plugsmith's that is there already.
    pub(crate) fn ours_on(&self, mut plugin: Plugin) -> Result<Run> {
        let Self { export, input, output, n_operations, .. } = self.clone();
        let export = export.to_str()?;
        check("Plugsmith", export, plugin.call(export, &input[..])?, &output)?;
        Ok(timed(n_operations, move |n_calls| {
            for _ in 0..n_calls {
                black_box(plugin.call::<&[u8], &[u8]>(export, &input)?);
            }
            Ok(())
        }))
    }

    /// The call on the peer.
    pub(crate) fn peer(&self, setting: &Setting) -> Result<Side> {
        let peer = match &setting.peer {
            Ok(peer) => *peer,
            Err(reason) => return Ok(Side::absent(reason)),
        };
        if self.guest.uninterrupted {
            return Ok(Side::absent("it has no such choice"));
        }
        let plugin = setting.compile_peer(peer, self.guest)?.instantiate()?;
        Ok(Side::Runs(self.peer_on(plugin)?))
    }

    /// The call on a plug-in of the peer's that is there already.
    pub(crate) fn peer_on(&self, mut plugin: crate::peer::Plugin) -> Result<Run> {
        let Self { export, input, output, n_operations, .. } = self.clone();
        check("Extism", &export.to_string_lossy(), plugin.call(export, &input)?, &output)?;
        Ok(timed(n_operations, move |n_calls| {
            for _ in 0..n_calls {
                black_box(plugin.call(export, &input)?);
            }
            Ok(())
        }))
    }
}
