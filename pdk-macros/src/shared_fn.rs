//! `#[shared_fn]`: an export that other modules of the same plug-in call.

mod expand;
mod validate;

use proc_macro2::TokenStream;
use quote::ToTokens;

// A shared function is written as a plug-in function is; the two part at the rules.
use crate::plugin_fn::parse;

/// Expands one use of the macro, or reports everything that is wrong with it.
pub(crate) fn entry(args: TokenStream, item: TokenStream) -> TokenStream {
    match parse::parse(args, item) {
        Ok(parsed) => {
            let function = parsed.function.to_token_stream();
            validate::validate(parsed).map_or_else(
                // The function stays, so that its callers are not wrong as well.
                |err| [function, err.into_compile_error()].into_iter().collect(),
                |export| expand::expand(&export),
            )
        }
        Err(err) => err.into_compile_error(),
    }
}
