//! Registries that do wrong: each gets an error that says what, nothing of what it gave is kept, and the
//! next pull goes well.

use std::{fs, net::TcpListener};

use serde_json::{Value, json};

use super::{
    Scene, digest, echo_module,
    server::{Door, MANIFEST, Reply, Request, Server, TOKEN},
};
use crate::command::Ran;

/// Pulls from a registry that answers so, and checks that the error is this one; then pulls from the same
/// one, which behaves.
#[track_caller]
fn check(how: impl Fn(&Request) -> Option<Reply> + Send + 'static, message: &str) -> Ran {
    let scene = Scene::new(Door::Open);
    let pinned = scene.push();
    scene.server.misbehave(how);
    let pull = ["pull", &pinned, "--registry-time", "20s", "--output", "out.wasm"];
    let ran = scene.run(&pull);
    assert_eq!((ran.status, ran.stdout.as_str()), (9, ""), "{ran:#?}");
    // The words of an error are spread over lines.
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
    assert!(said.contains(message), "{message}: {ran:#?}");
    assert!(scene.stored().is_empty(), "{:?}", scene.stored());
    assert!(!scene.folder.path("out.wasm").exists());
    scene.server.behave();
    let ran_again = scene.run(&pull);
    assert_eq!(ran_again.status, 0, "{ran_again:#?}");
    assert_eq!(fs::read(scene.folder.path("out.wasm")).unwrap(), echo_module());
    ran
}

fn is_manifest(request: &Request) -> bool {
    request.path.contains("/manifests/")
}

fn is_blob(request: &Request) -> bool {
    request.path.contains("/blobs/")
}

/// Answers requests for manifests so.
fn manifests(reply: Reply) -> impl Fn(&Request) -> Option<Reply> + Send + 'static {
    move |request| is_manifest(request).then(|| reply.clone())
}

/// Answers requests for modules so.
fn blobs(reply: Reply) -> impl Fn(&Request) -> Option<Reply> + Send + 'static {
    move |request| is_blob(request).then(|| reply.clone())
}

fn changed_module() -> Vec<u8> {
    let mut module = echo_module();
    *module.last_mut().unwrap() ^= 1;
    module
}

#[test]
fn other_bytes_than_were_asked_for_are_refused() {
    let with_type = |body: &str| Reply::with(200, &[("Content-Type", MANIFEST)], body);
    let module = echo_module();
    check(
        manifests(with_type("{}")),
        "the digest of the manifest is `sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a`, not",
    );
    check(blobs(Reply::with(200, &[], changed_module())), "the digest of the module is");
    let len = module.len();
    check(
        blobs(Reply::with(200, &[], &module[..len - 1])),
        &format!("the module has {} bytes, not {len}", len - 1),
    );
    let longer = [&module[..], b"!"].concat();
    check(blobs(Reply::with(200, &[], longer)), &format!("the module has {} bytes", len + 1));
}

#[test]
fn a_manifest_under_a_tag_is_what_its_own_header_says() {
    let scene = Scene::new(Door::Open);
    scene.push();
    let other = digest(b"another");
    let manifest = scene.server.manifest("1");
    let headers = [("Content-Type", MANIFEST), ("Docker-Content-Digest", other.as_str())];
    scene.server.misbehave(manifests(Reply::with(200, &headers, manifest)));
    let ran = scene.run(&["pull", &scene.reference(":1")]);
    assert!(ran.status == 9 && ran.stderr.contains("the digest of the manifest is"), "{ran:#?}");
    assert!(scene.stored().is_empty());
}

#[test]
fn answers_that_do_not_end_as_they_should_are_refused() {
    let module = echo_module();
    check(blobs(Reply::Short(200, Vec::new(), module, 10)), "broke off");
    check(blobs(Reply::Endless), "the module has more than the");
    check(manifests(Reply::Endless), "the manifest has more than 4194304 bytes, its limit");
    let huge = Reply::with(200, &[("Content-Type", MANIFEST)], vec![b' '; (4 << 20) + 1]);
    check(manifests(huge), "the manifest has more than 4194304 bytes, its limit");
}

#[test]
fn a_registry_that_says_nothing_is_left_alone() {
    let rows = [
        ("/manifests/", Reply::Silence),
        ("/blobs/", Reply::Silence),
        ("/blobs/", Reply::Stall(echo_module())),
    ];
    for (part, reply) in rows {
        let scene = Scene::new(Door::Open);
        let pinned = scene.push();
        scene.server.misbehave(move |request| request.path.contains(part).then(|| reply.clone()));
        let ran = scene.run(&["pull", &pinned, "--registry-time", "200ms"]);
        assert_eq!(ran.status, 9, "{ran:#?}");
        assert!(ran.stderr.contains("took longer than its limit of 200ms"), "{ran:#?}");
        assert!(ran.stderr.contains("--registry-time"), "{ran:#?}");
        assert!(scene.stored().is_empty());
    }
}

