//! What a plug-in can be loaded from, and how much of that is done once for many.

use std::fs;

use extism::*;

use crate::GUEST;

fn echo(plugin: &mut Plugin) {
    let echo: String = plugin.call("echo", "hello").unwrap();
    assert_eq!(echo, "hello");
}

#[test]
fn everything_that_turns_into_an_input() -> Result<(), Error> {
    let bytes: Vec<u8> = GUEST.as_bytes().to_vec();
    let mut manifest = Manifest::new([Wasm::data(bytes.clone())]);
    echo(&mut Plugin::new(manifest.clone(), [], false)?);
    echo(&mut Plugin::new(&manifest, [], false)?);
    echo(&mut Plugin::new(&mut manifest, [], false)?);
    echo(&mut Plugin::new(&bytes[..], [], false)?);
    echo(&mut Plugin::new(&bytes, [], false)?);
    echo(&mut Plugin::new(bytes.clone(), [], false)?);
    echo(&mut Plugin::new(GUEST, [], false)?);
    echo(&mut Plugin::new(GUEST, vec![], true)?);
    echo(&mut Plugin::new(WasmInput::Data(bytes.into()), [], false)?);
    echo(&mut Plugin::new(WasmInput::Manifest(manifest.clone()), [], false)?);
    echo(&mut Plugin::new(WasmInput::ManifestRef(&manifest), [], false)?);
    Ok(())
}

#[test]
fn a_file_as_readmes_show_it() -> Result<(), Error> {
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/moved_host.wat");
    fs::write(path, GUEST)?;
    let file = Wasm::file(path);
    let manifest = Manifest::new([file]);
    let mut plugin = Plugin::new(&manifest, [], true)?;
    let res = plugin.call::<&str, &str>("echo", "Hello, World!")?;
    assert_eq!(res, "Hello, World!");
    Ok(())
}

#[test]
fn a_builder_takes_everything() -> Result<(), Error> {
    let builder = PluginBuilder::new(GUEST)
        .with_wasi(true)
        .with_functions([])
        .with_debug_info()
        .with_cache_disabled()
        .with_fuel_limit(1_000_000)
        .with_initialization_fuel_limit(1_000_000)
        .with_http_response_headers(true);
    let mut plugin = builder.clone().build()?;
    echo(&mut plugin);
    assert!(plugin.has_wasi());
    assert!(plugin.fuel_consumed().is_some_and(|fuel| fuel > 0));
    let compiled: CompiledPlugin = builder.compile()?;
    echo(&mut Plugin::new_from_compiled(&compiled)?);
    echo(&mut Plugin::new_from_compiled(&compiled.clone())?);
    let compiled = CompiledPlugin::new(PluginBuilder::new(GUEST))?;
    echo(&mut Plugin::new_from_compiled(&compiled)?);
    Ok(())
}

#[test]
fn what_cannot_be_loaded_is_an_error() {
    let err: Error = Plugin::new("no plug-in", [], false).unwrap_err();
    assert!(!err.to_string().is_empty());
    assert!(PluginBuilder::new(&b"\0asm"[..]).build().is_err());
    assert!(Plugin::new(Manifest::default(), [], false).is_err());
}

#[test]
fn there_is_a_version() {
    let version: &'static str = extism_version();
    assert!(version.trim_end_matches('\0').split('.').count() >= 3, "{version}");
}
