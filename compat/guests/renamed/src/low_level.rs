//! Exports written by hand, down to the host's functions as they are.

#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "plug-ins for Extism begin so")
)]
use extism_pdk::*;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Parcel {
    grams: u32,
}

#[derive(Serialize)]
struct Label {
    heavy: bool,
}

/// Says whether a parcel is heavy, through the host as an object.
#[no_mangle]
pub extern "C" fn label() -> i32 {
    let host = Host::new();
    let Ok(parcel) = serde_json::from_slice::<Parcel>(host.input()) else { return 2 };
    let Ok(label) = serde_json::to_string(&Label { heavy: parcel.grams > 2_000 }) else { return 3 };
    host.output(&label);
    0
}

/// Says the same through functions, with errors as messages.
#[no_mangle]
pub extern "C" fn label_or_error() -> i32 {
    let Json(parcel): Json<Parcel> = unwrap!(input());
    unwrap!(output(Json(Label { heavy: parcel.grams > 2_000 })));
    0
}

/// Turns the input around, with nothing but the host's own functions.
#[no_mangle]
pub extern "C" fn reverse() -> i32 {
    let length = extism::input_length();
    let block = extism::alloc(length);
    for at in 0..length {
        extism::store_u8(block + at, extism::input_load_u8(length - 1 - at));
    }
    extism::output_set(block, length);
    0
}

#[cfg(test)]
mod tests {
    use extism_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn both_labels_say_the_same() {
        for (parcel, expected) in [(r#"{"grams":2000}"#, "false"), (r#"{"grams":2001}"#, "true")] {
            let expected = format!(r#"{{"heavy":{expected}}}"#);
            let host = MockHost::new();
            assert_eq!(host.call_export(parcel, || label()).output, expected.as_bytes());
            assert_eq!(host.call_export(parcel, || label_or_error()).output, expected.as_bytes());
        }
    }

    #[test]
    fn what_is_no_parcel_fails() {
        let host = MockHost::new();
        let outcome = host.call_export("7", || label());
        assert_eq!((outcome.status, outcome.error), (2, None));
        let outcome = host.call_export("7", || label_or_error());
        assert_eq!(outcome.status, -1);
        assert!(outcome.error.unwrap().contains("Parcel"));
    }

    #[test]
    fn bytes_come_back_in_reverse() {
        assert_eq!(MockHost::new().call_export("stressed", || reverse()).output, b"desserts");
        assert_eq!(MockHost::new().call_export("", || reverse()).output, b"");
    }
}
