//! Turns the tokens of a derive into syntax, with each `#[encoding(..)]` set apart.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, DeriveInput, Path, Token, parse2};

use crate::mistakes::Mistakes;

/// A type and its encodings, as they were written.
pub(crate) struct Parsed {
    /// The type.
    pub(crate) item: DeriveInput,
    /// Each `#[encoding(..)]` that stands on it.
    pub(crate) encodings: Vec<(Attribute, Encoding)>,
}

/// What stands in the parentheses of `#[encoding(Json, crate = path)]`.
pub(crate) struct Encoding {
    /// The encoding's type.
    pub(crate) path: Path,
    /// The path by which the caller reaches `plugsmith-convert`, where it was given.
    pub(crate) convert: Option<Path>,
}

/// Parses the type and its encodings, and reports mistakes in each of them.
pub(crate) fn parse(item: TokenStream) -> syn::Result<Parsed> {
    let item = parse2::<DeriveInput>(item)?;
    let mut mistakes = Mistakes::default();
    let mut encodings = Vec::new();
    for attribute in &item.attrs {
        if attribute.path().is_ident("encoding") {
            if let Some(encoding) = mistakes.take(attribute.parse_args::<Encoding>()) {
                encodings.push((attribute.clone(), encoding));
            }
        }
    }
    mistakes.unless(Parsed { item, encodings })
}

impl Parse for Encoding {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let path = input.call(Path::parse_mod_style)?;
        let mut convert = None;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        if !input.is_empty() {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            convert = Some(input.call(Path::parse_mod_style)?);
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        Ok(Self { path, convert })
    }
}
