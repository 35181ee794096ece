//! `plugsmith sign`, `plugsmith verify`, and `--verify-key` of the commands that load plug-ins.

use std::fs;

use serde_json::json;

use crate::{
    command::Folder,
    guests::{ECHO, LINKED, SIDE},
};

/// A key of OpenSSH, and its public half.
const SSH_KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACC4dRD2KnxTCV2WseOpyLE9ll4r0K7sCT9K62Iwn+b6QAAAAJgg6m8lIOpv
JQAAAAtzc2gtZWQyNTUxOQAAACC4dRD2KnxTCV2WseOpyLE9ll4r0K7sCT9K62Iwn+b6QA
AAAEAu7EuBo/32SYiVp1pM23R2o292oi+Qc5M+wMd8/5AVOrh1EPYqfFMJXZax46nIsT2W
XivQruwJP0rrYjCf5vpAAAAAD2FkYUBleGFtcGxlLmNvbQECAwQFBg==
-----END OPENSSH PRIVATE KEY-----
";
const SSH_PUBLIC_KEY: &str = "ssh-ed25519 \
    AAAAC3NzaC1lZDI1NTE5AAAAILh1EPYqfFMJXZax46nIsT2WXivQruwJP0rrYjCf5vpA ada@example.com\n";

/// A folder with `echo.wasm`, the keys of `vendor` and `other`, and `signed.wasm`, which the vendor signed.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("echo.wasm", wat::parse_str(ECHO).unwrap());
    for name in ["vendor", "other"] {
        succeed(&folder, &["sign", "--new-key", name]);
    }
    succeed(&folder, &["sign", "echo.wasm", "--key", "vendor", "-o", "signed.wasm"]);
    folder
}

