//! A plug-in as registries keep it, in the form that the CNCF's guidance has for WebAssembly: a manifest,
//! which names a small config and one layer, the module.
//!
//! What is read is held to that form, and everything else is told for what it is.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::{
    digest::Digest,
    error::{RegistryError, shown},
};

/// The media type of a manifest.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What a registry may have where a plug-in was expected. All are asked for, to be told which it is.
pub(super) const MANIFESTS: [&str; 4] = [
    MANIFEST,
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

const CONFIG: &str = "application/vnd.wasm.config.v0+json";

const MODULE: &str = "application/wasm";

/// The date of plug-ins of which nobody says when they were made: always the same, so that the same
/// plug-in has the same digest, whoever pushes it, and when.
const NO_DATE: &str = "1970-01-01T00:00:00Z";

/// What the annotation of the date is called.
pub(crate) const CREATED: &str = "org.opencontainers.image.created";

/// Some bytes of a registry: what they are, and by which digest they are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor<'a> {
    media_type: Cow<'a, str>,
    pub(crate) digest: Digest,
    /// In bytes.
    pub(crate) size: u64,
}

/// A plug-in on its way to a registry.
#[derive(Debug)]
pub(crate) struct Artifact {
    pub(crate) manifest: Vec<u8>,
    pub(crate) config: Vec<u8>,
    pub(crate) module: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImageManifest<'a> {
    schema_version: u32,
    media_type: Option<Cow<'a, str>>,
    config: Descriptor<'a>,
    layers: Vec<Descriptor<'a>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

/// What every kind of manifest has, or may have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind<'a> {
    media_type: Option<Cow<'a, str>>,
}

/// The config, with the keys that the guidance requires.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    created: &'a str,
    architecture: &'static str,
    os: &'static str,
    layer_digests: [Digest; 1],
}

impl Artifact {
    /// Puts a module into the form.
    pub(crate) fn new(module: Vec<u8>, annotations: BTreeMap<String, String>) -> Self {
        let layer = Descriptor::of(MODULE, &module);
        let config = Config {
            created: annotations.get(CREATED).map_or(NO_DATE, String::as_str),
            architecture: "wasm",
            // There is no name for less.
            os: "wasip1",
            layer_digests: [layer.digest],
        };
        let config = serde_json::to_vec(&config).expect("texts can be written as JSON");
        let manifest = ImageManifest {
            schema_version: 2,
            media_type: Some(MANIFEST.into()),
            config: Descriptor::of(CONFIG, &config),
            layers: vec![layer],
            annotations,
        };
        let manifest = serde_json::to_vec(&manifest).expect("texts can be written as JSON");
        Self { manifest, config, module }
    }
}

impl Descriptor<'static> {
    /// Reads a manifest that came as `media_type`, and returns what it says of the module.
    ///
    /// # Errors
    ///
    /// If it is something else than the manifest of a plug-in.
    pub(crate) fn of_module(manifest: &[u8], media_type: &str) -> Result<Self, RegistryError> {
        let kind: Kind<'_> = serde_json::from_slice(manifest).map_err(RegistryError::Manifest)?;
        // What says two things of itself is neither.
        for found in kind.media_type.as_deref().into_iter().chain([media_type]) {
            expect_type("manifest", found, MANIFEST)?;
        }
        let manifest: ImageManifest<'_> =
            serde_json::from_slice(manifest).map_err(RegistryError::Manifest)?;
        expect_type("config", &manifest.config.media_type, CONFIG)?;
        let [layer] = manifest.layers.as_slice() else {
            return Err(RegistryError::Layers { n_layers: manifest.layers.len() });
        };
        expect_type("layer", &layer.media_type, MODULE)?;
        Ok(Self { media_type: MODULE.into(), digest: layer.digest, size: layer.size })
    }
}

impl Descriptor<'_> {
    fn of(media_type: &'static str, bytes: &[u8]) -> Self {
        Self { media_type: media_type.into(), digest: Digest::of(bytes), size: bytes.len() as u64 }
    }
}

