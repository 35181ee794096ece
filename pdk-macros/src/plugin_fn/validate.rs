//! Holds a function to the rules of `#[plugin_fn]`, and reports every rule that it breaks.

use syn::{FnArg, ItemFn, Path, Type};

use crate::plugin_fn::parse::Parsed;
use crate::signature;

/// A function that can be exported as it is.
pub(crate) struct Export {
    /// The path of the PDK.
    pub(crate) pdk: Path,
    /// The function, unchanged.
    pub(crate) function: ItemFn,
    /// Whether it takes an input.
    pub(crate) input: Input,
}

/// What a plug-in function takes.
pub(crate) enum Input {
    /// Nothing: the host's input is not looked at.
    Ignored,
    /// One value of this type, decoded from the host's input.
    Decoded(Box<Type>),
}

/// Checks the function.
pub(crate) fn validate(parsed: Parsed) -> syn::Result<Export> {
    let Parsed { options, function, mut mistakes } = parsed;
    options.refuse_namespace(&mut mistakes);
    signature::check(&function, "plugin_fn", "FnResult<T>", &mut mistakes);
    signature::check_arguments(&function.sig, &mut mistakes);
    for surplus in function.sig.inputs.iter().skip(1) {
        mistakes
            .note(surplus, "a plug-in function takes one input: put several values in a struct");
    }
    let input = match function.sig.inputs.first() {
        Some(FnArg::Typed(value)) => Input::Decoded(value.ty.clone()),
        _ => Input::Ignored,
    };
    mistakes.unless(Export { pdk: options.into_pdk(), function, input })
}
