//! Writes a function for each import: encode the arguments, call, decode the reply.
//!
//! Natively there is nothing to import, and the function asks the mock host of the PDK instead.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

use crate::host_fn::validate::{Import, Imports, Promise};

/// Writes the functions of a block.
pub(crate) fn expand(imports: &Imports) -> TokenStream {
    imports.functions.iter().map(|function| wrapper(imports, function)).collect()
}

fn wrapper(imports: &Imports, function: &Import) -> TokenStream {
    let Imports { pdk, .. } = imports;
    let Import { attributes, visibility, ident, arguments, reply, .. } = function;
    let safety = match function.promise {
        Promise::Declared => quote!(),
        Promise::Called => quote!(unsafe),
    };
    let names: Vec<&Ident> = arguments.iter().map(|argument| &argument.ident).collect();
    let types = arguments.iter().map(|argument| &argument.ty);
    let value = reply.as_ref().map_or_else(|| quote!(()), |ty| quote!(#ty));
    let blocks = Ident::new("blocks", Span::mixed_site());
    let call = call(imports, function, &blocks);
    let decode = if let Some(ty) = reply {
        quote!(#pdk::__private::decode_reply::<#ty>(#call))
    } else {
        quote!({ #call; #pdk::__private::check_host() })
    };
    let n_arguments = names.len();
    quote! {
        #(#attributes)*
        #visibility #safety fn #ident(#(#names: #types),*) -> ::core::result::Result<#value, #pdk::Error> {
            // Held until the reply is decoded: arguments are the caller's to free.
            let #blocks: [#pdk::ManagedMemory; #n_arguments] =
                [#(#pdk::__private::encode_argument(&#names)?),*];
            #decode
        }
    }
}

fn call(imports: &Imports, function: &Import, blocks: &Ident) -> TokenStream {
    let Imports { pdk, namespace, .. } = imports;
    let name = &function.name;
    let import = Ident::new("import", Span::mixed_site());
    let words = function.arguments.iter().map(|_| quote!(_: u64));
    let offsets: Vec<TokenStream> = (0..function.arguments.len())
        .map(|idx| quote!(#pdk::__private::offset(&#blocks[#idx])))
        .collect();
    let result = function.reply.as_ref().map(|_| quote!(-> u64));
    quote! {{
        #[cfg(target_family = "wasm")]
        {
            #[link(wasm_import_module = #namespace)]
            unsafe extern "C" {
                #[link_name = #name]
                safe fn #import(#(#words),*) #result;
            }
            #import(#(#offsets),*)
        }
        #[cfg(not(target_family = "wasm"))]
        {
            #pdk::__private::call_mock(#namespace, #name, &[#(#offsets),*])?
        }
    }}
}
