//! A manifest that is written and read again is the manifest it was.

use std::borrow::Cow;
use std::path::PathBuf;

use plugsmith_manifest::{HttpRequest, Manifest, MemoryOptions, Wasm, WasmMetadata};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

proptest! {
    #[test]
    fn through_json(manifest in manifests()) {
        let bytes: Cow<'_, [u8]> = (&manifest).into();
        let text = core::str::from_utf8(&bytes).expect("JSON is UTF-8");
        prop_assert_eq!(Manifest::from_json(text), Ok(manifest.clone()));
        let by_serde: Manifest = serde_json::from_str(text).expect("serde reads it too");
        prop_assert_eq!(by_serde, manifest);
    }

    #[cfg(feature = "toml")]
    #[test]
    fn through_toml(mut manifest in manifests()) {
        // TOML has no null, so a text cannot leave the variables to the host; nor has it numbers as
        // large as those of JSON.
        let toml_number = |number: u64| number >> 1;
        manifest.memory.max_var_bytes.get_or_insert_default();
        manifest.memory.max_var_bytes = manifest.memory.max_var_bytes.map(toml_number);
        manifest.memory.max_http_response_bytes =
            manifest.memory.max_http_response_bytes.map(toml_number);
        manifest.timeout_ms = manifest.timeout_ms.map(toml_number);
        let text = toml::to_string(&manifest).expect("manifests have a TOML form");
        prop_assert_eq!(Manifest::from_toml(&text), Ok(manifest));
    }

    #[test]
    fn no_text_breaks_the_readers(text: String) {
        let _ = Manifest::from_json(&text);
        #[cfg(feature = "toml")]
        let _ = Manifest::from_toml(&text);
    }

    #[test]
    fn no_damage_breaks_the_readers(manifest in manifests(), cut: prop::sample::Index, put: char) {
        let bytes: Cow<'_, [u8]> = (&manifest).into();
        let mut text = String::from_utf8(bytes.into_owned()).expect("JSON is UTF-8");
        let mut place = cut.index(text.len());
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        text.insert(place, put);
        let _ = Manifest::from_json(&text);
        text.truncate(place);
        Manifest::from_json(&text).expect_err("half a manifest is none");
    }
}

fn manifests() -> impl Strategy<Value = Manifest> {
    (
        vec(modules(), 0..4),
        memories(),
        btree_map(any::<String>(), any::<String>(), 0..4),
        option::of(vec(any::<String>(), 0..4)),
        option::of(btree_map(any::<String>(), paths(), 0..4)),
        any::<Option<u64>>(),
    )
        .prop_map(|(wasm, memory, config, allowed_hosts, allowed_paths, timeout_ms)| {
            Manifest { wasm, memory, config, allowed_hosts, allowed_paths, timeout_ms }
        })
}

fn modules() -> impl Strategy<Value = Wasm> {
    let metadata = (any::<Option<String>>(), option::of("[0-9a-fA-F]{64}"))
        .prop_map(|(name, hash)| WasmMetadata { name, hash });
    let request = (
        any::<String>(),
        btree_map(any::<String>(), any::<String>(), 0..4),
        any::<Option<String>>(),
    )
        .prop_map(|(url, headers, method)| HttpRequest { url, headers, method });
    let source = prop_oneof![
        paths().prop_map(Wasm::from),
        any::<Vec<u8>>().prop_map(Wasm::from),
        request.prop_map(Wasm::from),
    ];
    (source, metadata).prop_map(|(mut wasm, metadata)| {
        *wasm.meta_mut() = metadata;
        wasm
    })
}

fn memories() -> impl Strategy<Value = MemoryOptions> {
    any::<(Option<u32>, Option<u64>, Option<u64>)>().prop_map(
        |(max_pages, max_http_response_bytes, max_var_bytes)| MemoryOptions {
            max_pages,
            max_http_response_bytes,
            max_var_bytes,
        },
    )
}

fn paths() -> impl Strategy<Value = PathBuf> {
    any::<String>().prop_map(PathBuf::from)
}