#[test]
fn nothing_leads_from_the_registrys_machine_to_a_line_without_encryption() {
    let plain = "http://registry.example/blob?signature=secret";
    let ran =
        check(blobs(Reply::redirect(plain)), "`http://registry.example/blob` is not encrypted");
    assert!(!ran.stderr.contains("secret"), "{ran:#?}");
    check(manifests(Reply::redirect("http://10.0.0.1/")), "`http://10.0.0.1/` is not encrypted");
    check(blobs(Reply::redirect("file:///etc/passwd")), "points to no address");
    check(blobs(Reply::redirect("https://me:pass@registry.example/")), "points to no address");
    check(blobs(Reply::redirect("http://[")), "points to no address");
    check(blobs(Reply::status(307)), "points to no address");
    check(
        |request| is_blob(request).then(|| Reply::redirect(&request.path)),
        "was redirected more than 5 times",
    );
}

#[test]
fn tokens_are_asked_for_only_where_that_is_safe() {
    let rows = [
        ("http://tokens.example/token", "`http://tokens.example/token` is not encrypted"),
        ("gopher://tokens.example/", "points to no address"),
        ("no address", "asks for credentials in a way that is not known: `no address`"),
    ];
    for (realm, message) in rows {
        let scene = Scene::new(Door::Bearer);
        scene.server.set_realm(realm);
        let arguments = ["pull", &scene.reference(":1"), "--json"];
        let error = scene.run(&arguments).error();
        assert_eq!(error["exit_status"], json!(9), "{error}");
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
}

#[test]
fn whoever_gives_tokens_may_be_hostile_too() {
    let rows = [
        (Reply::with(200, &[], "{}"), "gave no token"),
        (Reply::with(200, &[], r#"{"token": ""}"#), "gave no token"),
        (Reply::with(200, &[], r#"{"token": "a\r\nX-Evil: 1"}"#), "gave no token"),
        (Reply::with(200, &[], "<html>"), "gave no token"),
        (Reply::Endless, "the token has more than 1048576 bytes, its limit"),
        (Reply::redirect("http://127.0.0.1:1/"), "answered with status 307"),
        (Reply::with(500, &[], r#"{"details": "\u001b[2J"}"#), "status 500: \\u{1b}[2J"),
        // Any token will do: the registry then refuses it.
        (Reply::with(200, &[], r#"{"access_token": "another"}"#), "wants credentials"),
    ];
    for (reply, message) in rows {
        let scene = Scene::new(Door::Bearer);
        scene
            .server
            .misbehave(move |request| request.path.starts_with("/token").then(|| reply.clone()));
        let error = scene.run(&["pull", &scene.reference(":1"), "--json"]).error();
        assert!(error["message"].as_str().unwrap().contains(message), "{message}: {error}");
        let requests = scene.server.take_requests();
        assert!(requests.len() <= 3, "it is asked once more, and not for ever: {requests:?}");
    }
}

#[test]
fn a_registry_that_is_never_content_is_given_up() {
    let scene = Scene::new(Door::Open);
    let headers = [("WWW-Authenticate", "Basic realm=\"again\"")];
    let never = Reply::with(401, &headers, r#"{"errors": [{"message": "again!"}]}"#);
    scene.server.misbehave(move |_| Some(never.clone()));
    let given = ["pull", &scene.reference(":1"), "--username", "ada", "--password-stdin"];
    let ran = crate::command::finish(&mut scene.command(&given), "secret");
    assert!(ran.stderr.contains("refuses the credentials for `tests`: again!"), "{ran:#?}");
    assert_eq!(scene.server.take_requests().len(), 2);
    let unknown = Reply::with(401, &[("WWW-Authenticate", "Negotiate")], "");
    scene.server.misbehave(move |_| Some(unknown.clone()));
    let ran = scene.run(&["pull", &scene.reference(":1")]);
    assert!(ran.stderr.contains("in a way that is not known: `Negotiate`"), "{ran:#?}");
}

#[test]
fn what_is_no_plugin_is_told_for_what_it_is() {
    let scene = Scene::new(Door::Open);
    scene.push();
    let right: Value = serde_json::from_slice(&scene.server.manifest("1")).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut manifest = right.clone();
        *manifest.pointer_mut(pointer).unwrap() = value;
        manifest.to_string()
    };
    let image = "application/vnd.oci.image.config.v1+json";
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
    });
    let rows = [
        (index.to_string(), "the manifest is `application/vnd.oci.image.index.v1+json`, not"),
        (
            with("/config/mediaType", json!(image)),
            "the config is `application/vnd.oci.image.config",
        ),
        (with("/layers/0/mediaType", json!("text/html")), "the layer is `text/html`, not"),
        (with("/layers", json!([])), "has 0 layers"),
        (with("/layers/0/size", json!(u64::MAX)), "the module has more than 67108864 bytes"),
        (with("/layers/0/digest", json!("sha256:../../x")), "not as it must be"),
        ("no JSON".to_owned(), "not as it must be"),
    ];
    for (manifest, message) in rows {
        scene.server.put_manifest("wrong", manifest.clone());
        let error = scene.run(&["pull", &scene.reference(":wrong"), "--json"]).error();
        assert_eq!(error["exit_status"], json!(9), "{manifest}: {error}");
        assert!(error["message"].as_str().unwrap().contains(message), "{manifest}: {error}");
        assert!(scene.stored().is_empty());
    }
    let limited = ["pull", &scene.reference(":1"), "--module-max", "10", "--json"];
    let error = scene.run(&limited).error();
    assert_eq!(error["message"], json!("the module has more than 10 bytes, its limit"));
}

#[test]
fn refusals_are_shown_as_far_as_they_are_harmless() {
    let said =
        format!(r#"{{"errors": [{{"message": "\u001b]0;mine\u0007{}"}}]}}"#, "x".repeat(999));
    let scene = Scene::new(Door::Open);
    scene.server.misbehave(move |_| Some(Reply::with(503, &[], said.clone())));
    let error = scene.run(&["pull", &scene.reference(":1"), "--json"]).error();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("answered with status 503: \\u{1b}]0;mine\\u{7}xxx"), "{message}");
    assert!(message.len() < 400, "{message}");
    scene.server.misbehave(|_| Some(Reply::status(404)));
    let error = scene.run(&["pull", &scene.reference(":1"), "--json"]).error();
    let message = format!("`{}` has no `tests, 1`", scene.server.name);
    assert_eq!(error["message"], json!(message));
}

#[test]
fn a_push_that_goes_wrong_says_so() {
    let location = |to: &str| Reply::with(202, &[("Location", to)], "");
    let wrong_digest = Reply::with(201, &[("Docker-Content-Digest", &digest(b"another"))], "");
    let rows = [
        ("POST", Reply::status(202), "points to no address"),
        ("POST", location("http://registry.example/upload"), "is not encrypted"),
        ("POST", Reply::status(403), "wants credentials for `tests`"),
        ("POST", Reply::status(429), "answered with status 429"),
        ("HEAD", Reply::status(500), "answered with status 500"),
        ("PUT", Reply::status(500), "answered with status 500"),
        ("PUT", wrong_digest, "the digest of the manifest is"),
    ];
    for (method, reply, message) in rows {
        let scene = Scene::new(Door::Open);
        scene.server.misbehave(move |request| {
            // An upload takes any headers; it is a manifest's that are looked at.
            let is_upload = request.path.contains("uploads/1");
            let is_meant = request.method == method && !is_upload;
            is_meant.then(|| reply.clone())
        });
        let error = scene.run(&["push", "echo.wat", &scene.reference(":1"), "--json"]).error();
        assert_eq!(error["exit_status"], json!(9), "{error}");
        assert!(error["message"].as_str().unwrap().contains(message), "{message}: {error}");
    }
}

#[test]
fn a_registry_that_is_not_there_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let name = listener.local_addr().unwrap().to_string();
    drop(listener);
    let scene = Scene::new(Door::Open);
    let error = scene.run(&["pull", &format!("{name}/tests"), "--json"]).error();
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("cannot reach `http://{name}/v2/tests/")), "{error}");
}

#[test]
fn a_token_is_shown_to_nobody() {
    let scene = Scene::new(Door::Bearer);
    let storage = Server::start(Door::Open);
    let elsewhere = format!("http://{}/blob", storage.name);
    scene.server.misbehave(move |request| match request.path.as_str() {
        path if path.starts_with("/token") => {
            Some(Reply::with(200, &[], format!(r#"{{"token": "{TOKEN}"}}"#)))
        }
        _ if request.authorization.is_some() => Some(Reply::redirect(&elsewhere)),
        _ => None,
    });
    let ran = scene.run(&["pull", &scene.reference(":1")]);
    assert!(ran.status == 9 && !ran.stderr.contains(TOKEN), "{ran:#?}");
    assert_eq!(storage.take_requests()[0].authorization, None);
}
