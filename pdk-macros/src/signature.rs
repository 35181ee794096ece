//! The rules that every exported function keeps, whichever macro exports it.
//!
//! Knows nothing of how many arguments an export may have: `plugin_fn` and `shared_fn` add that.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, ItemFn, ReturnType, Safety, Signature, Type, Visibility};

use crate::mistakes::Mistakes;

/// Names that a host, a linker or a language runtime gives a meaning of its own.
const RESERVED: &[&str] = &[
    "main",
    "memory",
    "_start",
    "_initialize",
    "hs_init",
    "__data_end",
    "__heap_base",
    "__indirect_function_table",
    "__main_void",
    "__stack_pointer",
    "__wasm_call_ctors",
    "bcmp",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "strlen",
];

/// Returns the name under which the host finds the function.
pub(crate) fn export_name(signature: &Signature) -> String {
    signature.ident.unraw().to_string()
}

/// Returns the `#[cfg]`s of a function, which the items made from it must carry too.
pub(crate) fn conditions(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
}

/// Whether a type is left open somewhere within, as in `Json<impl Serialize>`.
pub(crate) fn is_open(ty: &Type) -> bool {
    fn has_impl(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == "impl",
            TokenTree::Group(group) => has_impl(group.stream()),
            _ => false,
        })
    }
    has_impl(ty.to_token_stream())
}

/// Returns the attribute that keeps lints from asking for what the rules of exports forbid.
pub(crate) fn allowance() -> TokenStream {
    quote! {
        #[allow(
            unreachable_pub,
            clippy::needless_pass_by_value,
            clippy::unnecessary_wraps,
            reason = "an export is public, takes its input by value and returns a result"
        )]
    }
}

/// Notes everything in `function` that no exported function may have, its arguments aside.
///
/// `macro_name` is the attribute and `result` the return type that it asks for, both for messages.
pub(crate) fn check(function: &ItemFn, macro_name: &str, result: &str, mistakes: &mut Mistakes) {
    let signature = &function.sig;
    check_visibility(function, mistakes);
    check_qualifiers(signature, mistakes);
    check_generics(signature, mistakes);
    for attribute in &function.attrs {
        if ["no_mangle", "export_name"].iter().any(|name| names(attribute, name)) {
            mistakes.note(attribute, format!("`#[{macro_name}]` exports the function already"));
        }
    }
    let name = export_name(signature);
    if RESERVED.contains(&name.as_str()) {
        mistakes.note(
            &signature.ident,
            format!("`{name}` means something else to hosts or linkers: choose another name"),
        );
    }
    check_return(signature, result, mistakes);
}

/// Notes each argument of `signature` that no exported function can have.
pub(crate) fn check_arguments(signature: &Signature, mistakes: &mut Mistakes) {
    if let Some(variadic) = &signature.variadic {
        mistakes.note(variadic, "an exported function has a fixed number of arguments");
    }
    for input in &signature.inputs {
        check_argument(input, mistakes);
    }
}

fn check_argument(input: &FnArg, mistakes: &mut Mistakes) {
    match input {
        FnArg::Receiver(receiver) => {
            mistakes.note(receiver, "an exported function is no method: it has no `self`");
        }
        FnArg::Typed(value) => match &*value.ty {
            Type::Reference(reference) => mistakes.note(
                reference,
                "an exported function takes its input by value, as in `String` or `Vec<u8>`",
            ),
            ty if is_open(ty) => {
                mistakes.note(ty, "an exported function has no generics: name one type");
            }
            _ => {}
        },
    }
}

fn check_visibility(function: &ItemFn, mistakes: &mut Mistakes) {
    const MESSAGE: &str = "an exported function is public: write `pub fn`";
    match &function.vis {
        Visibility::Public(_) => {}
        Visibility::Inherited => mistakes.note(function.sig.fn_token, MESSAGE),
        Visibility::Restricted(restricted) => mistakes.note(restricted, MESSAGE),
    }
}

fn check_qualifiers(signature: &Signature, mistakes: &mut Mistakes) {
    if let Some(token) = &signature.constness {
        mistakes.note(token, "an exported function cannot be `const`");
    }
    if let Some(token) = &signature.asyncness {
        mistakes
            .note(token, "an exported function cannot be `async`: its call ends when it returns");
    }
    if let Safety::Unsafe(token) = &signature.safety {
        mistakes.note(token, "an exported function cannot be `unsafe`: a host keeps no promises");
    }
    if let Some(abi) = &signature.abi {
        mistakes.note(abi, "the macro chooses the calling convention: write `pub fn` alone");
    }
}

fn check_generics(signature: &Signature, mistakes: &mut Mistakes) {
    for parameter in &signature.generics.params {
        mistakes.note(parameter, "an exported function has no generics: name one type");
    }
    if let Some(clause) = &signature.generics.where_clause {
        mistakes.note(clause, "an exported function has no generics: name one type");
    }
}

fn check_return(signature: &Signature, result: &str, mistakes: &mut Mistakes) {
    match &signature.output {
        ReturnType::Default => {
            let head = head(signature);
            mistakes
                .note(head, format!("an exported function says what it returns: `-> {result}`"));
        }
        ReturnType::Type(_, ty) if !matches!(&**ty, Type::Path(_) | Type::Macro(_)) => {
            mistakes.note(ty, format!("an exported function returns `{result}`"));
        }
        ReturnType::Type(..) => {}
    }
}

/// The name and the arguments: where a reader looks for a return type that is missing.
fn head(signature: &Signature) -> TokenStream {
    let ident = &signature.ident;
    let mut inputs = TokenStream::new();
    signature.paren_token.surround(&mut inputs, |_| {});
    quote!(#ident #inputs)
}

/// Whether `attribute` is `#[name]`, `#[unsafe(name)]` or either with a value.
fn names(attribute: &Attribute, name: &str) -> bool {
    if attribute.path().is_ident("unsafe") {
        let inner = attribute.meta.require_list().map(|list| list.tokens.to_string());
        return inner.is_ok_and(|tokens| tokens.starts_with(name));
    }
    attribute.path().is_ident(name)
}
