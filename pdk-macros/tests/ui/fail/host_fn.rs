//! Declarations that are no host functions.

use plugsmith_pdk::host_fn;

#[host_fn]
extern "C" {
    fn wrong_abi();
}

#[host_fn]
extern "ExtismHost" {
    static COUNT: u32;
    type Thing;
    safe fn safe_outside_of_unsafe();
    fn generic<T>(value: T) -> T;
    fn open(value: impl Clone);
    fn pattern((left, right): (u32, u32));
    fn variadic(first: u32, ...);
    fn method(&self);
    async fn later();
}

fn main() {}
