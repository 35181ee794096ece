//! Tells the host what a panic says, before the panic ends the call.
//!
//! On WebAssembly a panic aborts the guest, and all that a host sees of it is a trap. The hook leaves
//! the message and the place behind as the error of the call. Hooks that were there before run after
//! it, and a plug-in may put its own in place at any time.

use std::any::Any;
use std::panic::Location;

/// Puts the hook in place, once. Does nothing natively, where a panic reaches the test that caused it.
pub(crate) fn install() {
    #[cfg(target_family = "wasm")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                crate::error::report_text(&message(info.payload(), info.location()));
                previous(info);
            }));
        });
    }
}

/// Words a panic, in one line unless the message has more.
#[cfg_attr(
    not(any(target_family = "wasm", test)),
    expect(dead_code, reason = "only a plug-in reports its panics")
)]
fn message(payload: &dyn Any, location: Option<&Location<'_>>) -> String {
    let said = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(said), _) => said,
        (None, Some(said)) => said.as_str(),
        (None, None) => "a value that is not text",
    };
    match location {
        Some(place) => format!("panicked at {place}: {said}"),
        None => format!("panicked: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_place_and_cause() {
        let place = Location::caller();
        let (file, line, column) = (place.file(), place.line(), place.column());
        let rows: [(Box<dyn Any>, &str); 3] = [
            (Box::new("static"), "static"),
            (Box::new(String::from("made")), "made"),
            (Box::new(7), "a value that is not text"),
        ];
        for (payload, said) in rows {
            let expected = format!("panicked at {file}:{line}:{column}: {said}");
            assert_eq!(message(&*payload, Some(place)), expected);
            assert_eq!(message(&*payload, None), format!("panicked: {said}"));
        }
    }
}
