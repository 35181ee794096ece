//! `#[host_fn]`: imports that the host or another module provides.

mod expand;
mod parse;
mod validate;

use proc_macro2::TokenStream;

/// Expands one use of the macro, or reports everything that is wrong with it.
pub(crate) fn entry(args: TokenStream, item: TokenStream) -> TokenStream {
    parse::parse(args, item)
        .and_then(validate::validate)
        .map_or_else(syn::Error::into_compile_error, |imports| expand::expand(&imports))
}
