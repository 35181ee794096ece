//! Who the user is to a registry: where that is looked for, what is sent, and to whom.

use std::env;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    Scene,
    server::{Door, Reply, Server, TOKEN, USER},
};
use crate::command::{Ran, finish};

/// A request's path without what is behind the `?`, and who it said that it was from.
type Asked = (String, Option<String>);

fn asked(server: &Server) -> Vec<Asked> {
    let path = |path: &str| path.split('?').next().unwrap_or_default().to_owned();
    let requests = server.take_requests();
    requests.into_iter().map(|request| (path(&request.path), request.authorization)).collect()
}

fn with_entry(scene: &Scene, entry: &Value) {
    let config = json!({"auths": {&scene.server.name: entry}});
    scene.folder.write("docker/config.json", config.to_string());
}

fn with_password(scene: &Scene) {
    with_entry(scene, &json!({"auth": STANDARD.encode(USER)}));
}

#[test]
fn credentials_open_a_registry_however_they_are_kept() {
    for door in [Door::Basic, Door::Bearer] {
        let scene = Scene::new(door);
        let reference = scene.reference(":1");
        let push = ["push", "echo.wat", &reference];
        let closed = scene.run(&push);
        assert_eq!(closed.status, 9, "{closed:#?}");
        assert!(closed.stderr.contains("wants credentials for `tests`"), "{closed:#?}");
        assert!(closed.stderr.contains("docker login"), "{closed:#?}");

        let given = [&push[..], &["--username", "ada", "--password-stdin"]].concat();
        let ran = finish(&mut scene.command(&given), "secret\r\n");
        assert_eq!(ran.status, 0, "{ran:#?}");
        let wrong = finish(&mut scene.command(&given), "guess\n");
        assert_eq!(wrong.status, 9, "{wrong:#?}");
        assert!(wrong.stderr.contains("refuses the credentials for `tests`"), "{wrong:#?}");

        scene.server.take_requests();
        let endless = finish(&mut scene.command(&given), "x".repeat((64 << 10) + 1));
        assert_eq!(endless.status, 5, "{endless:#?}");
        assert!(endless.stderr.contains("a password has at most 65536 bytes"), "{endless:#?}");
        assert!(scene.server.take_requests().is_empty());

        with_password(&scene);
        let ran = scene.run(&["pull", &reference]);
        assert_eq!(ran.status, 0, "{ran:#?}");
    }
}

#[test]
fn a_token_is_asked_for_once_and_for_no_more_than_is_done() {
    let scene = Scene::new(Door::Bearer);
    with_password(&scene);
    scene.push();
    let tokens: Vec<_> = scene
        .server
        .take_requests()
        .into_iter()
        .filter(|request| request.path.starts_with("/token"))
        .collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].path, "/token?service=tests&scope=repository%3Atests%3Apull%2Cpush");
    scene.run(&["pull", &scene.reference(":1")]);
    let requests = asked(&scene.server);
    let bearer = Some(format!("Bearer {TOKEN}"));
    assert_eq!(requests.iter().filter(|(_, opens)| *opens == bearer).count(), 2);
}

#[test]
fn a_token_of_the_users_is_exchanged() {
    let scene = Scene::new(Door::Bearer);
    with_entry(&scene, &json!({"auth": "", "identitytoken": "refresh-token"}));
    scene.push();
    let requests = scene.server.take_requests();
    let form = requests.iter().find(|request| request.path == "/token").unwrap();
    let form = String::from_utf8(form.body.clone()).unwrap();
    assert_eq!(
        form,
        "service=tests&scope=repository%3Atests%3Apull%2Cpush&grant_type=refresh_token\
         &client_id=plugsmith&refresh_token=refresh-token"
    );
}

#[test]
fn credentials_of_another_registry_stay_where_they_are() {
    let scene = Scene::new(Door::Basic);
    let other = Server::start(Door::Basic);
    let auth = STANDARD.encode(USER);
    let config = json!({"auths": {&other.name: {"auth": auth}, "127.0.0.1": {"auth": auth}}});
    scene.folder.write("docker/config.json", config.to_string());
    let ran = scene.run(&["pull", &scene.reference(":1")]);
    assert!(ran.stderr.contains("wants credentials"), "{ran:#?}");
    assert!(asked(&scene.server).iter().all(|(_, opens)| opens.is_none()));
}

#[test]
fn what_a_registry_points_to_does_not_learn_who_the_user_is() {
    let scene = Scene::new(Door::Bearer);
    with_password(&scene);
    scene.push();
    let storage = Server::start(Door::Open);
    let blob = super::echo_module();
    let path = format!("/v2/tests/blobs/{}", storage.put_blob(&blob));
    let elsewhere = format!("http://{}{path}?signature=of-the-registry", storage.name);
    scene.server.misbehave(move |request| {
        let is_blob = request.path == path && request.authorization.is_some();
        is_blob.then(|| Reply::redirect(&elsewhere))
    });
    let ran = scene.run(&["pull", &scene.reference(":1")]);
    assert_eq!(ran.status, 0, "{ran:#?}");
    let requests = asked(&storage);
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].1, None);
}

