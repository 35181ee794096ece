//! What stands in the parentheses of an attribute: `("namespace", crate = path)`.
//!
//! Which of the two an attribute takes is for its `validate` to say; the syntax is one.

use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Path, Token};

use crate::crate_path;
use crate::mistakes::Mistakes;

/// The arguments of an attribute as they were written.
#[derive(Default)]
pub(crate) struct Options {
    /// The module to import from.
    pub(crate) namespace: Option<LitStr>,
    /// The path by which the caller reaches the PDK, where it was given.
    pub(crate) pdk: Option<Path>,
}

impl Options {
    /// Returns the path of the PDK: the one that was given, or the one that Cargo.toml implies.
    pub(crate) fn into_pdk(self) -> Path {
        self.pdk.unwrap_or_else(crate_path::pdk)
    }

    /// Notes the namespace as a mistake, for attributes that import nothing.
    pub(crate) fn refuse_namespace(&self, mistakes: &mut Mistakes) {
        if let Some(namespace) = &self.namespace {
            mistakes.note(namespace, "a namespace belongs to `#[host_fn]`: exports have none");
        }
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            if input.peek(LitStr) {
                fill(&mut options.namespace, input.parse()?)?;
            } else if input.peek(Token![crate]) {
                let token = input.parse::<Token![crate]>()?;
                if !input.peek(Token![=]) {
                    return Err(syn::Error::new_spanned(token, "expected `crate = path`"));
                }
                input.parse::<Token![=]>()?;
                fill(&mut options.pdk, input.call(Path::parse_mod_style)?)?;
            } else {
                return Err(input.error("expected `crate = path` or a namespace in quotes"));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

fn fill<T: ToTokens>(place: &mut Option<T>, value: T) -> syn::Result<()> {
    if place.is_some() {
        return Err(syn::Error::new_spanned(value, "given twice"));
    }
    *place = Some(value);
    Ok(())
}
