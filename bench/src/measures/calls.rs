//! Calls of plug-ins that are there already: empty ones, echoes of every size, JSON, functions of the
//! host, and pure computing. A timeout is set for all of them.

use std::ffi::CStr;

use anyhow::Result;

use super::{Measure, warm::Warm};
use crate::{
    host_functions, limit,
    setting::{Guest, MOVED, PUBLISHED, Setting, VALUE},
    subject::{Side, Subjects},
};

/// Lengths of echoes, as names and in bytes.
const LENGTHS: [(&str, &str, usize); 6] = [
    ("64", "64 bytes", 64),
    ("1k", "1 KiB", 1 << 10),
    ("64k", "64 KiB", 64 << 10),
    ("1m", "1 MiB", 1 << 20),
    ("16m", "16 MiB", 16 << 20),
    ("128m", "128 MiB", 128 << 20),
];

/// The plug-in in other languages, with the ordinary loops that people write there.
const LANGUAGES: [(&str, Guest); 4] = [
    ("C", Guest::new("c")),
    ("Zig", Guest::new("zig")),
    ("Go", Guest::new("go").with_wasi()),
    ("AssemblyScript", Guest::new("assemblyscript")),
];

const FIB: (u32, u32) = (27, 196_418);

pub(super) fn all() -> Vec<Measure> {
    let mut all = vec![Measure::new(
        "empty",
        "call of an export that does nothing, by name",
        PUBLISHED,
        |setting| {
            let (input, output) = (Vec::new(), Vec::new());
            let warm = Warm { guest: PUBLISHED, export: c"empty", input, output, n_operations: 1 };
            subjects(&warm, setting, limit::side(limit::empty())?)
        },
    )];
    all.extend(LENGTHS.map(|(name, about, len)| {
        echo(format!("echo-{name}"), format!("echo of {about}, Extism's Rust PDK"), PUBLISHED, len)
    }));
    all.extend([LENGTHS[0], LENGTHS[3]].map(|(name, about, len)| {
        echo(
            format!("own-echo-{name}"),
            format!("echo of {about}, Plugsmith's Rust PDK"),
            MOVED,
            len,
        )
    }));
    all.extend(LANGUAGES.map(|(language, guest)| {
        let name = format!("{}-echo-1m", guest.file);
        echo(name, format!("echo of 1 MiB, plug-in in {language}"), guest, 1 << 20)
    }));
    all.extend(json());
    all.extend([host_numbers(20), host_numbers(1_000).against("host-number-20")]);
    for function in &HOST_FUNCTIONS {
        all.push(function.measure(20));
        all.push(function.measure(1_000).against(function.baseline));
    }
    all.extend([fib("fib", "", PUBLISHED), order()]);
    all.extend(uninterrupted());
    all
}

fn subjects(warm: &Warm, setting: &Setting, limit: Side) -> Result<Subjects> {
    Ok(Subjects { ours: warm.ours(setting)?, peer: warm.peer(setting)?, limit })
}

fn echo(name: impl Into<String>, about: String, guest: Guest, len: usize) -> Measure {
    Measure::new(name, about, guest, move |setting| {
        let warm = Warm::echo(guest, len);
        let limit = limit::side(limit::echo(warm.input.clone()))?;
        subjects(&warm, setting, limit)
    })
}

