//! Pictures of covers.

use plugsmith_pdk::{FnResult, Json, plugin_fn};

use crate::blob::Blob;

/// What the files of each kind begin with.
const KINDS: [(&str, &[u8]); 3] =
    [("png", b"\x89PNG\r\n\x1a\n"), ("jpeg", b"\xff\xd8\xff"), ("gif", b"GIF8")];

/// Gives the kind of a picture by its first bytes; NULL for NULL and for all else.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn cover_kind(Json((picture,)): Json<(Option<Blob>,)>) -> FnResult<Json<Option<&'static str>>> {
    let kind = |Blob(bytes): Blob| KINDS.into_iter().find(|(_, start)| bytes.starts_with(start));
    Ok(Json(picture.and_then(kind).map(|(name, _)| name)))
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn first_bytes_tell_the_kind() {
        let rows = [
            (r#"[{"blob":"iVBORw0KGgoA"}]"#, r#""png""#),
            (r#"[{"blob":"R0lGODlh"}]"#, r#""gif""#),
            (r#"[{"blob":""}]"#, "null"),
            ("[null]", "null"),
        ];
        for (arguments, value) in rows {
            let outcome = MockHost::new().call(arguments, cover_kind);
            assert_eq!(outcome.output, value.as_bytes(), "{arguments}");
        }
    }

    #[test]
    fn what_is_no_blob_is_refused() {
        for arguments in [r#"["text"]"#, r#"[{"blob":"!"}]"#, "[1.5]"] {
            let outcome = MockHost::new().call(arguments, cover_kind);
            assert!(outcome.error.is_some(), "{arguments}");
        }
    }
}
