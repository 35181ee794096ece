//! Which version of this library a program was built with.

/// Returns this library's version, as `1.2.3`. The name is that of Extism's crate.
pub fn extism_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
