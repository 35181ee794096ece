//! The parsers of manifests: no text is more than a mistake, and what is read is read alike from all forms.

use plugsmith_manifest::{HttpRequest, Manifest, ManifestError, Mistake};

/// What may stand before any text.
const MARK: char = '\u{feff}';

/// Reads the bytes as a manifest in JSON and in TOML, and as a request, and writes again what was read.
///
/// # Panics
///
/// If one manifest is read as two.
pub fn try_text(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    let json = Manifest::from_json(text);
    check_place(text, json.as_ref().err());
    check_serde(text.strip_prefix(MARK).unwrap_or(text), &json);
    let toml = Manifest::from_toml(text);
    check_place(text, toml.as_ref().err());
    json.iter().chain(&toml).for_each(check_manifest);
    let request = HttpRequest::from_json(text);
    check_place(text, request.as_ref().err());
    if let Ok(request) = &request {
        let written = serde_json::to_string(request).expect("a request has a JSON form");
        assert_eq!(HttpRequest::from_json(&written).as_ref(), Ok(request), "{written}");
    }
    true
}

/// What was read can be written, is read again as it was, and can be used.
fn check_manifest(manifest: &Manifest) {
    let written = serde_json::to_string(manifest).expect("paths that were text are text");
    assert_eq!(Manifest::from_json(&written).as_ref(), Ok(manifest), "{written}");
    match manifest.named_modules() {
        Ok(modules) => assert_eq!(modules.len(), manifest.wasm.len()),
        Err(err) => assert!(!err.to_string().is_empty()),
    }
}

/// Other programs read manifests as a part of something larger, and read the same; only that a key is
/// given twice, they do not see.
fn check_serde(text: &str, read: &Result<Manifest, ManifestError>) {
    match (serde_json::from_str::<Manifest>(text), read) {
        (Ok(by_serde), Ok(manifest)) => assert_eq!(by_serde, *manifest),
        (Err(_), Err(_)) => {}
        (Ok(_), Err(err)) => assert_eq!(err.mistake, Mistake::DuplicateKey, "{err}"),
        (Err(err), Ok(_)) => panic!("by serde: {err}"),
    }
}

/// A mistake can be told, and lies in the text.
fn check_place(text: &str, err: Option<&ManifestError>) {
    let Some(err) = err else { return };
    assert!(!err.to_string().is_empty());
    let Some(place) = err.location else { return };
    let line = text.split('\n').nth(place.line.wrapping_sub(1));
    let n_columns = line.map(|line| line.chars().count() + 1);
    assert!(place.column > 0 && n_columns >= Some(place.column), "{err}: in {text:?}");
}
