//! How much memory an instance may keep from call to call.

use crate::{builder::PluginBuilder, limits::PAGE_BYTES};

impl PluginBuilder<'_> {
    /// Limits what an instance keeps from call to call, in pages of 64 KiB: the guest's memories and
    /// that through which inputs and outputs pass, together. There is no limit by default.
    ///
    /// A guest's memory never shrinks, so one large call has it keep its memory for as long as it lives.
    /// With this limit an instance that has more after a call is replaced by a fresh one for the next,
    /// which costs some microseconds: the guest's own state is then gone, variables are kept. So this is
    /// for plug-ins that keep nothing themselves. The memory is given back when the next call begins, or
    /// earlier: when the plug-in returns to its [`Pool`](crate::Pool), or by
    /// [`Plugin::reset`](crate::Plugin::reset).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// let module = r#"(module (memory 1)
    ///     (func (export "grow") (drop (memory.grow (i32.const 100))))
    ///     (func (export "n_pages") (result i32) (i32.sub (memory.size) (i32.const 1))))"#;
    /// let mut plugin = plugsmith::PluginBuilder::new(module).with_kept_page_limit(64).build()?;
    /// plugin.call::<(), ()>("grow", ())?;
    /// // One page again, which the export says with a status of zero.
    /// plugin.call::<(), ()>("n_pages", ())?;
    /// # }
    /// # Ok::<(), plugsmith::Error>(())
    /// ```
    pub fn with_kept_page_limit(mut self, pages: u32) -> Self {
        self.options.kept_bytes_limit = Some(u64::from(pages) * PAGE_BYTES);
        self
    }
}
