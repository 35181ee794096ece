//! The folder of compiled modules. Most tests keep no code in memory, to see what comes of the folder.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process, thread,
    time::{Duration, SystemTime},
};

use plugsmith::{
    CacheError, CacheFolder, CurrentPlugin, Function, LoadError, Manifest, PluginBuilder,
};

use crate::guest::{call, load_error, manifest};

/// A folder that is removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("plugsmith-cache-{name}-{}", process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn modules(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "module"))
            .collect();
        files.sort();
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A guest of a test's own, since code that another test has in use is not compiled again.
fn guest(answer: u32, folder: &Path) -> String {
    let test = folder.file_name().unwrap().to_string_lossy();
    format!(
        r#"(module (func (export "run") (result i32) (i32.const {answer})) (func (export "{test}")))"#
    )
}

/// Loads a guest with a cache and calls it.
fn run(builder: PluginBuilder<'_>) -> i32 {
    builder.build().unwrap().call_get_error_code::<_, ()>("run", ()).unwrap_err().1
}

/// Starts with a module, of which nothing is kept in memory.
fn from_folder(module: &Manifest) -> PluginBuilder<'_> {
    PluginBuilder::new(module).with_kept_code(false)
}

fn cached(answer: u32, folder: &Path) -> i32 {
    run(from_folder(&manifest(&guest(answer, folder))).with_cache(folder))
}

/// Makes a file look as if it was last used long ago, and returns when.
fn age(path: &Path) -> SystemTime {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_hours(1_000_000 / 3_600);
    fs::File::open(path).unwrap().set_modified(long_ago).unwrap();
    long_ago
}

/// Puts another file in a file's place, which only its own program may write to.
fn replace(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
    close_to_others(path);
}

#[cfg(unix)]
fn close_to_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) {}

fn last_used(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn a_module_is_compiled_once() {
    let folder = Folder::new("once");
    assert_eq!(cached(1, &folder.0), 1);
    let files = folder.modules();
    assert_eq!(files.len(), 1);
    let bytes = fs::read(&files[0]).unwrap();
    let long_ago = age(&files[0]);
    assert_eq!(cached(1, &folder.0), 1);
    assert_eq!(folder.modules(), files);
    assert!(fs::read(&files[0]).unwrap() == bytes);
    assert!(last_used(&files[0]) > long_ago, "its use was noted");
}

#[test]
fn another_module_or_another_engine_is_another_file() {
    let folder = Folder::new("other");
    cached(1, &folder.0);
    assert_eq!(cached(2, &folder.0), 2);
    assert_eq!(folder.modules().len(), 2);
    let manifest = manifest(&guest(1, &folder.0));
    run(from_folder(&manifest).with_cache(&folder.0).with_fuel_limit(1_000));
    assert_eq!(folder.modules().len(), 3);
    run(from_folder(&manifest).with_cache(&folder.0).with_interruption(false));
    assert_eq!(folder.modules().len(), 4);
}

#[test]
fn a_damaged_file_is_compiled_anew() {
    let folder = Folder::new("damaged");
    cached(1, &folder.0);
    cached(2, &folder.0);
    let [first, second] = folder.modules().try_into().unwrap();
    let good = fs::read(&first).unwrap();
    let flipped = |idx: usize| {
        let mut bytes = good.clone();
        bytes[idx] ^= 0x80;
        bytes
    };
    for bad in [
        Vec::new(),
        good[..31].to_vec(),
        good[..good.len() - 1].to_vec(),
        good[..good.len() / 2].to_vec(),
        flipped(0),
        flipped(good.len() / 2),
        flipped(good.len() - 1),
        // Another module's, in its own seal.
        fs::read(&second).unwrap(),
    ] {
        replace(&first, bad);
        assert_eq!((cached(1, &folder.0), cached(2, &folder.0)), (1, 2));
        assert_eq!(fs::read(&first).unwrap().len(), good.len(), "it was stored again");
    }
}

#[test]
fn files_of_another_key_are_not_taken() {
    let (ours, theirs) = (Folder::new("ours"), Folder::new("theirs"));
    let module = manifest(&guest(1, &ours.0));
    let run = |folder: &Folder| run(from_folder(&module).with_cache(&folder.0));
    run(&ours);
    run(&theirs);
    let [own] = ours.modules().try_into().unwrap();
    let foreign = fs::read(&theirs.modules()[0]).unwrap();
    replace(&own, &foreign);
    assert_eq!(run(&ours), 1);
    assert!(fs::read(&own).unwrap() != foreign, "it was stored again");
}

#[test]
fn many_threads_share_a_folder() {
    let folder = Folder::new("threads");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(cached(1, &folder.0), 1));
        }
    });
    assert_eq!(folder.modules().len(), 1);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2, "the module and the key");
}

