//! `extern` blocks without `unsafe`, as older plug-ins have them.

use plugsmith_pdk::{Json, host_fn};

#[host_fn]
extern "ExtismHost" {
    /// Adds up.
    fn add(left: i32, right: Json<i32>) -> Json<i32>;
    fn note(text: &str);
    pub fn done() -> ();
}

#[host_fn("counter:v1")]
unsafe extern "ExtismHost" {
    pub(crate) safe fn next() -> u64;
    unsafe fn reset();
}

#[host_fn("counter:v2", crate = plugsmith_pdk)]
extern "ExtismHost" {}

fn main() {
    // SAFETY: there is no host, and so none that could break the promise.
    unsafe {
        assert!(add(1, Json(2)).is_err());
        assert!(note("text").is_err());
        assert!(done().is_err());
        assert!(reset().is_err());
    }
    assert!(next().is_err());
}
