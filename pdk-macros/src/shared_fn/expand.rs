//! Writes the export of a shared function beside the function.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

use crate::shared_fn::validate::{Export, Reply};
use crate::signature;

/// Writes the function and its shim.
pub(crate) fn expand(export: &Export) -> TokenStream {
    let Export { pdk, function, reply } = export;
    let ident = &function.sig.ident;
    let name = signature::export_name(&function.sig);
    let conditions = signature::conditions(&function.attrs);
    let offsets: Vec<Ident> = (0..function.sig.inputs.len())
        .map(|idx| Ident::new(&format!("offset_{idx}"), Span::mixed_site()))
        .collect();
    let word = offsets.iter().map(|_| quote!(u64));
    let (run, result) = match reply {
        Reply::Nothing => (quote!(run_shared_without_reply), quote!()),
        Reply::Block => (quote!(run_shared), quote!(-> u64)),
    };
    let allowance = signature::allowance();
    quote! {
        #allowance
        #function

        #(#conditions)*
        const _: extern "C" fn(#(#word),*) #result = {
            #[cfg_attr(target_family = "wasm", unsafe(export_name = #name))]
            extern "C" fn shim(#(#offsets: u64),*) #result {
                #pdk::__private::#run(#name, || {
                    #ident(#(#pdk::__private::decode_argument(#offsets)?),*)
                })
            }
            shim
        };
    }
}
