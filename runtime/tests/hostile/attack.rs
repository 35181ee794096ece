//! One attack as a row of a table: what it tries, with what, under which limits, and how it ends.

use std::{any::Any, fmt, time::Duration};

use plugsmith::{CallLimits, Function, Manifest, ModuleLimits, PluginBuilder, Trap, Wasm};

/// A row: built by `attack`, narrowed by the methods that follow.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) tries: &'static str,
    /// Makes the modules, the last of which is the main one.
    pub(crate) modules: Box<dyn Fn() -> Vec<Wasm>>,
    pub(crate) ends: Ends,
    pub(crate) then: Then,
    pub(crate) time: Duration,
    pub(crate) prepare: fn(&mut Setup),
    pub(crate) judge: fn(&Setup),
}

/// What an attack comes to.
#[derive(Debug, Clone)]
pub(crate) enum Ends {
    /// The call succeeds; all that the guest asserts holds.
    Harmless,
    /// It fails by a variant of `CallError`, whose text and causes contain this.
    Call(&'static str, &'static str),
    /// The plug-in is not loaded: a variant of `LoadError`, whose text and causes contain this.
    Load(&'static str, &'static str),
}

/// What the next call of the same plug-in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// An echo, which is right.
    Echo,
    /// The same again, since the attack comes before any export runs.
    TheSame,
}

/// What surrounds a guest.
pub(crate) struct Setup {
    pub(crate) manifest: Manifest,
    pub(crate) functions: Vec<Function>,
    pub(crate) wasi: bool,
    pub(crate) input: Vec<u8>,
    pub(crate) limits: CallLimits,
    pub(crate) module_limits: ModuleLimits,
    /// Choices that are not part of the manifest.
    pub(crate) choose: for<'a> fn(&Self, PluginBuilder<'a>) -> PluginBuilder<'a>,
    /// What lives as long as the attack: servers, folders, logs.
    pub(crate) kept: Vec<Box<dyn Any>>,
}

/// How long an attack may take that ends otherwise than by time.
const LONG: Duration = Duration::from_mins(1);

/// How long one may take that ends by time.
const SHORT: Duration = Duration::from_millis(30);

/// Starts a row.
pub(crate) fn attack(
    name: &'static str,
    tries: &'static str,
    wat: impl Into<String>,
    ends: Ends,
) -> Attack {
    let wat = wat.into();
    let module = move || vec![Wasm::data(wat::parse_str(&wat).unwrap())];
    of_modules(name, tries, module, ends)
}

/// Starts a row whose module is made of bytes.
pub(crate) fn of_bytes(
    name: &'static str,
    tries: &'static str,
    bytes: impl Fn() -> Vec<u8> + 'static,
    ends: Ends,
) -> Attack {
    of_modules(name, tries, move || vec![Wasm::data(bytes())], ends)
}

/// Starts a row of several modules.
pub(crate) fn of_modules(
    name: &'static str,
    tries: &'static str,
    modules: impl Fn() -> Vec<Wasm> + 'static,
    ends: Ends,
) -> Attack {
    let time = if matches!(ends, Ends::Call("TimedOut", _)) { SHORT } else { LONG };
    Attack {
        name,
        tries,
        modules: Box::new(modules),
        ends,
        then: Then::Echo,
        time,
        prepare: |_| {},
        judge: |_| {},
    }
}

/// A trap of this kind.
pub(crate) fn traps(trap: Trap) -> Ends {
    Ends::Call(
        "Trap",
        match trap {
            Trap::Unreachable => "executed `unreachable`",
            Trap::StackOverflow => "call stack exhausted",
            Trap::MemoryOutOfBounds => "memory access out of bounds",
            Trap::TableOutOfBounds => "table access out of bounds",
            Trap::IndirectCallToNull => "indirect call to an empty table entry",
            Trap::IndirectCallType => "indirect call to a function of another type",
            Trap::IntegerOverflow => "integer overflow",
            Trap::DivisionByZero => "integer division by zero",
            Trap::BadConversion => "conversion of not-a-number",
            Trap::OutOfFuel => "fuel used up",
            Trap::Exception => "uncaught exception",
            Trap::HeapExhausted => "garbage-collected heap exhausted",
            _ => "trap",
        },
    )
}

/// The time limit ends it.
pub(crate) fn times_out() -> Ends {
    Ends::Call("TimedOut", "ran past its limit")
}

impl Attack {
    /// Has the surroundings prepared otherwise.
    pub(crate) fn with(mut self, prepare: fn(&mut Setup)) -> Self {
        self.prepare = prepare;
        self
    }

    /// Looks at what is left when the attack is over.
    pub(crate) fn judged(mut self, judge: fn(&Setup)) -> Self {
        self.judge = judge;
        self
    }

    /// The attack comes before any export runs, so the next call meets it again.
    pub(crate) fn again(mut self) -> Self {
        self.then = Then::TheSame;
        self
    }

    /// Puts together what surrounds the guest.
    pub(crate) fn setup(&self) -> Setup {
        let manifest = Manifest::new((self.modules)()).with_timeout(self.time);
        let mut setup = Setup {
            manifest,
            functions: Vec::new(),
            wasi: false,
            input: Vec::new(),
            limits: CallLimits::default(),
            module_limits: ModuleLimits::default(),
            choose: |_, builder| builder,
            kept: Vec::new(),
        };
        setup.manifest.memory.max_pages = Some(64);
        (self.prepare)(&mut setup);
        setup
    }
}

impl Setup {
    /// Returns what the attack kept, of this type.
    pub(crate) fn kept<T: 'static>(&self) -> &T {
        self.kept.iter().find_map(|kept| kept.downcast_ref()).unwrap()
    }

    /// Returns a builder for the guest in these surroundings.
    pub(crate) fn builder(&self) -> PluginBuilder<'_> {
        let builder = PluginBuilder::new(&self.manifest)
            .with_functions(self.functions.iter().cloned())
            .with_wasi(self.wasi)
            .with_call_limits(self.limits)
            .with_module_limits(self.module_limits)
            .with_exchange_page_limit(64);
        (self.choose)(self, builder)
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Harmless => f.write_str("nothing"),
            Self::Call(variant, text) => write!(f, "`CallError::{variant}`: {text}"),
            Self::Load(variant, text) => write!(f, "`LoadError::{variant}`: {text}"),
        }
    }
}