#[track_caller]
fn succeed(folder: &Folder, arguments: &[&str]) -> String {
    let ran = folder.run(arguments);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{arguments:?}: {ran:#?}");
    ran.stdout
}

/// Checks that a command ends with a status, and what it says: the message with its causes, and the help.
#[track_caller]
fn check_refused(folder: &Folder, arguments: &[&str], status: i32, message: &str, help: &str) {
    let ran = folder.run(&[arguments, &["--json"]].concat());
    assert_eq!(ran.status, status, "{arguments:?}: {ran:#?}");
    let error = ran.error();
    let told = format!("{}: {}", error["message"], error["causes"]);
    assert!(told.contains(message), "{arguments:?}: {ran:#?}");
    assert!(error["help"].as_str().unwrap_or_default().contains(help), "{arguments:?}: {ran:#?}");
}

#[test]
fn a_signed_module_runs_and_tells_who_signed_it() {
    let folder = folder();
    let unsigned = fs::read(folder.path("echo.wasm")).unwrap();
    let page = succeed(&folder, &["sign", "echo.wasm", "--key", "vendor"]);
    assert!(page.starts_with("echo.wasm signed by key "), "{page}");
    let signed = fs::read(folder.path("echo.wasm")).unwrap();
    assert!(signed.ends_with(&unsigned[8..]), "the module itself is as it was");
    assert_eq!(signed, fs::read(folder.path("signed.wasm")).unwrap());
    assert_eq!(succeed(&folder, &["call", "echo.wasm", "echo", "-i", "hello"]), "hello");
    let page = succeed(&folder, &["verify", "echo.wasm", "--key", "vendor.pub"]);
    assert!(page.starts_with("✓ echo.wasm is signed by\n  vendor.pub  key "), "{page}");
    let keys = ["--key", "other.pub", "--key", "vendor.pub"];
    let verdict = folder.run(&[&["verify", "echo.wasm", "--json"], &keys[..]].concat()).json();
    assert_eq!(verdict["verified"], true);
    let rows = verdict["keys"].as_array().unwrap();
    assert_eq!((&rows[0]["file"], &rows[0]["signed"]), (&json!("other.pub"), &json!(false)));
    assert_eq!((&rows[1]["file"], &rows[1]["signed"]), (&json!("vendor.pub"), &json!(true)));
    let key_id = rows[1]["key_id"].as_str().unwrap();
    assert!(page.contains(key_id), "{page}");
    // What a module says of itself is no proof, and not shown as one.
    let page = succeed(&folder, &["inspect", "echo.wasm"]);
    assert!(page.contains(&format!("by key {key_id}, it says: not verified")), "{page}");
    let module = folder.run(&["inspect", "echo.wasm", "--json"]).json()["modules"][0].clone();
    assert_eq!(module["signatures"], json!({"claimed_key_ids": [key_id], "mistake": null}));
}

#[test]
fn several_can_sign() {
    let folder = folder();
    let both = ["--key", "vendor.pub", "--key", "other.pub"];
    let verify = |more: &[&'static str]| [&["verify", "signed.wasm"], &both[..], more].concat();
    succeed(&folder, &verify(&[]));
    let missing = "is not signed by key `other.pub`";
    check_refused(&folder, &verify(&["--all"]), 8, missing, "without `--all`");
    succeed(&folder, &["sign", "signed.wasm", "--key", "other"]);
    let page = succeed(&folder, &verify(&["--all"]));
    assert!(page.contains("vendor.pub") && page.contains("other.pub"), "{page}");
    // Signing again adds nothing, and taking off leaves one.
    let twice = fs::read(folder.path("signed.wasm")).unwrap();
    succeed(&folder, &["sign", "signed.wasm", "--key", "vendor"]);
    assert_eq!(fs::read(folder.path("signed.wasm")).unwrap(), twice);
    succeed(&folder, &["sign", "signed.wasm", "--key", "other", "--replace"]);
    succeed(&folder, &["verify", "signed.wasm", "--key", "other.pub"]);
    let vendor = ["verify", "signed.wasm", "--key", "vendor.pub"];
    check_refused(&folder, &vendor, 8, "none of the trusted keys has signed", "by another way");
}

#[test]
fn a_signature_can_lie_beside_the_module() {
    let folder = folder();
    let unsigned = fs::read(folder.path("echo.wasm")).unwrap();
    let ran = folder.run(&["sign", "echo.wasm", "--key", "vendor", "--detached", "--json"]);
    assert_eq!(ran.json()["path"], "echo.wasm.sig", "{ran:#?}");
    succeed(&folder, &["sign", "echo.wasm", "--key", "other", "--detached"]);
    assert_eq!(fs::read(folder.path("echo.wasm")).unwrap(), unsigned);
    let both = ["--key", "vendor.pub", "--key", "other.pub", "--all"];
    succeed(&folder, &[&["verify", "echo.wasm"], &both[..]].concat());
    succeed(&folder, &["call", "echo.wasm", "echo", "--verify-key", "other.pub"]);
    fs::rename(folder.path("echo.wasm.sig"), folder.path("elsewhere")).unwrap();
    let verify = ["verify", "echo.wasm", "--key", "vendor.pub"];
    check_refused(&folder, &verify, 8, "the module is not signed", "`.sig` behind it");
    let signature = ["--signature", "elsewhere"];
    succeed(&folder, &[&verify[..], &signature].concat());
    // It is the same as in the module.
    succeed(&folder, &["verify", "signed.wasm", "--key", "other.pub", "--signature", "elsewhere"]);
    succeed(&folder, &["sign", "signed.wasm", "--key", "other", "--detached"]);
    succeed(&folder, &["verify", "signed.wasm", "--key", "other.pub"]);
    succeed(&folder, &["verify", "signed.wasm", "--key", "vendor.pub"]);
    let gone = [&verify[..], &["--signature", "gone"]].concat();
    check_refused(&folder, &gone, 5, "cannot read `gone`", "--detached");
    folder.write("echo.wasm.sig", "no signature");
    check_refused(&folder, &verify, 8, "the signatures make no sense", "once more");
    let sign = ["sign", "echo.wasm", "--key", "vendor", "--detached"];
    check_refused(&folder, &sign, 5, "the signatures that are there make no sense", "--replace");
    succeed(&folder, &[&sign[..], &["--replace"]].concat());
    succeed(&folder, &verify);
    folder.write("echo.wasm.sig", vec![0; (1 << 20) + 1]);
    check_refused(&folder, &verify, 5, "more than 1048576 bytes", "");
    fs::remove_file(folder.path("echo.wasm.sig")).unwrap();
    fs::create_dir(folder.path("echo.wasm.sig")).unwrap();
    check_refused(&folder, &verify, 5, "cannot read `echo.wasm.sig`", "");
}

#[test]
fn commands_load_what_is_signed_and_nothing_else() {
    let folder = folder();
    let mut changed = fs::read(folder.path("signed.wasm")).unwrap();
    changed.extend(b"\0\x02\x01x");
    folder.write("changed.wasm", &changed);
    folder.write("echo.wat", ECHO);
    let commands: [&[&str]; 6] = [
        &["call", "PLUGIN", "echo", "-i", "hello"],
        &["inspect", "PLUGIN"],
        &["validate", "PLUGIN"],
        &["bench", "PLUGIN", "echo", "--calls", "1"],
        &["repl", "PLUGIN"],
        &["precompile", "PLUGIN", "-o", "made"],
    ];
    let rows = [
        ("signed.wasm", "vendor.pub", None),
        ("signed.wasm", "other.pub", Some("none of the trusted keys has signed the module")),
        ("echo.wasm", "vendor.pub", Some("the module is not signed")),
        ("echo.wat", "vendor.pub", Some("the module is not signed")),
        ("changed.wasm", "vendor.pub", Some("signed something else")),
    ];
    for command in commands {
        for (plugin, key, refusal) in rows {
            let words = command.iter().map(|word| if *word == "PLUGIN" { plugin } else { word });
            let arguments: Vec<_> = words.chain(["--verify-key", key]).collect();
            match refusal {
                None => assert_eq!(folder.run(&arguments).status, 0, "{arguments:?}"),
                Some(message) => check_refused(&folder, &arguments, 3, message, ""),
            }
        }
        let _ = fs::remove_file(folder.path("made"));
    }
    let both = ["--verify-key", "other.pub", "--verify-key", "vendor.pub"];
    succeed(&folder, &[&["inspect", "signed.wasm"], &both[..]].concat());
    check_refused(
        &folder,
        &["call", "signed.wasm", "echo", "--verify-key", "gone.pub"],
        5,
        "key file `gone.pub` cannot be used",
        "--new-key",
    );
    // What is compiled already has nothing in it that was signed.
    succeed(&folder, &["precompile", "signed.wasm", "--new-key", "key", "-o", "made.plugsmith"]);
    let made = ["call", "made.plugsmith", "echo", "--verify-key", "vendor.pub"];
    check_refused(&folder, &made, 3, "`--verify-key` cannot change it", "`plugsmith precompile`");
    // From wherever they come.
    for (plugin, status) in [("signed.wasm", 0), ("echo.wasm", 3), ("changed.wasm", 3)] {
        let bytes = fs::read(folder.path(plugin)).unwrap();
        let arguments = ["call", "-", "echo", "-i", "hello", "--verify-key", "vendor.pub"];
        let ran = folder.run_with_input(&arguments, bytes);
        assert_eq!(ran.status, status, "{plugin}: {ran:#?}");
    }
}

#[test]
fn every_module_has_to_be_signed() {
    let folder = folder();
    folder.write("linked.wasm", wat::parse_str(LINKED).unwrap());
    folder.write("side.wasm", wat::parse_str(SIDE).unwrap());
    folder.write(
        "plugin.toml",
        "[[wasm]]\npath = 'side.wasm'\nname = 'side'\n[[wasm]]\npath = 'linked.wasm'\n",
    );
    let linked = ["call", "linked.wasm", "say", "--link", "side=side.wasm"];
    for call in [&["call", "plugin.toml", "say"][..], &linked] {
        let verified = [call, &["--verify-key", "vendor.pub"]].concat();
        succeed(&folder, &["sign", "linked.wasm", "--key", "vendor", "--replace"]);
        check_refused(&folder, &verified, 3, "module `side` is not signed", "");
        succeed(&folder, &["sign", "side.wasm", "--key", "vendor", "--detached"]);
        assert_eq!(succeed(&folder, &verified), "hi");
        fs::remove_file(folder.path("side.wasm.sig")).unwrap();
    }
}

#[test]
fn what_cannot_be_signed_is_told() {
    let folder = folder();
    folder.write("echo.wat", ECHO);
    folder.write("plugin.toml", "[[wasm]]\npath = 'echo.wasm'\n");
    folder.write("empty", "");
    let mut changed = fs::read(folder.path("signed.wasm")).unwrap();
    changed.extend(b"\0\x02\x01x");
    folder.write("changed.wasm", &changed);
    folder.write("broken.wasm", b"\0asm\x01\0\0\0\0\x0b\x09signature!");
    fs::create_dir(folder.path("folder")).unwrap();
    let rows = [
        ("gone.wasm", "cannot read `gone.wasm`", "`.wasm`"),
        ("folder", "cannot read `folder`", "`.wasm`"),
        ("empty", "not a WebAssembly module in binary form", "one by one"),
        ("echo.wat", "it starts with `(module", "one by one"),
        ("plugin.toml", "not a WebAssembly module", "one by one"),
        ("changed.wasm", "not of this module as it is now", "`--replace`"),
        ("broken.wasm", "the signatures that are there make no sense", "`--replace`"),
    ];
    for (module, message, help) in rows {
        let before = fs::read(folder.path(module)).ok();
        check_refused(&folder, &["sign", module, "--key", "other"], 5, message, help);
        assert_eq!(fs::read(folder.path(module)).ok(), before, "{module} is as it was");
        let new = ["sign", module, "--new-key", "new"];
        check_refused(&folder, &new, 5, message, help);
        assert!(!folder.path("new").exists() && !folder.path("new.pub").exists(), "{module}");
    }
    succeed(&folder, &["sign", "changed.wasm", "--key", "other", "--replace"]);
    succeed(&folder, &["verify", "changed.wasm", "--key", "other.pub"]);
    let page = succeed(&folder, &["inspect", "broken.wasm"]);
    assert!(page.contains("the version of the signatures is 33, only 1 is known"), "{page}");
    let nowhere = ["sign", "echo.wasm", "--key", "vendor", "-o", "gone/file"];
    check_refused(&folder, &nowhere, 5, "cannot write `gone/file`", "");
    for arguments in [&["sign"][..], &["sign", "echo.wasm"], &["verify", "echo.wasm"]] {
        assert_eq!(folder.run(arguments).status, 2, "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn no_half_of_a_key_is_left() {
    use crate::command::finish;

    let folder = folder();
    let rows = [
        ("sign --new-key signs", "signs", "key file `signs.pub` cannot be used"),
        ("precompile echo.wasm -o out --new-key seals", "seals", "key file `seals` cannot be used"),
    ];
    for (arguments, key, message) in rows {
        // No byte can be written to a file, as on a full disk.
        let line = format!("trap '' XFSZ; ulimit -f 0; exec \"$0\" {arguments}");
        let shell = ["-c", &line, env!("CARGO_BIN_EXE_plugsmith")];
        let ran = finish(&mut folder.program("sh", &shell), "");
        assert_ne!(ran.status, 0, "{arguments}: {ran:#?}");
        assert!(ran.stderr.contains(message), "{arguments}: {ran:#?}");
        let public = format!("{key}.pub");
        assert!(!folder.path(key).exists() && !folder.path(&public).exists(), "{arguments}");
        succeed(&folder, &arguments.split(' ').collect::<Vec<_>>());
        assert!(folder.path(key).exists(), "{arguments}");
    }
}

#[test]
fn no_key_is_overwritten() {
    let folder = folder();
    let key = fs::read(folder.path("vendor")).unwrap();
    let again = ["sign", "--new-key", "vendor"];
    check_refused(&folder, &again, 5, "key file `vendor.pub` cannot be used", "none is ever");
    assert_eq!(fs::read(folder.path("vendor")).unwrap(), key);
    let page = succeed(&folder, &["sign", "echo.wasm", "--new-key", "third"]);
    assert!(
        page.starts_with("third stays with you\nthird.pub is for others\necho.wasm "),
        "{page}"
    );
    succeed(&folder, &["verify", "echo.wasm", "--key", "third.pub"]);
}

#[test]
fn keys_of_no_use_are_told_apart() {
    let folder = folder();
    folder.write("empty", "");
    folder.write("long", " ".repeat(20_000));
    folder.write("rsa.pub", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC ada\n");
    folder.write("weak", [&[1][..], &[0; 32]].concat());
    fs::create_dir(folder.path("folder")).unwrap();
    let rows = [
        ("empty", "not a key", "ssh-keygen"),
        ("folder", "key file `folder` cannot be used", ""),
        ("long", "more than 16384 bytes", ""),
        ("rsa.pub", "a key of kind `ssh-rsa`", "ssh-keygen -t ed25519"),
        ("weak", "under which anybody can sign", "no honest program"),
        ("vendor", "a secret key", "`.pub` behind its name"),
    ];
    for (key, message, help) in rows {
        check_refused(&folder, &["verify", "signed.wasm", "--key", key], 5, message, help);
        let call = ["call", "signed.wasm", "echo", "--verify-key", key];
        check_refused(&folder, &call, 5, message, help);
    }
}

#[cfg(unix)]
#[test]
fn secrets_are_closed_to_others() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = folder();
    let mode = |name: &str| fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777;
    let make = |name: &str, mode: u32| {
        fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    assert_eq!(mode("vendor"), 0o600);
    folder.write("ssh", SSH_KEY);
    folder.write("ssh.pub", SSH_PUBLIC_KEY);
    make("ssh", 0o644);
    let sign = ["sign", "echo.wasm", "--key", "ssh"];
    check_refused(&folder, &sign, 5, "key file `ssh` is open to other users", "a new one");
    make("ssh", 0o600);
    // Who may read the module stays as it was.
    make("echo.wasm", 0o640);
    succeed(&folder, &sign);
    assert_eq!(mode("echo.wasm"), 0o640);
    succeed(&folder, &["verify", "echo.wasm", "--key", "ssh.pub"]);
    make("ssh.pub", 0o600);
    check_refused(&folder, &["sign", "echo.wasm", "--key", "ssh.pub"], 5, "a public key", "");
    // What a link leads to is signed, and the link stays one.
    std::os::unix::fs::symlink("echo.wasm", folder.path("link.wasm")).unwrap();
    succeed(&folder, &["sign", "link.wasm", "--key", "vendor"]);
    assert!(folder.path("link.wasm").is_symlink());
    succeed(&folder, &["verify", "echo.wasm", "--key", "vendor.pub"]);
}

/// One is not there to be read from, but to be written to: it must not be gone then.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_replaced() {
    let folder = folder();
    let made = std::process::Command::new("mkfifo").arg(folder.path("pipe")).status();
    assert!(made.unwrap().success());
    let sign = ["sign", "echo.wasm", "--key", "vendor", "-o", "pipe"];
    check_refused(&folder, &sign, 5, "not a regular file", "");
    let kind = fs::symlink_metadata(folder.path("pipe")).unwrap().file_type();
    assert!(!kind.is_file());
    let names = fs::read_dir(folder.path("")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    assert_eq!(names.filter(|name| name.contains("pipe")).collect::<Vec<_>>(), ["pipe"]);
}
