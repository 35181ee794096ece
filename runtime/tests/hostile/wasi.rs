//! The system interface: paths out of what was granted, descriptors, waiting, exits.

pub(crate) mod descriptors;
pub(crate) mod system;

use std::{fs, path::PathBuf};

use crate::{
    attack::{Attack, Ends, Setup, attack},
    guest::with,
    run,
};

/// Functions of the interface, and how to open a path below descriptor 3 for reading or writing.
const IMPORTS: &str = include_str!("wasi.wat");

/// Error numbers of the interface.
mod errno {
    pub(super) const BADF: i32 = 8;
    pub(super) const INVAL: i32 = 28;
    pub(super) const LOOP: i32 = 32;
    pub(super) const MFILE: i32 = 33;
    pub(super) const NOENT: i32 = 44;
    pub(super) const NOTDIR: i32 = 54;
    pub(super) const PERM: i32 = 63;
}

/// A guest whose memory begins with `data` at 512, and whose export `attack` has this body.
fn guest(data: &str, body: &str) -> String {
    with(
        IMPORTS,
        &format!(
            r#"(data (i32.const 512) "{data}")
            (func $expect (param $found i32) (param $expected i32)
                (call $is (i64.extend_i32_u (local.get $found))
                    (i64.extend_i32_u (local.get $expected))))
            (func $open (param $len i32) (param $oflags i32) (param $rights i64) (result i32)
                (call $path_open (i32.const 3) (i32.const 1) (i32.const 512) (local.get $len)
                    (local.get $oflags) (local.get $rights) (i64.const 0) (i32.const 0)
                    (i32.const 0)))
            (func (export "attack") (local $i i32) (local $fd i32) {body})"#
        ),
    )
}

/// Opening `path` to read gives this error.
fn opening(name: &'static str, tries: &'static str, path: &str, expected: i32) -> Attack {
    let len = path.len();
    let body = format!(
        "(call $expect (call $open (i32.const {len}) (i32.const 0) (i64.const 2))
            (i32.const {expected}))"
    );
    attack(name, tries, guest(path, &body), Ends::Harmless).with(folder)
}

/// A folder of the host's, removed in the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes a folder with a secret beside what is granted.
fn made(setup: &mut Setup, prefix: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);

    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile_{number}"));
    let _ = fs::remove_dir_all(&path);
    let (granted, other) = (path.join("granted"), path.join("other"));
    fs::create_dir_all(granted.join("inner")).unwrap();
    fs::create_dir_all(&other).unwrap();
    fs::write(path.join("secret"), "secret").unwrap();
    fs::write(other.join("secret"), "secret").unwrap();
    fs::write(granted.join("file"), "text").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;

        symlink("../secret", granted.join("link")).unwrap();
        symlink("/etc/passwd", granted.join("passwd")).unwrap();
        symlink("..", granted.join("up")).unwrap();
        symlink("self", granted.join("self")).unwrap();
    }
    let host = format!("{prefix}{}", granted.to_str().unwrap());
    setup.manifest.allowed_paths = Some([(host, "/".into())].into());
    setup.wasi = true;
    setup.kept.push(Box::new(Folder(path)));
}

fn folder(setup: &mut Setup) {
    made(setup, "");
}

fn read_only(setup: &mut Setup) {
    made(setup, "ro:");
}

fn granted(setup: &mut Setup) {
    setup.wasi = true;
}

/// What was there before is there as it was.
fn unchanged(setup: &Setup) {
    let folder = &setup.kept::<Folder>().0;
    for (file, text) in [("secret", "secret"), ("other/secret", "secret"), ("granted/file", "text")]
    {
        assert_eq!(fs::read_to_string(folder.join(file)).unwrap(), text);
    }
}