#[test]
fn a_configuration_may_name_the_folder_and_its_size() {
    let folder = Folder::new("config");
    fs::create_dir_all(&folder.0).unwrap();
    let config = folder.0.join("cache.toml");
    let directory = folder.0.display();
    let write = |rest: &str| {
        fs::write(&config, format!("[cache]\ndirectory = '{directory}'\n{rest}\n")).unwrap();
    };
    let run =
        |answer| run(from_folder(&manifest(&guest(answer, &folder.0))).with_cache_config(&config));
    let ours = Folder(folder.0.join("plugsmith"));
    write("enabled = false");
    assert_eq!(run(1), 1);
    assert!(!ours.0.exists());
    write("");
    assert_eq!((run(1), run(2)), (1, 2));
    assert_eq!(ours.modules().len(), 2);
    let oldest = ours.modules()[0].clone();
    age(&oldest);
    let len = fs::metadata(&oldest).unwrap().len();
    write(&format!("files-total-size-soft-limit = '{}'", 2 * len + len / 2));
    assert_eq!(run(3), 3);
    assert_eq!(ours.modules().len(), 2);
    assert!(!oldest.exists(), "what was not used for longest went");
}

#[test]
fn what_is_wrong_with_a_cache_is_named() {
    let folder = Folder::new("wrong");
    fs::create_dir_all(&folder.0).unwrap();
    let config = folder.0.join("cache.toml");
    let module = manifest(&guest(1, &folder.0));
    let error = |builder: PluginBuilder<'_>| match load_error(builder) {
        LoadError::Cache(err) => err,
        other => panic!("{other:?}"),
    };
    let configured = || error(PluginBuilder::new(&module).with_cache_config(&config));
    assert!(matches!(configured(), CacheError::ReadConfig { .. }));
    fs::write(&config, "[cache]\nenabled = 1").unwrap();
    assert!(matches!(configured(), CacheError::Config { .. }));
    let err = error(PluginBuilder::new(&module).with_cache(&config));
    assert!(matches!(err, CacheError::Folder { .. }), "{err:?}");
    // Switched off, none of that matters.
    let builder = PluginBuilder::new(&module).with_cache_config(&config).with_cache_disabled();
    call(&mut builder.build().unwrap(), "run").unwrap_err();
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new("open");
    cached(1, &folder.0);
    let key = folder.0.join("key");
    let module = manifest(&guest(1, &folder.0));
    for (path, mode, closed) in
        [(&folder.0, 0o777, 0o700), (&folder.0, 0o750, 0o700), (&key, 0o644, 0o600)]
    {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        match load_error(PluginBuilder::new(&module).with_cache(&folder.0)) {
            LoadError::Cache(CacheError::NotPrivate { path: found }) => assert_eq!(found, *path),
            other => panic!("{other:?}"),
        }
        fs::set_permissions(path, fs::Permissions::from_mode(closed)).unwrap();
        assert_eq!(cached(1, &folder.0), 1);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_could_write_is_not_taken() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new("writable");
    cached(1, &folder.0);
    let [file] = folder.modules().try_into().unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(cached(1, &folder.0), 1);
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o400, "it was stored again, for nobody to change");
}

#[test]
fn code_in_use_outlives_its_file() {
    let folder = Folder::new("outlived");
    cached(1, &folder.0);
    let module = manifest(&guest(1, &folder.0));
    let mut plugin = from_folder(&module).with_cache(&folder.0).build().unwrap();
    fs::remove_dir_all(&folder.0).unwrap();
    assert_eq!(plugin.call_get_error_code::<_, ()>("run", ()).unwrap_err().1, 1);
}

