//! Which commands there are, and what each takes: the one table that parsing, help and the suggestion for a
//! mistyped name read (`flags.rs`). Nothing here runs a command.

use crate::fuzz;

/// What `cargo xtask` can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Setup,
    Guests,
    Kernel,
    Demo,
    Test,
    Bench,
    Soak,
    Fuzz,
    Examples,
    Carts,
    Miri,
    Models,
    Man,
    Supply,
    Sbom,
    Screens,
    Book,
    Tidy,
    Ci,
}

pub(crate) struct CommandSpec {
    pub(crate) command: Command,
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) flags: &'static [FlagSpec],
    /// What the arguments after `--` are for, if they are allowed.
    pub(crate) rest: Option<&'static str>,
    /// What may stand by itself, any number of times: the placeholder and the names that are known.
    pub(crate) operands: Option<(&'static str, &'static [&'static str])>,
    pub(crate) details: &'static str,
}

pub(crate) struct FlagSpec {
    pub(crate) name: &'static str,
    /// The placeholder of its value, if it takes one.
    pub(crate) value: Option<&'static str>,
    pub(crate) summary: &'static str,
}

pub(crate) const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        command: Command::Demo,
        name: "demo",
        summary: "Build the example plug-ins and run the discount shop on them",
        flags: &[],
        rest: Some("passed to the example host: --carts FILE, --plugin FILE"),
        operands: None,
        details: "Reads more than a thousand carts from examples/data/carts.jsonl, asks the merchant's\n\
                  plug-in for a discount on each, and prints what came of it. The first build\n\
                  compiles the WebAssembly engine and takes some minutes.",
    },
    CommandSpec {
        command: Command::Test,
        name: "test",
        summary: "Build the example plug-ins and run every test",
        flags: &[],
        rest: Some("passed to `cargo test`, such as a test's name"),
        operands: None,
        details: "Unit tests, documentation tests, the end-to-end tests that load the built plug-ins,\n\
                  and the comparison with the published Extism library, which is installed from\n\
                  Python's registry into target/tools. The output ends with cargo's own summary of\n\
                  each test binary. What had to be skipped for want of a tool is listed before the\n\
                  tests run, and is an error if CI is set in the environment.",
    },
    CommandSpec {
        command: Command::Bench,
        name: "bench",
        summary: "Measure Plugsmith beside Extism's library and the limit",
        flags: &[],
        rest: Some("passed to the benchmark, such as --quick; `-- --help` lists them"),
        operands: None,
        details: "Builds the plug-ins and the benchmark, installs the published Extism library from\n\
                  Python's registry, and measures the same work on each, and on the WebAssembly\n\
                  engine by itself. The first build takes some minutes, a run some more; `--quick`\n\
                  ends within two. Where the library cannot be had, Plugsmith is measured alone.\n\
                  `-- --serve` loads `plugsmith serve` with requests instead.",
    },
    CommandSpec {
        command: Command::Soak,
        name: "soak",
        summary: "Run Plugsmith under load and faults, and check all it does",
        flags: &[],
        rest: Some("passed to the soak, such as --minutes 5; `-- --help` lists them"),
        operands: None,
        details: "Builds the soak, and runs it for thirty minutes unless told otherwise: threads load\n\
                  plug-ins and call them in every way while faults happen at random. Every answer is\n\
                  checked, and so is what the process holds of memory, files, maps and threads.",
    },
    CommandSpec {
        command: Command::Fuzz,
        name: "fuzz",
        summary: "Have libFuzzer look for what breaks a promise",
        flags: &[FlagSpec {
            name: "--seconds",
            value: Some("N"),
            summary: "how long each target runs: 60 unless said",
        }],
        rest: Some("passed to libFuzzer, such as -jobs=2; `-- -help=1` lists them"),
        operands: Some(("TARGET", fuzz::TARGETS)),
        details: "Without targets, all of them, one after another:\n\
                  \n\
                  \x20 kernel         the heap against its model\n\
                  \x20 manifest       the parsers of manifests\n\
                  \x20 convert        the encodings\n\
                  \x20 signature      keys, and signatures of modules\n\
                  \x20 rewriter       guests that the fuzzer makes, fused and linked\n\
                  \x20 smith          modules of wasm-smith, fused and linked\n\
                  \x20 hostile_guest  guests that call whatever they can, however they like\n\
                  \n\
                  The first build of one of the last three compiles the WebAssembly engine with all\n\
                  optimisations and takes some minutes. Needs a C++ compiler, for libFuzzer. Begins with\n\
                  the inputs in fuzz/corpus and those that earlier runs put into target/fuzz/corpus. What\n\
                  breaks a promise is put into target/fuzz/found; a test by its name should follow.",
    },
    CommandSpec {
        command: Command::Setup,
        name: "setup",
        summary: "Find or install what compiles plug-ins to WebAssembly",
        flags: &[FlagSpec {
            name: "--route",
            value: Some("ROUTE"),
            summary: "use only this route: std, rustup, build-std",
        }],
        rest: None,
        operands: None,
        details: "Every command that needs a plug-in does this by itself. The first route that works\n\
                  is taken:\n\
                  \n\
                  \x20 std        the standard library for wasm32-unknown-unknown is installed beside\n\
                  \x20            the current rustc\n\
                  \x20 rustup     `rustup target add wasm32-unknown-unknown` installs it\n\
                  \x20 build-std  a rustc that has its library sources compiles the standard library:\n\
                  \x20            the current one (component rust-src), or the system's; on Debian\n\
                  \x20            and as root, its packages are installed with apt-get\n\
                  \n\
                  PLUGSMITH_ROUTE=ROUTE in the environment does what --route does, for every\n\
                  command.",
    },
    CommandSpec {
        command: Command::Guests,
        name: "guests",
        summary: "Build the example plug-ins into target/guests",
        flags: &[],
        rest: None,
        operands: None,
        details: "Compiles each crate in examples/guests/rust and compat/guests with the profile\n\
                  `guest`, and the plug-in that is written in C, Zig, AssemblyScript, Go and\n\
                  WebAssembly text, and prints the size of each. What compiles them is looked for in\n\
                  PATH, then installed: clang and lld by apt-get (as root, on Debian), Zig and Go from\n\
                  Python's registry, AssemblyScript from npm's, into target/tools. A language whose\n\
                  compiler cannot be had is skipped, which is told, and is an error if CI is set in\n\
                  the environment.",
    },
    CommandSpec {
        command: Command::Examples,
        name: "examples",
        summary: "Run each example host and compare what it prints",
        flags: &[FlagSpec {
            name: "--write",
            value: None,
            summary: "write the expected output instead of comparing",
        }],
        rest: None,
        operands: None,
        details: "The expected output of examples/hosts/NAME.rs is examples/hosts/NAME/expected.txt.",
    },
    CommandSpec {
        command: Command::Carts,
        name: "carts",
        summary: "Generate the carts of the demo",
        flags: &[FlagSpec {
            name: "--check",
            value: None,
            summary: "compare with the committed file instead of writing it",
        }],
        rest: None,
        operands: None,
        details: "Writes examples/data/carts.jsonl: the same carts on every machine.",
    },
    CommandSpec {
        command: Command::Kernel,
        name: "kernel",
        summary: "Build the kernel into runtime/src/kernel.wasm",
        flags: &[FlagSpec {
            name: "--check",
            value: None,
            summary: "compare with the committed file instead of writing it",
        }],
        rest: None,
        operands: None,
        details: "The host carries these bytes, so that its users need no WebAssembly toolchain.",
    },
    CommandSpec {
        command: Command::Miri,
        name: "miri",
        summary: "Look for undefined behaviour in the kernel and in conversions",
        flags: &[],
        rest: Some("passed to the tests, such as a test's name"),
        operands: None,
        details: "Runs their tests under an interpreter, with few random cases, which takes some\n\
                  minutes, and wants the component miri of a nightly toolchain.",
    },
    CommandSpec {
        command: Command::Models,
        name: "models",
        summary: "Try every order in which threads can meet in the host",
        flags: &[],
        rest: Some("the names of models, if not all are to be run"),
        operands: None,
        details: "Compiles the state machines of time limits, cancellations and pools with locks and\n\
                  atomics that a checker controls (loom), and runs each model in models/src once for\n\
                  each order of its threads' steps.",
    },
    CommandSpec {
        command: Command::Supply,
        name: "supply",
        summary: "Check that what comes from outside is what deny.toml lets in",
        flags: &[],
        rest: None,
        operands: None,
        details: "Licences, sources, duplicate versions, and the oldest compiler that each dependency\n\
                  can do with, for each lock file. Known weaknesses are not looked up, as that takes\n\
                  the network: `cargo deny check advisories` does, with the same file.",
    },
    CommandSpec {
        command: Command::Sbom,
        name: "sbom",
        summary: "Print the host library's bill of materials",
        flags: &[],
        rest: Some("passed to `cargo tree`, such as --no-default-features"),
        operands: None,
        details: "All that a host program gets with the package `plugsmith`, on any platform, as\n\
                  CycloneDX 1.5 in JSON: name, version, licence, checksum, and who needs whom.",
    },
    CommandSpec {
        command: Command::Man,
        name: "man",
        summary: "Write manual pages and shell completions of `plugsmith`",
        flags: &[],
        rest: None,
        operands: None,
        details: "Builds the command and has it write a page for each of its commands to\n\
                  target/plugsmith-cli/man, and a file for each shell to\n\
                  target/plugsmith-cli/completions.",
    },
    CommandSpec {
        command: Command::Screens,
        name: "screens",
        summary: "Write down what the guide shows of a terminal",
        flags: &[FlagSpec {
            name: "--check",
            value: None,
            summary: "compare with the committed files instead of writing them",
        }],
        rest: None,
        operands: None,
        details: "Runs the command `plugsmith` in folders of their own, and puts what it prints into\n\
                  docs/guide/src/screens. Times are masked, as they differ.",
    },
    CommandSpec {
        command: Command::Book,
        name: "book",
        summary: "Make a book of the guide, in target/book",
        flags: &[],
        rest: None,
        operands: None,
        details: "Uses mdBook, of PATH or else compiled into target/tools, which takes some minutes the\n\
                  first time. The chapters are in docs/guide/src; `cargo test --package\n\
                  plugsmith-guide` tests them.",
    },
    CommandSpec {
        command: Command::Tidy,
        name: "tidy",
        summary: "Check what compilers do not: file shapes, crate directions, stray paths",
        flags: &[],
        rest: None,
        operands: None,
        details: "Prints each complaint with file and line, and fails if there is one.",
    },
    CommandSpec {
        command: Command::Ci,
        name: "ci",
        summary: "Everything that must pass before a change is merged",
        flags: &[],
        rest: None,
        operands: None,
        details: "Format, tidy, lints and documentation without warnings, the kernel's bytes, the\n\
                  examples, and the tests with no, all and default features.",
    },
];