pub(crate) fn paths() -> Vec<Attack> {
    vec![
        opening("a path up", "opens `../secret`", "../secret", errno::PERM).judged(unchanged),
        opening(
            "a path up and down",
            "opens `inner/../../secret`",
            "inner/../../secret",
            errno::PERM,
        ),
        opening("a path from the root", "opens `/etc/passwd`", "/etc/passwd", errno::PERM),
        opening(
            "a link to outside",
            "opens a link to a file beside its folder",
            "link",
            errno::PERM,
        ),
        opening("a link to the root", "opens a link to `/etc/passwd`", "passwd", errno::PERM),
        opening(
            "a folder through a link",
            "opens a file through a link to the folder above",
            "up/secret",
            errno::PERM,
        ),
        opening("a link to itself", "opens a link that leads to itself", "self", errno::LOOP),
        opening(
            "a path with a zero",
            "opens `file` with a zero byte behind it",
            r"file\00",
            errno::INVAL,
        ),
        opening("no path", "opens the empty path", "", errno::NOENT),
        opening("a file as folder", "opens a path below a file", "file/x", errno::NOTDIR),
        attack(
            "a path as long as memory",
            "opens a path of sixty thousand bytes",
            guest(
                &"x/".repeat(30_000),
                "(if (i32.eqz (call $open (i32.const 60000) (i32.const 0) (i64.const 2)))
                    (then unreachable))",
            ),
            Ends::Harmless,
        )
        .with(folder),
        attack(
            "a path out of memory",
            "opens a path that lies behind the end of its memory",
            guest(
                "",
                "(if (i32.eqz (call $path_open (i32.const 3) (i32.const 1) (i32.const -1)
                    (i32.const -1) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0)
                    (i32.const 0)))
                    (then unreachable))",
            ),
            Ends::Harmless,
        )
        .with(folder),
        attack(
            "a link of its own to outside",
            "makes a link to `../secret`, and opens it",
            guest(
                "../secretmine",
                "(drop (call $path_symlink (i32.const 512) (i32.const 9) (i32.const 3)
                    (i32.const 521) (i32.const 4)))
                (if (i32.eqz (call $path_open (i32.const 3) (i32.const 1) (i32.const 521)
                    (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0)
                    (i32.const 0)))
                    (then unreachable))",
            ),
            Ends::Harmless,
        )
        .with(folder)
        .judged(unchanged),
        attack(
            "a file moved outside",
            "renames its file to `../moved`",
            guest(
                "file../moved",
                &format!(
                    "(call $expect (call $path_rename (i32.const 3) (i32.const 512) (i32.const 4)
                        (i32.const 3) (i32.const 516) (i32.const 8)) (i32.const {}))",
                    errno::PERM
                ),
            ),
            Ends::Harmless,
        )
        .with(folder)
        .judged(unchanged),
        attack(
            "a file outside removed",
            "removes `../secret`",
            guest(
                "../secret",
                &format!(
                    "(call $expect (call $path_unlink_file (i32.const 3) (i32.const 512)
                        (i32.const 9)) (i32.const {}))",
                    errno::PERM
                ),
            ),
            Ends::Harmless,
        )
        .with(folder)
        .judged(unchanged),
        attack(
            "a second name for a file outside",
            "links `../secret` into its folder",
            guest(
                "../secretmine",
                &format!(
                    "(call $expect (call $path_link (i32.const 3) (i32.const 0) (i32.const 512)
                        (i32.const 9) (i32.const 3) (i32.const 521) (i32.const 4)) (i32.const {}))",
                    errno::PERM
                ),
            ),
            Ends::Harmless,
        )
        .with(folder)
        .judged(unchanged),
        attack(
            "writing where only reading is allowed",
            "opens, cuts, removes and makes files in a folder that it may only read",
            guest(
                "file",
                &format!(
                    "(call $expect (call $open (i32.const 4) (i32.const 8) (i64.const 64))
                        (i32.const {refused}))
                    (call $expect (call $open (i32.const 4) (i32.const 0) (i64.const 64))
                        (i32.const {refused}))
                    (call $expect (call $open (i32.const 3) (i32.const 1) (i64.const 64))
                        (i32.const {refused}))
                    (call $expect (call $path_unlink_file (i32.const 3) (i32.const 512)
                        (i32.const 4)) (i32.const {refused}))",
                    refused = errno::PERM
                ),
            ),
            Ends::Harmless,
        )
        .with(read_only)
        .judged(unchanged),
        attack(
            "a time of its choice where only reading is allowed",
            "changes the times of a file that it may only read",
            guest(
                "file",
                &format!(
                    "(call $expect (call $path_filestat_set_times (i32.const 3) (i32.const 0)
                        (i32.const 512) (i32.const 4) (i64.const 7) (i64.const 7) (i32.const 5))
                        (i32.const {}))",
                    errno::PERM
                ),
            ),
            Ends::Harmless,
        )
        .with(read_only)
        .judged(unchanged),
        attack(
            "paths where nothing is granted",
            "opens a path below every descriptor, with no folder granted",
            guest(
                "etc",
                &format!(
                    "(loop $next
                        (if (i32.eqz (call $path_open (local.get $i) (i32.const 1) (i32.const 512)
                            (i32.const 3) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0)
                            (i32.const 0)))
                            (then unreachable))
                        (local.set $i (i32.add (local.get $i) (i32.const 1)))
                        (br_if $next (i32.lt_u (local.get $i) (i32.const 100))))
                    (call $expect (call $open (i32.const 3) (i32.const 0) (i64.const 2))
                        (i32.const {}))",
                    errno::BADF
                ),
            ),
            Ends::Harmless,
        )
        .with(granted),
    ]
}

#[test]
fn paths_lead_nowhere_but_where_they_may() {
    run::all(&paths());
}

#[test]
fn descriptors_are_bounded_and_the_plug_ins_own() {
    run::all(&descriptors::descriptors());
}

#[test]
fn the_system_does_nothing_to_its_host() {
    run::all(&system::system());
}