fn expect_type(
    part: &'static str,
    found: &str,
    expected: &'static str,
) -> Result<(), RegistryError> {
    if found == expected {
        return Ok(());
    }
    Err(RegistryError::MediaType { part, found: shown(found), expected })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn made() -> Artifact {
        let annotations = [(CREATED.to_owned(), "2026-11-21T12:00:00Z".to_owned())];
        Artifact::new(b"\0asm\x01\0\0\0".to_vec(), annotations.into())
    }

    #[test]
    fn a_plugin_has_the_form_of_the_guidance() {
        let artifact = made();
        let digest = Digest::of(&artifact.module).to_string();
        let config: Value = serde_json::from_slice(&artifact.config).expect("it is JSON");
        let expected = json!({
            "created": "2026-11-21T12:00:00Z",
            "architecture": "wasm",
            "os": "wasip1",
            "layerDigests": [digest],
        });
        assert_eq!(config, expected);
        let manifest: Value = serde_json::from_slice(&artifact.manifest).expect("it is JSON");
        let expected = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.wasm.config.v0+json",
                "digest": Digest::of(&artifact.config).to_string(),
                "size": artifact.config.len(),
            },
            "layers": [{"mediaType": "application/wasm", "digest": digest, "size": 8}],
            "annotations": {"org.opencontainers.image.created": "2026-11-21T12:00:00Z"},
        });
        assert_eq!(manifest, expected);
        let layer = Descriptor::of_module(&artifact.manifest, MANIFEST).expect("it is a plug-in");
        assert_eq!((layer.digest, layer.size), (Digest::of(&artifact.module), 8));
    }

    #[test]
    fn without_a_date_the_same_plugin_is_the_same_artifact() {
        let artifacts = [(); 2].map(|()| Artifact::new(b"module".to_vec(), BTreeMap::new()));
        assert_eq!(artifacts[0].manifest, artifacts[1].manifest);
        let manifest: Value = serde_json::from_slice(&artifacts[0].manifest).expect("it is JSON");
        assert!(manifest.get("annotations").is_none(), "{manifest}");
    }

    #[test]
    fn what_is_no_plugin_is_told_for_what_it_is() {
        let right: Value = serde_json::from_slice(&made().manifest).expect("it is JSON");
        let change = |pointer: &str, value: Value| {
            let mut changed = right.clone();
            *changed.pointer_mut(pointer).expect("the manifest has it") = value;
            changed.to_string()
        };
        let index = "application/vnd.oci.image.index.v1+json";
        let right_text = right.to_string();
        let rows = [
            ("", MANIFEST, "the manifest is not as it must be"),
            ("[", MANIFEST, "the manifest is not as it must be"),
            ("{}", MANIFEST, "the manifest is not as it must be"),
            (&right_text, index, "the manifest is `application/vnd.oci.image.index.v1+json`, not"),
            (&right_text, "text/html", "the manifest is `text/html`, not"),
            (&change("/mediaType", json!(index)), MANIFEST, "the manifest is `application/vnd.oci"),
            (&change("/config/mediaType", json!("a/b")), MANIFEST, "the config is `a/b`, not"),
            (&change("/config/digest", json!("md5:1")), MANIFEST, "not as it must be"),
            (&change("/layers/0/mediaType", json!("a/b")), MANIFEST, "the layer is `a/b`, not"),
            (&change("/layers/0/size", json!(-1)), MANIFEST, "not as it must be"),
            (&change("/layers", json!([])), MANIFEST, "has 0 layers"),
            (
                &change("/layers", json!([right["layers"][0], right["layers"][0]])),
                MANIFEST,
                "has 2 layers",
            ),
        ];
        for (text, media_type, message) in rows {
            let err = Descriptor::of_module(text.as_bytes(), media_type).expect_err(text);
            assert!(err.to_string().contains(message), "{text}: {err}");
        }
    }
}
