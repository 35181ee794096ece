//! Holds an `extern` block to the rules of `#[host_fn]`, and reports every rule that it breaks.

use quote::quote;
use syn::ext::IdentExt;
use syn::{
    Attribute, FnArg, ForeignItem, ForeignItemFn, Ident, ItemForeignMod, Pat, PatType, Path,
    ReturnType, Safety, Signature, Type, Visibility,
};

use crate::host_fn::parse::Parsed;
use crate::mistakes::Mistakes;

/// The name that an `extern` block carries to say that its functions are the host's.
const ABI: &str = "ExtismHost";

/// Where host functions live unless the attribute says otherwise.
const USER_NAMESPACE: &str = "extism:host/user";

/// Functions to import from one module.
pub(crate) struct Imports {
    /// The path of the PDK.
    pub(crate) pdk: Path,
    /// The module that provides them.
    pub(crate) namespace: String,
    /// The functions, in the order in which they were declared.
    pub(crate) functions: Vec<Import>,
}

/// One function to import.
pub(crate) struct Import {
    /// Documentation, conditions and lints, to be carried over.
    pub(crate) attributes: Vec<Attribute>,
    /// Who may call it.
    pub(crate) visibility: Visibility,
    /// Whether a caller has to write `unsafe`.
    pub(crate) promise: Promise,
    /// The name in Rust.
    pub(crate) ident: Ident,
    /// The name to import.
    pub(crate) name: String,
    /// What it takes.
    pub(crate) arguments: Vec<Argument>,
    /// What it gives back; `None` if the import has no result.
    pub(crate) reply: Option<Type>,
}

/// Who answers for it that the provider keeps the declared types.
#[derive(Clone, Copy)]
pub(crate) enum Promise {
    /// The declaration: `safe fn`.
    Declared,
    /// Each caller: `unsafe`.
    Called,
}

/// One argument of an import.
pub(crate) struct Argument {
    /// Its name.
    pub(crate) ident: Ident,
    /// Its type.
    pub(crate) ty: Type,
}

/// Checks the block.
pub(crate) fn validate(parsed: Parsed) -> syn::Result<Imports> {
    let Parsed { options, block, mut mistakes } = parsed;
    check_abi(&block, &mut mistakes);
    if let Some(literal) = options.namespace.as_ref().filter(|literal| literal.value().is_empty()) {
        mistakes.note(literal, "a namespace has a name");
    }
    let namespace =
        options.namespace.as_ref().map_or(USER_NAMESPACE.to_owned(), syn::LitStr::value);
    let mut functions = Vec::new();
    for item in &block.items {
        match item {
            ForeignItem::Fn(function) => {
                functions.push(import(function, block.unsafety.is_some(), &mut mistakes));
            }
            other => mistakes.note(other, "a host provides functions only"),
        }
    }
    mistakes.unless(Imports { pdk: options.into_pdk(), namespace, functions })
}

fn check_abi(block: &ItemForeignMod, mistakes: &mut Mistakes) {
    let message = format!("host functions are declared in `extern \"{ABI}\"`");
    match &block.abi.name {
        Some(name) if name.value() == ABI => {}
        Some(name) => mistakes.note(name, message),
        None => mistakes.note(block.abi.extern_token, message),
    }
}

fn import(function: &ForeignItemFn, in_unsafe_block: bool, mistakes: &mut Mistakes) -> Import {
    let signature = &function.sig;
    check_signature(signature, in_unsafe_block, mistakes);
    let arguments = signature.inputs.iter().filter_map(|input| argument(input, mistakes)).collect();
    Import {
        attributes: function.attrs.clone(),
        visibility: function.vis.clone(),
        promise: match signature.safety {
            Safety::Safe(_) => Promise::Declared,
            _ => Promise::Called,
        },
        ident: signature.ident.clone(),
        name: signature.ident.unraw().to_string(),
        arguments,
        reply: match &signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => match &**ty {
                Type::Tuple(tuple) if tuple.elems.is_empty() => None,
                ty => Some(ty.clone()),
            },
        },
    }
}

fn check_signature(signature: &Signature, in_unsafe_block: bool, mistakes: &mut Mistakes) {
    if let (Safety::Safe(token), false) = (&signature.safety, in_unsafe_block) {
        mistakes
            .note(token, format!("`safe fn` stands in a block that is `unsafe extern \"{ABI}\"`"));
    }
    if let Some(token) = &signature.asyncness {
        mistakes.note(token, "a host function cannot be `async`");
    }
    if let Some(variadic) = &signature.variadic {
        mistakes.note(variadic, "a host function has a fixed number of arguments");
    }
    for parameter in &signature.generics.params {
        mistakes.note(parameter, "a host function has no generics: name one type");
    }
    if let Some(clause) = &signature.generics.where_clause {
        mistakes.note(clause, "a host function has no generics: name one type");
    }
}

fn argument(input: &FnArg, mistakes: &mut Mistakes) -> Option<Argument> {
    let FnArg::Typed(PatType { pat, ty, .. }) = input else {
        mistakes.note(input, "a host function is no method: it has no `self`");
        return None;
    };
    if let Type::ImplTrait(unknown) = &**ty {
        mistakes.note(unknown, "a host function has no generics: name one type");
    }
    match &**pat {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
            Some(Argument { ident: name.ident.clone(), ty: (**ty).clone() })
        }
        other => {
            mistakes.note(quote!(#other), "an argument of a host function is a name and a type");
            None
        }
    }
}
