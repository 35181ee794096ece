//! `#[derive(ToBytes, FromBytes)]` with `#[encoding(..)]`.

mod expand;
mod parse;
mod validate;

use proc_macro2::TokenStream;

/// Expands `#[derive(ToBytes)]`, or reports everything that is wrong with it.
pub(crate) fn to_bytes(item: TokenStream) -> TokenStream {
    derive(item, expand::to_bytes)
}

/// Expands `#[derive(FromBytes)]`, or reports everything that is wrong with it.
pub(crate) fn from_bytes(item: TokenStream) -> TokenStream {
    derive(item, expand::from_bytes)
}

fn derive(item: TokenStream, expand: fn(&validate::Encoded) -> TokenStream) -> TokenStream {
    parse::parse(item)
        .and_then(validate::validate)
        .map_or_else(syn::Error::into_compile_error, |encoded| expand(&encoded))
}
