//! Finds the path by which the crate that uses a macro reaches ours.
//!
//! A dependency may be renamed in Cargo.toml (`extism-pdk = { package = "plugsmith-pdk", .. }`), so
//! no path can be written down in an expansion. Where Cargo.toml names none of ours, as when a crate
//! is reached by a re-export, the answer is the plain name, and `crate = path` overrides it.

use proc_macro2::Span;
use syn::{Ident, Path, parse_quote};

use proc_macro_crate::{FoundCrate, crate_name};

/// Returns the path of `plugsmith-pdk`.
pub(crate) fn pdk() -> Path {
    find("plugsmith-pdk").unwrap_or_else(|| parse_quote!(::plugsmith_pdk))
}

/// Returns the path of `plugsmith-convert`, direct or by way of a crate that re-exports it.
pub(crate) fn convert() -> Path {
    find("plugsmith-convert")
        .or_else(|| find("plugsmith-pdk").map(|path| parse_quote!(#path::convert)))
        .or_else(|| find("plugsmith").map(|path| parse_quote!(#path::convert)))
        .unwrap_or_else(|| parse_quote!(::plugsmith_convert))
}

fn find(package: &str) -> Option<Path> {
    let name = match crate_name(package).ok()? {
        // Tests and doc-tests of the crate itself see it as any other crate does.
        FoundCrate::Itself => package.replace('-', "_"),
        FoundCrate::Name(name) => name,
    };
    let name = Ident::new(&name, Span::call_site());
    Some(parse_quote!(::#name))
}
