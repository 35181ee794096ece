//! What a module may be like to be compiled.

use crate::builder::PluginBuilder;

/// How large and how involved a module may be, so that compiling it takes time and memory that can be
/// foreseen: one pass over the module finds out, before the compiler sees it. Each of a plug-in's modules
/// is held to this by itself, but [`work`](Self::work) is what all of them together may take. `None` means
/// unlimited.
///
/// Code that is compiled already, in use in this process or in a cache, costs nothing to compile and is
/// not looked at again.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "wat")] {
/// use plugsmith::{ModuleLimits, PluginBuilder};
///
/// let mut limits = ModuleLimits::default();
/// limits.functions = Some(1);
/// let module = r#"(module (func (export "a") (nop)) (func (export "b") (nop)))"#;
/// let err = PluginBuilder::new(module).with_module_limits(limits).build().unwrap_err();
/// assert_eq!(err.to_string(), "module `main`: the number of functions is 2, the limit is 1");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleLimits {
    /// Bytes of the module's file. The default is 64 MiB.
    pub bytes: Option<u64>,
    /// Functions that the module defines. The default is 100,000.
    pub functions: Option<u64>,
    /// All else that it declares, together: types, imports, tables, memories, globals, tags, exports,
    /// segments, custom sections. The default is 100,000.
    pub items: Option<u64>,
    /// Locals of one function, parameters included. The default is 10,000.
    pub locals: Option<u64>,
    /// Blocks of code within each other. The default is 10,000.
    pub nesting: Option<u64>,
    /// Loops within each other. The default is 100.
    pub loop_nesting: Option<u64>,
    /// The work that compiling one function takes, in units of about one instruction. Values that
    /// are passed along branches and calls, or are alive where branches meet, and locals that are used
    /// within many loops, count too: the compiler makes instructions of them, and notes. The default is
    /// 1,500,000, which is that of a usual function of a megabyte. What is computed when an instance is
    /// made, for globals, tables and segments, is one function more; where this is a limit, passive
    /// segments have no more than 1,048,576 elements.
    pub function_work: Option<u64>,
    /// The same for all functions and declarations of all modules of a plug-in together. The default is
    /// 25,000,000: usual modules take about one unit for each byte of code.
    pub work: Option<u64>,
}

impl ModuleLimits {
    /// No limits: only for modules that you trust.
    pub const UNLIMITED: Self = Self {
        bytes: None,
        functions: None,
        items: None,
        locals: None,
        nesting: None,
        loop_nesting: None,
        function_work: None,
        work: None,
    };
}

impl Default for ModuleLimits {
    fn default() -> Self {
        Self {
            bytes: Some(64 << 20),
            functions: Some(100_000),
            items: Some(100_000),
            locals: Some(10_000),
            nesting: Some(10_000),
            loop_nesting: Some(100),
            function_work: Some(1_500_000),
            work: Some(25_000_000),
        }
    }
}

impl PluginBuilder<'_> {
    /// Limits what a module may be like to be compiled.
    pub fn with_module_limits(mut self, limits: ModuleLimits) -> Self {
        self.options.module_limits = limits;
        self
    }
}
