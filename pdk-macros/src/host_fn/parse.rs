//! Turns the tokens of `#[host_fn]` into syntax.

use proc_macro2::TokenStream;
use syn::{Item, ItemForeignMod, parse2};

use crate::mistakes::Mistakes;
use crate::options::Options;

/// One use of `#[host_fn]`, as it was written.
pub(crate) struct Parsed {
    /// What stands in the attribute's parentheses.
    pub(crate) options: Options,
    /// The block that the attribute stands on.
    pub(crate) block: ItemForeignMod,
    /// What was wrong with the attribute's parentheses; `validate` goes on from there.
    pub(crate) mistakes: Mistakes,
}

/// Parses the attribute's arguments and its item.
///
/// Fails only without a block to look at; a mistake in the arguments is noted.
pub(crate) fn parse(args: TokenStream, item: TokenStream) -> syn::Result<Parsed> {
    let mut mistakes = Mistakes::default();
    let options = mistakes.take(parse2::<Options>(args)).unwrap_or_default();
    match parse2::<Item>(item) {
        Ok(Item::ForeignMod(block)) => Ok(Parsed { options, block, mistakes }),
        Ok(other) => {
            mistakes
                .note(other, "imports are declared in a block: `extern \"ExtismHost\" { fn .. }`");
            Err(mistakes.into_error())
        }
        Err(err) => {
            mistakes.add(err);
            Err(mistakes.into_error())
        }
    }
}
