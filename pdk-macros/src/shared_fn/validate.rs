//! Holds a function to the rules of `#[shared_fn]`, and reports every rule that it breaks.

use syn::{GenericArgument, ItemFn, Path, PathArguments, ReturnType, Type};

use crate::plugin_fn::parse::Parsed;
use crate::signature;

/// A function that can be exported as it is.
pub(crate) struct Export {
    /// The path of the PDK.
    pub(crate) pdk: Path,
    /// The function, unchanged.
    pub(crate) function: ItemFn,
    /// What it gives back.
    pub(crate) reply: Reply,
}

/// What a shared function gives back.
#[derive(Clone, Copy)]
pub(crate) enum Reply {
    /// Nothing: `SharedFnResult<()>`. The export has no result.
    Nothing,
    /// The offset of a block.
    Block,
}

/// Checks the function.
pub(crate) fn validate(parsed: Parsed) -> syn::Result<Export> {
    let Parsed { options, function, mut mistakes } = parsed;
    options.refuse_namespace(&mut mistakes);
    signature::check(&function, "shared_fn", "SharedFnResult<T>", &mut mistakes);
    signature::check_arguments(&function.sig, &mut mistakes);
    let reply = reply(&function.sig.output);
    mistakes.unless(Export { pdk: options.into_pdk(), function, reply })
}

/// Reads off the return type whether there is anything to give back.
fn reply(output: &ReturnType) -> Reply {
    let ReturnType::Type(_, ty) = output else { return Reply::Nothing };
    let Type::Path(path) = &**ty else { return Reply::Block };
    let Some(last) = path.path.segments.last() else { return Reply::Block };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return Reply::Block };
    match arguments.args.first() {
        Some(GenericArgument::Type(Type::Tuple(tuple))) if tuple.elems.is_empty() => Reply::Nothing,
        _ => Reply::Block,
    }
}
