//! What one call, and one instance, may take of its host.

use std::time::Duration;

use crate::{builder::PluginBuilder, deadline::Checks, limits::TABLE_ELEMENT_LIMIT};

/// What one call of a plug-in may take, and its instance, where the manifest does not say it. `None`
/// means unlimited, where a limit can be lifted; the limits are independent.
///
/// The defaults let a host survive any plug-in, and are meant to be set to what plug-ins of your kind
/// need, which is less.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "wat")] {
/// use std::time::Duration;
///
/// use plugsmith::{CallLimits, PluginBuilder};
///
/// let mut limits = CallLimits::default();
/// limits.time = Some(Duration::from_millis(20));
/// let module = r#"(module (func (export "spin") (loop $again (br $again))))"#;
/// let mut plugin = PluginBuilder::new(module).with_call_limits(limits).build()?;
/// let err = plugin.call::<(), ()>("spin", ()).unwrap_err();
/// assert_eq!(err.to_string(), "call ran past its limit of 20ms");
/// # }
/// # Ok::<(), plugsmith::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallLimits {
    /// Wall-clock time from entry to return, constructors and host functions included, unless the
    /// manifest has a `timeout_ms`. The default is one minute. Of code that runs
    /// [uninterrupted](PluginBuilder::with_interruption), less is counted.
    pub time: Option<Duration>,
    /// Pages of 64 KiB of all memories of the guest together, over the instance's life, unless the
    /// manifest has a `memory.max_pages`. The default is 16,384, which is 1 GiB.
    pub memory_pages: Option<u32>,
    /// Elements of all tables together, over the instance's life. The default, 1,048,576, is also the
    /// most.
    pub table_elements: u64,
    /// Bytes that are logged in one call, standard output and standard error included; each message
    /// costs 64 bytes beside its text. What comes after is dropped, and the log says so. The default is
    /// 16 MiB.
    pub log_bytes: Option<u64>,
    /// HTTP requests in one call, redirects not counted. The default is 1,000.
    pub http_requests: Option<u64>,
    /// Bytes of bodies that are sent and received by HTTP in one call: each time that a redirect has one sent
    /// again, and also where the answer then fails. The default is 256 MiB.
    pub http_bytes: Option<u64>,
    /// Files and directories that an instance has open at once. The default is 64.
    pub open_files: Option<u32>,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            time: Some(Duration::from_mins(1)),
            memory_pages: Some(16_384),
            table_elements: TABLE_ELEMENT_LIMIT,
            log_bytes: Some(16 << 20),
            http_requests: Some(1_000),
            http_bytes: Some(256 << 20),
            open_files: Some(64),
        }
    }
}

impl PluginBuilder<'_> {
    /// Limits what one call may take, where the manifest does not say it.
    pub fn with_call_limits(mut self, limits: CallLimits) -> Self {
        self.options.call_limits = limits;
        self
    }

    /// Has the plug-in's code be interruptible (the default), or not, which makes it faster: what does little
    /// else than to call takes about a quarter less time (`fib-trusted` of `cargo xtask bench`), small JSON in
    /// and out hardly less (`json-trusted`).
    ///
    /// Code that can be interrupted looks on entry of each function, and at each turn of a loop, whether its
    /// call must end. With `false`, **nothing ends a call while the plug-in's own code runs**, and a loop without
    /// end runs for ever: only for plug-ins that you trust as you trust your own program. A limit of
    /// [fuel](Self::with_fuel_limit) ends such code, too, and has a cost of its own.
    ///
    /// A time limit then counts from the first time that the call has the host do something: make an
    /// instance, run a host function, log. It is looked at around HTTP requests, where the system interface
    /// waits, and when the call returns. A [`CancelHandle`](crate::CancelHandle) ends a call in the first two
    /// of these, and else the next one, unless it is cleared.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// use plugsmith::PluginBuilder;
    ///
    /// let module = r#"(module (func (export "ping")))"#;
    /// let mut plugin = PluginBuilder::new(module).with_interruption(false).build()?;
    /// plugin.call::<(), ()>("ping", ())?;
    /// # }
    /// # Ok::<(), plugsmith::Error>(())
    /// ```
    pub fn with_interruption(mut self, interruptible: bool) -> Self {
        self.options.checks = if interruptible { Checks::Epochs } else { Checks::None };
        self
    }

    /// Limits the memory through which inputs and outputs pass, in pages of 64 KiB. The default is
    /// 16,384, which is 1 GiB; the least that works is 16.
    pub fn with_exchange_page_limit(mut self, pages: u32) -> Self {
        self.options.kernel_page_limit = Some(pages);
        self
    }
}