#[test]
fn a_damaged_key_is_named() {
    let folder = Folder::new("key");
    cached(1, &folder.0);
    replace(&folder.0.join("key"), "short");
    let module = manifest(&guest(1, &folder.0));
    match load_error(PluginBuilder::new(&module).with_cache(&folder.0)) {
        LoadError::Cache(err @ CacheError::Key { .. }) => {
            assert!(err.to_string().ends_with("if it is deleted, another is made"), "{err}");
        }
        other => panic!("{other:?}"),
    }
    fs::remove_file(folder.0.join("key")).unwrap();
    assert_eq!(cached(1, &folder.0), 1);
}

#[test]
fn code_that_is_in_use_is_cached_and_shared() {
    let (first, second) = (Folder::new("shared"), Folder::new("shared-too"));
    let module = manifest(&guest(1, &first.0));
    let load = |folder: &Folder| from_folder(&module).with_cache(&folder.0).compile();
    let in_use = load(&first).unwrap();
    let again = load(&second).unwrap();
    assert_eq!((first.modules().len(), second.modules().len()), (1, 1));
    drop(in_use);
    let mut plugin = plugsmith::Plugin::new_from_compiled(&again).unwrap();
    assert_eq!(plugin.call_get_error_code::<_, ()>("run", ()).unwrap_err().1, 1);
}

#[test]
fn kept_code_needs_no_file_and_leaves_one() {
    let folder = Folder::new("kept");
    let module = manifest(&guest(1, &folder.0));
    let kept = || PluginBuilder::new(&module).with_cache(&folder.0);
    assert_eq!(run(kept()), 1);
    let [file] = folder.modules().try_into().unwrap();
    replace(&file, "nobody looks at this");
    let long_ago = age(&file);
    assert_eq!(run(kept()), 1);
    assert_eq!(fs::read(&file).unwrap(), b"nobody looks at this");
    assert!(last_used(&file) > long_ago, "its use was noted");
    fs::remove_file(&file).unwrap();
    assert_eq!(run(kept()), 1);
    assert!(fs::read(&file).unwrap().len() > 100, "it was stored again");
}

#[test]
fn kept_code_is_refused_like_any_other() {
    let folder = Folder::new("refused");
    let module = manifest(r#"(module (import "host" "double" (func)) (memory 2))"#);
    let double =
        |name| Function::numeric(name, |_: &mut CurrentPlugin<'_>| Ok(())).with_namespace("host");
    let kept = |module| PluginBuilder::new(module).with_cache(&folder.0);
    kept(&module).with_functions([double("double")]).compile().unwrap();
    let refused = load_error(kept(&module).with_functions([double("treble")]));
    assert!(matches!(refused, LoadError::UnknownImport { .. }), "{refused:?}");
    let narrow = module.clone().with_memory_max(1);
    let refused = load_error(kept(&narrow).with_functions([double("double")]));
    assert!(matches!(refused, LoadError::MemoryLimit { needed: 2, limit: 1 }), "{refused:?}");
}

#[test]
fn a_folder_tells_what_it_holds_and_is_emptied_but_for_its_key() {
    let folder = Folder::new("contents");
    let cache = CacheFolder::new(&folder.0);
    assert_eq!(cache.modules().unwrap(), [], "a folder that is not there");
    assert_eq!(cache.clear().unwrap().n_modules, 0);
    for answer in 1..=2 {
        cached(answer, &folder.0);
    }
    let long_ago = SystemTime::now() - Duration::from_hours(5);
    let oldest = folder.modules().remove(0);
    fs::File::open(&oldest).unwrap().set_modified(long_ago).unwrap();
    fs::write(folder.0.join("mine.txt"), "kept").unwrap();
    fs::write(folder.0.join("own.module"), "kept").unwrap();
    fs::write(folder.0.join("half.unfinished"), "removed").unwrap();

    let modules = cache.modules().unwrap();
    let names: Vec<_> = modules.iter().map(|module| module.name.as_str()).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[1], oldest.file_stem().unwrap().to_string_lossy(), "used last comes first");
    assert_eq!(modules[0].bytes, fs::metadata(&folder.modules()[1]).unwrap().len());
    assert!(modules[0].last_use > modules[1].last_use);

    let n_bytes = modules.iter().map(|module| module.bytes).sum::<u64>();
    let cleared = cache.clear().unwrap();
    assert_eq!((cleared.n_modules, cleared.bytes), (2, n_bytes));
    let mut left: Vec<_> =
        fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["key", "mine.txt", "own.module"]);
    assert_eq!(cached(1, &folder.0), 1);
}
