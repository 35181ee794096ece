//! Compiled plug-ins as bytes.

use plugsmith::{
    ArtifactError, ArtifactKey, CallError, CurrentPlugin, Function, LoadError, Manifest, Plugin,
    PluginBuilder,
};

use crate::guest::{call_error, load_error, wasm};

/// A plug-in of two modules with a limit, configuration and a host function.
fn builder() -> PluginBuilder<'static> {
    let main = r#"(module
        (import "side" "seven" (func $seven (result i32)))
        (import "extism:host/user" "add" (func $add (param i32) (result i32)))
        (func (export "run") (result i32) (call $add (call $seven)))
        (func (export "endless") (loop $next (br $next))))"#;
    let side = r#"(module (func (export "seven") (result i32) (i32.const 7)))"#;
    let modules = [wasm(main).with_name("main"), wasm(side).with_name("side")];
    let manifest = Manifest::new(modules)
        .with_timeout(std::time::Duration::from_millis(20))
        .with_config_key("currency", "EUR")
        .with_memory_max(3);
    PluginBuilder::new(manifest).with_functions([add()])
}

fn add() -> Function {
    Function::numeric("add", |plugin: &mut CurrentPlugin<'_>, n: i32| {
        assert_eq!(plugin.manifest().config["currency"], "EUR");
        Ok(n + 1)
    })
}

fn key(byte: u8) -> ArtifactKey {
    // SAFETY: only these tests know the key, and they sign only what they compiled.
    unsafe { ArtifactKey::new([byte; 32]) }
}

fn check(mut plugin: Plugin) {
    assert_eq!(plugin.call_get_error_code::<_, ()>("run", ()).unwrap_err().1, 8);
    assert!(matches!(call_error(&mut plugin, "endless"), CallError::TimedOut { .. }));
    assert_eq!(plugin.call_get_error_code::<_, ()>("run", ()).unwrap_err().1, 8);
}

fn refused(artifact: &[u8]) -> ArtifactError {
    match PluginBuilder::from_signed_artifact(artifact, &key(1)).unwrap_err().downcast() {
        Ok(LoadError::Artifact(err)) => err,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_signed_artifact_is_the_plug_in_and_its_manifest() {
    let artifact = builder().compile().unwrap().serialize_signed(&key(1)).unwrap();
    let builder = PluginBuilder::from_signed_artifact(&artifact, &key(1)).unwrap();
    check(builder.with_functions([add()]).build().unwrap());
}

#[test]
fn an_artifact_can_be_trusted_without_a_signature() {
    let artifact = builder().compile().unwrap().serialize().unwrap();
    // SAFETY: the bytes are what `serialize` returned.
    let builder = unsafe { PluginBuilder::from_artifact_unchecked(&artifact) }.unwrap();
    check(builder.with_functions([add()]).build().unwrap());
    let mut of_other_library = artifact.clone();
    of_other_library[16] ^= 1;
    for bytes in [&[][..], b"\0asm", &artifact[1..], &of_other_library] {
        // SAFETY: bytes that do not begin as an artifact does hold no code.
        let err = unsafe { PluginBuilder::from_artifact_unchecked(bytes) }.unwrap_err();
        let err: LoadError = err.downcast().unwrap();
        assert!(matches!(err, LoadError::Artifact(ArtifactError::NotAnArtifact)), "{err}");
    }
}

#[test]
fn what_is_not_signed_or_changed_is_refused() {
    let compiled = builder().compile().unwrap();
    let artifact = compiled.serialize_signed(&key(1)).unwrap();
    assert!(matches!(refused(&compiled.serialize().unwrap()), ArtifactError::Signature));
    let other = compiled.serialize_signed(&key(2)).unwrap();
    assert!(matches!(refused(&other), ArtifactError::Signature));
    let len = artifact.len();
    for idx in [0, 15, 16, 40, len / 2, len - 33, len - 32, len - 1] {
        let mut changed = artifact.clone();
        changed[idx] ^= 1;
        assert!(matches!(refused(&changed), ArtifactError::Signature), "{idx}");
    }
    for len in [0, 1, 31, 32, 33, len - 1] {
        assert!(matches!(refused(&artifact[..len]), ArtifactError::Signature), "{len}");
    }
}

#[test]
fn grants_and_choices_are_made_anew() {
    let artifact = builder().compile().unwrap().serialize_signed(&key(1)).unwrap();
    let load = || PluginBuilder::from_signed_artifact(&artifact, &key(1)).unwrap();
    let err = load_error(load());
    assert!(err.to_string().contains("give the host a function `add`"), "{err}");
    // Code that counts fuel is other code.
    let err = load_error(load().with_functions([add()]).with_fuel_limit(1_000));
    assert!(matches!(err, LoadError::Artifact(ArtifactError::Incompatible { .. })), "{err}");
}

#[test]
fn code_that_runs_uninterrupted_is_taken_where_it_may_alone() {
    for interrupted in [true, false] {
        let compiled = builder().with_interruption(interrupted).compile().unwrap();
        let artifact = compiled.serialize_signed(&key(1)).unwrap();
        let load = |interrupted| {
            let builder = PluginBuilder::from_signed_artifact(&artifact, &key(1)).unwrap();
            builder.with_functions([add()]).with_interruption(interrupted)
        };
        assert!(load(interrupted).compile().is_ok());
        let err = load_error(load(!interrupted));
        assert!(matches!(err, LoadError::Artifact(ArtifactError::Incompatible { .. })), "{err}");
    }
}

#[test]
fn debug_output_tells_no_secret() {
    assert_eq!(format!("{:?}", key(1)), "ArtifactKey { .. }");
}

#[cfg(unix)]
#[test]
fn a_key_lies_in_a_file_that_only_its_owner_can_open() {
    use std::{env, fs, os::unix::fs::PermissionsExt as _, process};

    use plugsmith::KeyFileError;

    let path = env::temp_dir().join(format!("plugsmith-key-{}", process::id()));
    let _ = fs::remove_file(&path);
    assert!(matches!(ArtifactKey::from_file(&path), Err(KeyFileError::File { .. })));
    let made = ArtifactKey::create_file(&path).unwrap();
    assert!(matches!(ArtifactKey::create_file(&path), Err(KeyFileError::File { .. })));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);

    let artifact = builder().compile().unwrap().serialize_signed(&made).unwrap();
    let read = ArtifactKey::from_file(&path).unwrap();
    drop(PluginBuilder::from_signed_artifact(&artifact, &read).unwrap());
    let other = PluginBuilder::from_signed_artifact(&artifact, &key(1)).unwrap_err();
    assert!(matches!(other.downcast_ref(), Some(LoadError::Artifact(ArtifactError::Signature))));

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(ArtifactKey::from_file(&path), Err(KeyFileError::NotPrivate { .. })));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    for len in [0, 31, 33] {
        fs::write(&path, vec![0; len]).unwrap();
        assert!(matches!(ArtifactKey::from_file(&path), Err(KeyFileError::Length { .. })), "{len}");
    }
    fs::remove_file(&path).unwrap();
}
