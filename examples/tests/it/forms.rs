//! The two forms of a plug-in, with the kernel in its module and linked to it, behave alike: every
//! export of every plug-in here, called with inputs that mean something to some of them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use plugsmith::{
    CallError, CurrentPlugin, Error, Function, Manifest, Plugin, PluginBuilder, Trap, Wasm,
};
use plugsmith_examples::guest;
use wasmparser::{ExternalKind, Parser, Payload};

/// What the exports are called with, beside a text of a mebibyte.
const INPUTS: [&str; 6] =
    ["", "x", "Häuser am Fluß", "12345678", r#"{"key":"a","value":"1"}"#, "[1,2,3]"];

/// Exports that only a limit ends; when one does depends on how fast they are.
const ENDLESS: [&str; 2] = ["loops", "hoards"];

/// How a call ended, down to the places in the guest's file.
fn outcome(plugin: &mut Plugin, export: &str, input: &str) -> Result<Vec<u8>, String> {
    plugin.call(export, input).map_err(|err: Error| match err.downcast::<CallError>() {
        // Where the stack ends depends on what the compiler makes of the code.
        Ok(err) if err.trap() == Some(Trap::StackOverflow) => "stack overflow".to_owned(),
        Ok(err) => format!("{err:#?}"),
        Err(err) => panic!("a call fails with its error, not with {err:?}"),
    })
}

fn functions() -> [Function; 1] {
    let greet = |_: &mut CurrentPlugin<'_>, name: String| Ok(format!("Hello, {name}!"));
    [Function::typed("greeting", greet)]
}

fn load(path: &Path, linked: bool) -> Result<Plugin, Error> {
    let manifest = Manifest::new([Wasm::file(path)])
        .with_config_key("x", "configured")
        .with_memory_max(1_000)
        .with_timeout(Duration::from_mins(5));
    let builder = PluginBuilder::new(manifest).with_wasi(true).with_functions(functions());
    let builder = if linked { builder.with_linked_kernel() } else { builder };
    let compiled = builder.compile()?;
    assert_eq!(compiled.is_fused(), !linked, "{}", path.display());
    Plugin::new_from_compiled(&compiled)
}

/// Returns the exported functions of a plug-in that can be called and end.
fn exports(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).expect("the plug-in can be read");
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(&bytes) {
        let Payload::ExportSection(exports) = payload.expect("the plug-in is valid") else {
            continue;
        };
        for export in exports {
            let export = export.expect("the plug-in is valid");
            if export.kind == ExternalKind::Func && !ENDLESS.contains(&export.name) {
                names.push(export.name.to_owned());
            }
        }
    }
    names
}

/// The plug-ins that are built, but for Go's: it takes some seconds to compile, twice.
fn plugins() -> Vec<PathBuf> {
    let one = guest("trouble").unwrap_or_else(|err| panic!("{err}"));
    let folder = one.parent().expect("a file is in a folder");
    let files = fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<PathBuf> = files
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .filter(|path| path.file_stem().is_none_or(|stem| stem != "go"))
        .collect();
    paths.sort();
    paths
}

#[test]
fn every_plug_in_behaves_alike_in_both_forms() {
    let large = "0123456789abcdef".repeat(1 << 16);
    let mut n_calls = 0;
    for path in plugins() {
        let shown = path.display();
        let (mut fused, mut linked) = match (load(&path, false), load(&path, true)) {
            (Ok(fused), Ok(linked)) => (fused, linked),
            // Some want more of the host than there is here.
            (Err(fused), Err(linked)) => {
                assert_eq!(fused.to_string(), linked.to_string(), "{shown}");
                continue;
            }
            (fused, linked) => panic!("{shown}: {fused:?}, {linked:?}"),
        };
        for export in exports(&path) {
            for input in INPUTS.into_iter().chain([large.as_str()]) {
                let place = format!("{shown}: {export}, {} bytes", input.len());
                assert_eq!(
                    outcome(&mut fused, &export, input),
                    outcome(&mut linked, &export, input),
                    "{place}"
                );
                n_calls += 1;
            }
        }
        assert_eq!(fused.vars(), linked.vars(), "{shown}");
    }
    assert!(n_calls > 500, "only {n_calls} calls were compared");
}
