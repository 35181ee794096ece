//! Plug-ins whose files change: what is loaded again, what is refused, and what goes on serving.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use plugsmith::{
    CompiledPlugin, Error, Function, LoadError, Manifest, Plugin, PluginBuilder, Pool, Reloader,
    Wasm,
};

use crate::guest::{call, speaking};

/// A folder that is there as long as a test runs.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static N_FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = N_FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("plugsmith-reload-{}-{number}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file, and its folder.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a file as editors do, under another name that is then changed.
    pub(crate) fn replace(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let new = self.write(&format!("{name}.new"), bytes);
        fs::rename(new, self.path(name)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is in the way of nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A module that says `text`.
pub(crate) fn says(text: &str) -> Vec<u8> {
    wat::parse_str(speaking(text, "")).unwrap()
}

/// A reloader of the one module in a file.
pub(crate) fn reloader_of(path: &Path) -> Reloader {
    let manifest = Manifest::new([Wasm::file(path)]);
    Reloader::new(move || Ok(PluginBuilder::new(manifest.clone())))
}

/// Makes a plug-in of a version and calls it.
pub(crate) fn said(compiled: &CompiledPlugin) -> String {
    call(&mut Plugin::new_from_compiled(compiled).unwrap(), "say").unwrap()
}

/// What a check came to: what the new version says, if there is one.
fn check(reloader: &mut Reloader) -> Result<Option<String>, String> {
    let checked = reloader.check().map_err(|err| err.to_string())?;
    Ok(checked.as_ref().map(said))
}

#[track_caller]
fn assert_refused(reloader: &mut Reloader) -> LoadError {
    reloader.check().unwrap_err().downcast().unwrap()
}

#[test]
fn what_has_changed_is_loaded_once() {
    let folder = Folder::new();
    let path = folder.write("plugin.wasm", says("one"));
    let mut reloader = reloader_of(&path);
    assert_eq!(said(&reloader.load().unwrap()), "one");
    assert_eq!(check(&mut reloader), Ok(None));
    // Touched, and replaced by the same.
    folder.write("plugin.wasm", says("one"));
    assert_eq!(check(&mut reloader), Ok(None));
    folder.replace("plugin.wasm", says("one"));
    assert_eq!(check(&mut reloader), Ok(None));
    folder.replace("plugin.wasm", says("two"));
    assert_eq!(check(&mut reloader), Ok(Some("two".into())));
    assert_eq!(check(&mut reloader), Ok(None));
    folder.write("plugin.wasm", says("one"));
    assert_eq!(check(&mut reloader), Ok(Some("one".into())));
    assert_eq!(said(&reloader.load().unwrap()), "one");
}

#[test]
fn without_a_load_before_the_first_check_loads() {
    let folder = Folder::new();
    let mut reloader = reloader_of(&folder.write("plugin.wasm", says("one")));
    assert_eq!(reloader.paths().count(), 0);
    assert_eq!(check(&mut reloader), Ok(Some("one".into())));
    assert_eq!(reloader.paths().collect::<Vec<_>>(), [folder.path("plugin.wasm")]);
}

#[test]
fn a_broken_version_is_refused_once_and_the_old_one_goes_on_serving() {
    let folder = Folder::new();
    let path = folder.write("plugin.wasm", says("old"));
    let mut reloader = reloader_of(&path);
    let compiled = reloader.load().unwrap();
    let pool = Pool::new(move || Plugin::new_from_compiled(&compiled));
    let serving = || call(&mut pool.get(Duration::ZERO).unwrap().unwrap(), "say").unwrap();
    assert_eq!(serving(), "old");

    let new = says("new");
    folder.write("plugin.wasm", &new[..new.len() / 2]);
    assert!(matches!(assert_refused(&mut reloader), LoadError::InvalidModule { .. }));
    assert_eq!(check(&mut reloader), Ok(None));
    assert_eq!(serving(), "old");

    let needy = speaking("new", "").replacen("(module", r#"(module (import "x" "y" (func))"#, 1);
    folder.write("plugin.wasm", wat::parse_str(needy).unwrap());
    assert!(matches!(assert_refused(&mut reloader), LoadError::UnknownImport { .. }));
    assert_eq!(check(&mut reloader), Ok(None));
    assert_eq!(serving(), "old");

    folder.write("plugin.wasm", new);
    let compiled = reloader.check().unwrap().unwrap();
    pool.replace(move || Plugin::new_from_compiled(&compiled));
    assert_eq!(serving(), "new");
}

#[test]
fn going_back_to_what_is_serving_is_no_change() {
    let folder = Folder::new();
    let mut reloader = reloader_of(&folder.write("plugin.wasm", says("one")));
    reloader.load().unwrap();
    folder.write("plugin.wasm", b"\0asm\x01\0\0\0broken");
    assert_refused(&mut reloader);
    folder.write("plugin.wasm", says("one"));
    assert_eq!(check(&mut reloader), Ok(None));
    // And the broken one is another version then.
    folder.write("plugin.wasm", b"\0asm\x01\0\0\0broken");
    assert_refused(&mut reloader);
}

#[test]
fn what_cannot_be_read_is_refused_until_it_can() {
    let folder = Folder::new();
    let path = folder.write("plugin.wasm", says("one"));
    let mut reloader = reloader_of(&path);
    reloader.load().unwrap();
    for _ in 0..2 {
        fs::remove_file(&path).unwrap();
        assert!(matches!(assert_refused(&mut reloader), LoadError::ReadFile { .. }));
        assert_eq!(check(&mut reloader), Ok(None), "it was said");
        reloader.forget_refusal();
        assert!(matches!(assert_refused(&mut reloader), LoadError::ReadFile { .. }));
        assert_eq!(reloader.paths().collect::<Vec<_>>(), [path.as_path()]);
        folder.write("plugin.wasm", "neither");
        assert!(matches!(assert_refused(&mut reloader), LoadError::NotWasm { .. }));
        assert_eq!(check(&mut reloader), Ok(None), "it was said");
        folder.write("plugin.wasm", says("one"));
        assert_eq!(check(&mut reloader), Ok(None));
    }
}

#[test]
fn what_was_refused_for_something_else_can_be_tried_again() {
    let folder = Folder::new();
    let path = folder.write("plugin.wasm", says("old"));
    let needs_import = Arc::new(AtomicU32::new(0));
    let manifest = Manifest::new([Wasm::file(&path)]);
    let provided = Arc::clone(&needs_import);
    let mut reloader = Reloader::new(move || {
        let builder = PluginBuilder::new(manifest.clone());
        if provided.load(Ordering::Relaxed) == 0 {
            return Ok(builder);
        }
        let y = Function::numeric("y", |_: &mut plugsmith::CurrentPlugin<'_>| Ok(()));
        Ok(builder.with_functions([y.with_namespace("x")]))
    });
    reloader.load().unwrap();
    let needy = speaking("new", "").replacen("(module", r#"(module (import "x" "y" (func))"#, 1);
    folder.write("plugin.wasm", wat::parse_str(needy).unwrap());
    assert_refused(&mut reloader);
    needs_import.store(1, Ordering::Relaxed);
    assert_eq!(check(&mut reloader), Ok(None));
    reloader.forget_refusal();
    assert_eq!(check(&mut reloader), Ok(Some("new".into())));
}

#[test]
fn a_manifests_file_and_all_that_it_names_count() {
    let folder = Folder::new();
    let side = wat::parse_str(r#"(module (func (export "seven") (result i32) (i32.const 7)))"#);
    let side = folder.write("modules/side.wasm", side.unwrap());
    let main = folder.write("main.wasm", says("one"));
    let write_manifest = |pages: u32| {
        let modules = [Wasm::file(&side).with_name("side"), Wasm::file(&main).with_name("main")];
        let manifest = Manifest::new(modules).with_memory_max(pages);
        folder.write("plugin.json", serde_json::to_vec(&manifest).unwrap())
    };
    let path = write_manifest(9);
    let text_path = path.clone();
    let read = move || Ok(PluginBuilder::new(fs::read(&text_path).map_err(Error::new)?));
    let mut reloader = Reloader::new(read).with_path(&path);
    assert_eq!(said(&reloader.load().unwrap()), "one");
    assert_eq!(reloader.paths().collect::<Vec<_>>(), [&path, &side, &main]);
    assert_eq!(check(&mut reloader), Ok(None));

    write_manifest(10);
    assert_eq!(check(&mut reloader), Ok(Some("one".into())));
    folder.write("main.wasm", says("two"));
    assert_eq!(check(&mut reloader), Ok(Some("two".into())));
    folder.write("modules/side.wasm", wat::parse_str("(module)").unwrap());
    assert_eq!(check(&mut reloader), Ok(Some("two".into())));

    // What is wrong with the manifest is its reader's to say, and it is asked for its files no more.
    folder.write("plugin.json", r#"{"wasm": ["#);
    assert!(matches!(assert_refused(&mut reloader), LoadError::Manifest(_)));
    assert_eq!(reloader.paths().collect::<Vec<_>>(), [&path]);
    fs::remove_file(&path).unwrap();
    assert!(reloader.check().unwrap_err().is::<std::io::Error>());
    write_manifest(10);
    assert_eq!(check(&mut reloader), Ok(None));
    assert_eq!(reloader.paths().count(), 3);
}

#[test]
fn a_compiled_plugin_counts_by_its_code() {
    // SAFETY: only this test knows the key, and it signs only what it compiled.
    let key = unsafe { plugsmith::ArtifactKey::new([5; 32]) };
    let artifact = |text: &str| {
        let compiled = PluginBuilder::new(says(text)).compile().unwrap();
        compiled.serialize_signed(&key).unwrap()
    };
    let folder = Folder::new();
    let path = folder.write("plugin.bin", artifact("one"));
    let (reader_path, reader_key) = (path.clone(), key.clone());
    let read = move || PluginBuilder::from_signed_artifact(&fs::read(&reader_path)?, &reader_key);
    let mut reloader = Reloader::new(read).with_path(&path);
    assert_eq!(said(&reloader.load().unwrap()), "one");
    assert_eq!(check(&mut reloader), Ok(None));
    folder.write("plugin.bin", artifact("two"));
    assert_eq!(check(&mut reloader), Ok(Some("two".into())));
    folder.write("plugin.bin", "broken");
    assert!(matches!(assert_refused(&mut reloader), LoadError::Artifact(_)));
}

#[cfg(feature = "register-http")]
#[test]
fn a_url_is_asked_each_time() {
    use crate::server::{Server, response};

    let answer = |text| response("200 OK", "", &says(text));
    let failure = response("503 Service Unavailable", "", b"later");
    let server =
        Server::start([answer("one"), answer("one"), failure, answer("two"), answer("two")]);
    let manifest = Manifest::new([Wasm::url(server.url("/plugin.wasm"))]);
    let mut reloader = Reloader::new(move || Ok(PluginBuilder::new(manifest.clone())));
    assert_eq!(said(&reloader.load().unwrap()), "one");
    assert_eq!(check(&mut reloader), Ok(None));
    assert!(matches!(assert_refused(&mut reloader), LoadError::Fetch { .. }));
    assert_eq!(check(&mut reloader), Ok(Some("two".into())));
    assert_eq!(check(&mut reloader), Ok(None));
    assert_eq!(reloader.paths().count(), 0);
}