/// JSON that is small, with the least that there can be in it, and with some of everything.
const SMALL_JSON: [(&str, &str, &CStr, &str, &str); 2] = [
    ("json-field", "JSON of one field", c"greet", r#"{"name":"Ada"}"#, r#"{"text":"Hello, Ada!"}"#),
    (
        "json",
        "small JSON",
        c"line",
        r#"{"name":"tea","price":2.5,"count":3,"tags":["hot","green"]}"#,
        r#"{"count":3,"price":7.5,"dearest":"tea"}"#,
    ),
];

fn json() -> impl Iterator<Item = Measure> {
    SMALL_JSON.into_iter().map(|(name, about, export, input, output)| {
        Measure::new(name, format!("{about} in and out"), PUBLISHED, move |setting| {
            small_json(PUBLISHED, export, input, output, setting)
        })
    })
}

fn small_json(
    guest: Guest,
    export: &'static CStr,
    input: &str,
    output: &str,
    setting: &Setting,
) -> Result<Subjects> {
    let (input, output) = (input.into(), output.into());
    let warm = Warm { guest, export, input, output, n_operations: 1 };
    subjects(&warm, setting, Side::absent(NO_PLUGINS))
}

/// What a host gains that trusts its plug-ins to end: their code spends nothing on being interruptible.
fn uninterrupted() -> [Measure; 2] {
    const TRUSTED: Guest = PUBLISHED.uninterrupted();
    let [_, (_, about, export, input, output)] = SMALL_JSON;
    let about = format!("{about} in and out, uninterrupted");
    let json = Measure::new("json-trusted", about, PUBLISHED, move |setting| {
        small_json(TRUSTED, export, input, output, setting)
    });
    let fib = fib("fib-trusted", ", uninterrupted", TRUSTED);
    [json.against("json"), fib.against("fib")]
}

/// Why nothing limits what needs more than an engine.
const NO_PLUGINS: &str = "the engine alone does nothing like it";

fn host_numbers(n_times: u32) -> Measure {
    let name = format!("host-number-{n_times}");
    let about = format!("host function i64 → i64, {n_times} a call, each");
    Measure::new(name, about, PUBLISHED, move |setting| {
        let output = i64::from(n_times).to_le_bytes().to_vec();
        let warm = repeated(c"counts", n_times, output);
        subjects(&warm, setting, limit::side(limit::counts(n_times))?)
    })
}

/// An export that does something with the host as often as its input says.
struct HostFunction {
    name: &'static str,
    about: &'static str,
    export: &'static CStr,
    /// The name of the measure that does it 20 times.
    baseline: &'static str,
    /// How much each time adds to the output.
    adds: fn() -> usize,
    /// What has to be done before.
    before: Option<&'static CStr>,
}

const HOST_FUNCTIONS: [HostFunction; 4] = [
    HostFunction {
        name: "host-text",
        about: "host function text → text",
        export: c"greets",
        baseline: "host-text-20",
        adds: || host_functions::greeting("Ada").len(),
        before: None,
    },
    HostFunction {
        name: "var-get",
        about: "var_get",
        export: c"recalls",
        baseline: "var-get-20",
        adds: || VALUE.len(),
        before: Some(c"remembers"),
    },
    HostFunction {
        name: "var-set",
        about: "var_set",
        export: c"remembers",
        baseline: "var-set-20",
        adds: || 1,
        before: None,
    },
    HostFunction {
        name: "config-get",
        about: "config_get",
        export: c"looks_up",
        baseline: "config-get-20",
        adds: || VALUE.len(),
        before: None,
    },
];

impl HostFunction {
    fn measure(&self, n_times: u32) -> Measure {
        let (export, adds, before) = (self.export, self.adds, self.before);
        let name = format!("{}-{n_times}", self.name);
        let about = format!("{}, {n_times} a call, each", self.about);
        Measure::new(name, about, PUBLISHED, move |setting| {
            let len = n_times * u32::try_from(adds())?;
            let warm = repeated(export, n_times, len.to_le_bytes().to_vec());
            prepared(&warm, before, setting)
        })
    }
}

/// Makes subjects of plug-ins on which another export was called before.
fn prepared(warm: &Warm, before: Option<&CStr>, setting: &Setting) -> Result<Subjects> {
    let once = 1_u32.to_le_bytes();
    let mut ours = plugsmith::Plugin::new_from_compiled(&setting.compile(warm.guest)?)?;
    if let Some(export) = before {
        ours.call::<&[u8], ()>(export.to_str()?, &once)?;
    }
    let peer = match &setting.peer {
        Ok(peer) => {
            let mut plugin = setting.compile_peer(*peer, warm.guest)?.instantiate()?;
            if let Some(export) = before {
                plugin.call(export, &once)?;
            }
            Side::Runs(warm.peer_on(plugin)?)
        }
        Err(reason) => Side::absent(reason),
    };
    Ok(Subjects { ours: warm.ours_on(ours)?, peer, limit: Side::absent(NO_PLUGINS) })
}

fn repeated(export: &'static CStr, n_times: u32, output: Vec<u8>) -> Warm {
    let input = n_times.to_le_bytes().to_vec();
    Warm { guest: PUBLISHED, export, input, output, n_operations: u64::from(n_times) }
}

fn fib(name: &'static str, how: &str, guest: Guest) -> Measure {
    let (number, result) = FIB;
    let about = format!("fib({number}), which calls itself{how}");
    Measure::new(name, about, PUBLISHED, move |setting| {
        let warm = Warm {
            guest,
            export: c"fib",
            input: number.to_le_bytes().to_vec(),
            output: result.to_le_bytes().to_vec(),
            n_operations: 1,
        };
        let bytes = setting.wasm(PUBLISHED)?;
        let limit = limit::side(limit::function(&bytes, "fib_of", number, result))?;
        subjects(&warm, setting, limit)
    })
}

fn order() -> Measure {
    let n_lines = 5_000;
    Measure::new(
        "json-5000",
        "reads and adds up JSON of 5,000 objects",
        PUBLISHED,
        move |setting| {
            let line = r#"{"name":"tea","price":2.5,"count":2,"tags":["hot","green"]}"#;
            let input = format!("[{}]", vec![line; n_lines].join(","));
            let output = r#"{"count":10000,"price":25000.0,"dearest":"tea"}"#;
            let warm = Warm {
                guest: PUBLISHED,
                export: c"order",
                input: input.into_bytes(),
                output: output.as_bytes().to_vec(),
                n_operations: 1,
            };
            subjects(&warm, setting, Side::absent(NO_PLUGINS))
        },
    )
}
