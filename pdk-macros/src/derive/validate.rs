//! Holds a type to the rules of the derives: one encoding, neither none nor several.

use syn::{Generics, Ident, Path};

use crate::crate_path;
use crate::derive::parse::Parsed;
use crate::mistakes::Mistakes;

/// A type with one encoding.
pub(crate) struct Encoded {
    /// The type's name.
    pub(crate) ident: Ident,
    /// The type's parameters.
    pub(crate) generics: Generics,
    /// The encoding's type.
    pub(crate) encoding: Path,
    /// The path of `plugsmith-convert`.
    pub(crate) convert: Path,
}

/// Checks the type.
pub(crate) fn validate(parsed: Parsed) -> syn::Result<Encoded> {
    let Parsed { item, encodings } = parsed;
    let mut mistakes = Mistakes::default();
    for (surplus, _) in encodings.iter().skip(1) {
        mistakes.note(surplus, "a type has one encoding");
    }
    let Some((_, encoding)) = encodings.into_iter().next() else {
        mistakes.note(
            &item.ident,
            format!("say how `{}` becomes bytes: `#[encoding(Json)]`", item.ident),
        );
        return Err(mistakes.into_error());
    };
    mistakes.unless(Encoded {
        ident: item.ident,
        generics: item.generics,
        encoding: encoding.path,
        convert: encoding.convert.unwrap_or_else(crate_path::convert),
    })
}
