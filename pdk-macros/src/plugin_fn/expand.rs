//! Writes the export of a plug-in function beside the function.
//!
//! The function keeps its name and stays callable from Rust. The shim has no name that Rust can see;
//! only on WebAssembly does it carry the export's name, since elsewhere a function called `read`
//! would take the place of the C library's.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ReturnType;

use crate::plugin_fn::validate::{Export, Input};
use crate::signature;

/// Writes the function and its shim.
pub(crate) fn expand(export: &Export) -> TokenStream {
    let Export { pdk, function, input } = export;
    let ident = &function.sig.ident;
    let name = signature::export_name(&function.sig);
    let conditions = signature::conditions(&function.attrs);
    // The types are spelled out so that one which does not fit is reported where it stands.
    let output = match &function.sig.output {
        ReturnType::Type(_, ty) if !signature::is_open(ty) => quote!(#ty),
        _ => quote!(_),
    };
    let run = match input {
        Input::Ignored => quote!(#pdk::__private::run_without_input::<#output>(#ident)),
        Input::Decoded(ty) => quote!(#pdk::__private::run::<#ty, #output>(#name, #ident)),
    };
    let allowance = signature::allowance();
    quote! {
        #allowance
        #function

        #(#conditions)*
        const _: extern "C" fn() -> i32 = {
            #[cfg_attr(target_family = "wasm", unsafe(export_name = #name))]
            extern "C" fn shim() -> i32 {
                #run
            }
            shim
        };
    }
}
