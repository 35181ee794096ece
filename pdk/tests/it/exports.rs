//! Exports from input to outcome: output, status and error, and what stays in exchange memory.

use plugsmith_pdk::testing::{MockHost, MockOutcome};
use plugsmith_pdk::{
    Base64, Error, FnResult, Host, Json, Memory, WithReturnCode, input, output, plugin_fn, unwrap,
};

#[plugin_fn]
pub fn shout(text: String) -> FnResult<String> {
    Ok(text.to_uppercase())
}

#[plugin_fn]
pub fn sum(Json(numbers): Json<Vec<i64>>) -> FnResult<Json<i64>> {
    Ok(Json(numbers.iter().sum()))
}

#[plugin_fn]
pub fn nothing() -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
pub fn bytes(block: Vec<u8>) -> FnResult<Memory> {
    Ok(Memory::from_bytes(block)?)
}

#[plugin_fn]
pub fn encoded(Base64(text): Base64) -> FnResult<Base64> {
    Ok(Base64(text + "!"))
}

#[plugin_fn]
pub fn with_status(status: i32) -> FnResult<WithReturnCode<String>> {
    Ok(WithReturnCode::new("kept".to_owned(), status))
}

#[plugin_fn]
pub fn fails(status: i32) -> FnResult<()> {
    Err(WithReturnCode::new(Error::msg("cause").context("what failed"), status))
}

#[plugin_fn]
pub fn fails_by_question_mark(text: String) -> FnResult<u32> {
    Ok(text.parse::<u32>()?)
}

#[plugin_fn]
pub fn has_no_json(_: ()) -> FnResult<Json<std::collections::BTreeMap<Vec<u8>, u8>>> {
    Ok(Json([(vec![1], 1)].into()))
}

/// The output of a call that has succeeded and left no block behind.
fn check(outcome: &MockOutcome, host: &MockHost, expected: &[u8]) {
    let MockOutcome { status, output, error, .. } = outcome;
    assert_eq!((*status, output.as_slice(), error), (0, expected, &None));
    assert_eq!(host.n_blocks(), 0);
}

/// The error of a call that has failed, without output and without a block left behind.
fn check_error(outcome: &MockOutcome, host: &MockHost, status: i32, start: &str) {
    let message = outcome.error.as_deref().expect("the call failed");
    // What may follow is a backtrace, if the tests run with one.
    assert!(message.starts_with(start), "{message}");
    assert_eq!((outcome.status, outcome.output.as_slice()), (status, b"".as_slice()));
    assert_eq!(host.n_blocks(), 0);
}

#[test]
fn values_become_outputs() {
    let host = MockHost::new();
    check(&host.call("ada", shout), &host, b"ADA");
    check(&host.call("", shout), &host, b"");
    check(&host.call("[1, 2, 39]", sum), &host, b"42");
    check(&host.call("ignored", |()| nothing()), &host, b"");
    check(&host.call([0, 255, 7], bytes), &host, &[0, 255, 7]);
    check(&host.call("QWRh", encoded), &host, b"QWRhIQ==");
}

#[test]
fn inputs_of_every_length_arrive_whole() {
    let host = MockHost::new();
    for len in 0..40_u8 {
        let input: Vec<u8> = (0..len).collect();
        check(&host.call(&input, bytes), &host, &input);
    }
}

#[test]
fn a_status_goes_with_the_output() {
    let host = MockHost::new();
    for status in [0, 3, -7, i32::MAX] {
        let outcome = host.call(status.to_le_bytes(), with_status);
        assert_eq!((outcome.status, outcome.output.as_slice()), (status, b"kept".as_slice()));
        assert_eq!(outcome.error, None);
    }
}

#[test]
fn errors_become_messages() {
    let host = MockHost::new();
    let text = "what failed\n\nCaused by:\n    cause";
    check_error(&host.call(7_i32.to_le_bytes(), fails), &host, 7, text);
    // A host takes a message for a failure, whatever the status.
    check_error(&host.call(0_i32.to_le_bytes(), fails), &host, 0, text);
    let text = "x".parse::<u32>().unwrap_err().to_string();
    check_error(&host.call("x", fails_by_question_mark), &host, -1, &text);
}

#[test]
fn what_cannot_be_decoded_or_encoded_is_an_error() {
    let host = MockHost::new();
    let outcome = host.call("[1, 2", sum);
    check_error(&outcome, &host, -1, "cannot decode the input of `the plug-in function`");
    assert!(outcome.error.unwrap().contains("EOF while parsing a list"));
    check_error(&host.call([0xff], shout), &host, -1, "cannot decode the input");
    check_error(&host.call("", has_no_json), &host, -1, "cannot set the output");
}

#[test]
fn a_call_forgets_the_one_before() {
    let host = MockHost::new();
    check_error(&host.call("x", sum), &host, -1, "cannot decode");
    check(&host.call("[]", sum), &host, b"0");
    check(&host.call("", |()| nothing()), &host, b"");
}

#[test]
fn exports_by_hand_do_it_all_themselves() {
    extern "C" fn twice() -> i32 {
        let host = Host::new();
        let text = [host.input(), host.input()].concat();
        host.output("replaced by what follows");
        host.output(&text);
        i32::from(text.is_empty())
    }

    extern "C" fn halve() -> i32 {
        let number: i32 = unwrap!(input());
        unwrap!(output(number / 2));
        0
    }

    let host = MockHost::new();
    let outcome = host.call_export("ab", || twice());
    assert_eq!((outcome.status, outcome.output.as_slice()), (0, b"abab".as_slice()));
    assert_eq!(host.call_export("", || twice()).status, 1);
    check(&host.call_export(42_i32.to_le_bytes(), || halve()), &host, &21_i32.to_le_bytes());
    check_error(&host.call_export("", || halve()), &host, -1, "");
}
