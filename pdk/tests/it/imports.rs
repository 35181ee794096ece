//! Host functions and shared functions, against mocks of them.

use plugsmith_pdk::testing::MockHost;
use plugsmith_pdk::{
    Error, Json, Memory, MemoryError, MemoryPointer, SharedFnResult, host_fn, shared_fn,
};

#[host_fn]
unsafe extern "ExtismHost" {
    safe fn join(left: &str, right: Vec<u8>) -> String;
    safe fn total(numbers: Json<Vec<u32>>) -> Json<u32>;
    safe fn notify(text: String);
    safe fn now() -> u64;
}

#[host_fn("shop:v2")]
extern "ExtismHost" {
    fn total_in_shop(block: Memory) -> Option<String>;
}

#[shared_fn]
pub fn repeat(text: String, Json(n_times): Json<usize>) -> SharedFnResult<String> {
    Ok(text.repeat(n_times))
}

#[shared_fn]
pub fn first(left: MemoryPointer<String>, _right: MemoryPointer<String>) -> SharedFnResult<String> {
    left.get()
}

const USER: &str = "extism:host/user";

#[test]
fn arguments_go_out_encoded_and_replies_come_back_decoded() {
    let host = MockHost::new()
        .with_function(USER, "join", |arguments| Ok(arguments.concat()))
        .with_function(USER, "total", |arguments| {
            assert_eq!(arguments, [b"[1,2]".to_vec()]);
            Ok(b"3".to_vec())
        })
        .with_function(USER, "now", |_| Ok(7_u64.to_le_bytes().to_vec()))
        .with_function("shop:v2", "total_in_shop", |arguments| Ok(arguments[0].clone()));
    assert_eq!(join("a", b"b".to_vec()).unwrap(), "ab");
    assert_eq!(join("", Vec::new()).unwrap(), "");
    assert_eq!(total(Json(vec![1, 2])).unwrap(), Json(3));
    assert_eq!(now().unwrap(), 7);
    // Replies with bytes stay: three so far.
    assert_eq!(host.n_blocks(), 3);
    let block = Memory::from_bytes("block").unwrap();
    // SAFETY: the mock answers with the type that is declared.
    assert_eq!(unsafe { total_in_shop(block) }.unwrap().as_deref(), Some("block"));
    // The argument is freed, as every argument is, and the reply stays.
    assert_eq!(host.n_blocks(), 4);
}

#[test]
fn a_host_function_may_call_the_host() {
    let host = MockHost::new().with_function(USER, "notify", |arguments| {
        plugsmith_pdk::var::set("last", &arguments[0])?;
        Ok(Vec::new())
    });
    notify("sold".to_owned()).unwrap();
    assert_eq!(host.var("last"), Some(b"sold".to_vec()));
}

#[test]
fn failures_are_errors() {
    let host = MockHost::new().with_function(USER, "now", |_| Ok(vec![1])).with_function(
        USER,
        "notify",
        |_| Err(Error::msg("nobody there")),
    );
    assert!(now().is_err());
    assert_eq!(notify("sold".to_owned()).unwrap_err().to_string(), "nobody there");
    let message = join("a", Vec::new()).unwrap_err().to_string();
    assert!(message.contains("`join`") && message.contains(USER), "{message}");
    // The arguments of failed calls are freed as well; the reply that was too short stays.
    assert_eq!(host.n_blocks(), 1);
}

#[test]
fn shared_functions_are_plain_functions_here() {
    let _host = MockHost::new();
    assert_eq!(repeat("ab".to_owned(), Json(2)).unwrap(), "abab");
    let pointer = |block: Memory| -> MemoryPointer<String> {
        // SAFETY: the offset is that of a block of text, or of none, which `get` finds out.
        unsafe { MemoryPointer::new(block.offset()) }
    };
    let block = Memory::from_bytes("text").unwrap();
    assert_eq!(first(pointer(block), pointer(Memory::null())).unwrap(), "text");
    block.free();
    let err = first(pointer(block), pointer(block)).unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(MemoryError::NoBlock { .. })), "{err:?}");
}
