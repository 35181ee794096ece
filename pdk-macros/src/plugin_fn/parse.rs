//! Turns the tokens of `#[plugin_fn]` into syntax; `#[shared_fn]`, whose syntax is the same, too.

use proc_macro2::TokenStream;
use syn::{Item, ItemFn, parse2};

use crate::mistakes::Mistakes;
use crate::options::Options;

/// One use of an exporting macro, as it was written.
pub(crate) struct Parsed {
    /// What stands in the attribute's parentheses.
    pub(crate) options: Options,
    /// The function that the attribute stands on.
    pub(crate) function: ItemFn,
    /// What was wrong with the attribute's parentheses; `validate` goes on from there.
    pub(crate) mistakes: Mistakes,
}

/// Parses the attribute's arguments and its item.
///
/// Fails only without a function to look at; a mistake in the arguments is noted.
pub(crate) fn parse(args: TokenStream, item: TokenStream) -> syn::Result<Parsed> {
    let mut mistakes = Mistakes::default();
    let options = mistakes.take(parse2::<Options>(args)).unwrap_or_default();
    match parse2::<Item>(item) {
        Ok(Item::Fn(function)) => Ok(Parsed { options, function, mistakes }),
        Ok(other) => {
            mistakes.note(other, "only a function can be exported");
            Err(mistakes.into_error())
        }
        Err(err) => {
            mistakes.add(err);
            Err(mistakes.into_error())
        }
    }
}