#[test]
fn an_upload_that_leads_elsewhere_does_not_take_the_token_along() {
    let scene = Scene::new(Door::Bearer);
    with_password(&scene);
    let storage = Server::start(Door::Open);
    let elsewhere = format!("http://{}/v2/tests/blobs/uploads/1?state=a%2Fb", storage.name);
    scene.server.misbehave(move |request| {
        let is_post = request.method == "POST" && request.authorization.is_some();
        is_post.then(|| Reply::with(202, &[("Location", &elsewhere)], ""))
    });
    assert_eq!(scene.run(&["push", "echo.wat", &scene.reference(":1")]).status, 0);
    let requests = asked(&storage);
    assert_eq!(requests.len(), 2, "config and module");
    assert!(requests.iter().all(|(_, opens)| opens.is_none()), "{requests:?}");
}

#[test]
fn the_place_that_gives_tokens_may_be_elsewhere() {
    let scene = Scene::new(Door::Bearer);
    with_password(&scene);
    let tokens = Server::start(Door::Bearer);
    scene.server.set_realm(&format!("http://{}/token", tokens.name));
    scene.push();
    let requests = asked(&tokens);
    let basic = Some(format!("Basic {}", STANDARD.encode(USER)));
    assert_eq!(requests, [("/token".to_owned(), basic)]);
}

#[test]
fn configurations_that_are_wrong_are_told() {
    let scene = Scene::new(Door::Basic);
    let entry = |entry: &str| format!(r#"{{"auths": {{"{}": {entry}}}}}"#, scene.server.name);
    let rows = [
        ("{".to_owned(), "are not as they must be"),
        ("[]".to_owned(), "are not as they must be"),
        (entry(r#"{"auth": "no base64!"}"#), "the credentials for `127.0.0.1"),
        (entry("{}"), "the credentials for `127.0.0.1"),
        (r#"{"credsStore": "../../bin/sh"}"#.to_owned(), "is no name of a credential helper"),
        (r#"{"credsStore": "that-is-not-there"}"#.to_owned(), "cannot run the credential helper"),
    ];
    for (config, message) in rows {
        scene.folder.write("docker/config.json", &config);
        let error = scene.run(&["pull", &scene.reference(":1"), "--json"]).error();
        assert_eq!(error["exit_status"], json!(9), "{config}: {error}");
        assert!(error["message"].as_str().unwrap().contains(message), "{config}: {error}");
        assert!(error["help"].as_str().unwrap().contains("--password-stdin"), "{error}");
    }
}

/// Runs `pull` with a credential helper that is this shell script.
#[cfg(unix)]
fn pull_with_helper(scene: &Scene, script: &str) -> Ran {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    let path = scene.folder.path("bin/docker-credential-tests");
    scene.folder.write("bin/docker-credential-tests", format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    let folders = [scene.folder.path("bin")].into_iter();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(folders.chain(env::split_paths(&path))).unwrap();
    finish(scene.command(&["pull", &scene.reference(":1")]).env("PATH", path), "")
}

#[cfg(unix)]
#[test]
fn a_helper_keeps_credentials() {
    let scene = Scene::new(Door::Bearer);
    with_password(&scene);
    scene.push();
    let name = scene.server.name.clone();
    let config = json!({"credHelpers": {&name: "tests"}, "credsStore": "not-asked"});
    scene.folder.write("docker/config.json", config.to_string());
    let answer = |user: &str, secret: &str| {
        let answer = json!({"ServerURL": name, "Username": user, "Secret": secret});
        format!("test \"$1 $(cat)\" = 'get {name}' && echo '{answer}'")
    };
    let rows = [
        (answer("ada", "secret"), 0, ""),
        (answer("<token>", "refresh-token"), 0, ""),
        (answer("ada", "guess"), 9, "refuses the credentials"),
        (
            "echo credentials not found in native keychain; exit 1".to_owned(),
            9,
            "wants credentials",
        ),
        ("echo the vault is locked; exit 1".to_owned(), 9, "gave no credentials for"),
        ("echo the vault is locked; exit 1".to_owned(), 9, ": the vault is locked"),
        ("echo no-json-but-a-secret".to_owned(), 9, "gave no credentials for"),
    ];
    for (script, status, message) in rows {
        let ran = pull_with_helper(&scene, &script);
        assert_eq!(ran.status, status, "{script}: {ran:#?}");
        assert!(ran.stderr.contains(message), "{script}: {ran:#?}");
        assert!(!ran.stderr.contains("no-json-but-a-secret"), "{ran:#?}");
    }
}
