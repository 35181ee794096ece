//! Manifests, step by step and as text.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use extism::{
    manifest::{HttpRequest, MemoryOptions},
    *,
};

use crate::GUEST;

#[test]
fn a_manifest_is_put_together() {
    let manifest = Manifest::new([Wasm::file("a.wasm")])
        .with_wasm(Wasm::url("https://example.com/b.wasm"))
        .with_wasm(Wasm::http(
            HttpRequest::new("https://example.com/c.wasm")
                .with_method("POST")
                .with_header("accept", "application/wasm"),
        ))
        .with_wasm(Wasm::data(GUEST).with_name("main").with_hash("00"))
        .with_memory_options(
            MemoryOptions::new()
                .with_max_pages(20)
                .with_max_http_response_bytes(1_000)
                .with_max_var_bytes(1_000),
        )
        .with_memory_max(30)
        .with_allowed_hosts(["example.org".to_string()].into_iter())
        .with_allowed_host("example.com")
        .with_allowed_paths([("ro:more".to_string(), PathBuf::from("/more"))].into_iter())
        .with_allowed_path("data".to_string(), "/data")
        .with_config([("a", "1")].into_iter())
        .with_config_key("b", "2")
        .with_timeout(Duration::from_millis(500));
    assert_eq!(manifest.wasm.len(), 4);
    let meta: &WasmMetadata = manifest.wasm[3].meta();
    assert_eq!(meta.name.as_deref(), Some("main"));
    assert_eq!(manifest.memory.max_pages, Some(30));
    assert_eq!(manifest.memory.max_var_bytes, Some(1_000));
    assert_eq!(manifest.allowed_hosts.as_ref().unwrap().len(), 2);
    assert_eq!(manifest.allowed_paths.as_ref().unwrap()["data"], PathBuf::from("/data"));
    assert_eq!(
        manifest.config,
        BTreeMap::from([("a", "1"), ("b", "2")].map(|(k, v)| (k.into(), v.into())))
    );
    assert_eq!(manifest.timeout_ms, Some(500));
    assert_eq!(manifest.disallow_all_hosts().allowed_hosts, Some(Vec::new()));
}

#[test]
fn a_modules_metadata_is_changed() {
    let mut wasm = Wasm::data(GUEST);
    wasm.meta_mut().name = Some("other".to_string());
    assert_eq!(wasm.meta().name.as_deref(), Some("other"));
    assert!(matches!(wasm, Wasm::Data { .. }));
    assert!(matches!(Wasm::file("a"), Wasm::File { .. }));
    assert!(matches!(Wasm::url("a"), Wasm::Url { .. }));
}

#[test]
fn a_manifest_is_json_that_a_plugin_is_loaded_from() {
    let manifest = Manifest::new([Wasm::data(GUEST)]).with_config_key("key", "value");
    let json = serde_json::to_string(&manifest).unwrap();
    let back: Manifest = serde_json::from_str(&json).unwrap();
    assert_eq!(back.config["key"], "value");
    let mut plugin = Plugin::new(json.as_str(), [], false).unwrap();
    assert_eq!(plugin.call::<&str, String>("config", "key").unwrap(), "value");
}
