//! Writes the traits' implementations, each by way of the encoding's own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericParam, Lifetime, LifetimeParam, parse_quote};

use crate::derive::validate::Encoded;

/// Writes `ToBytes`.
pub(crate) fn to_bytes(encoded: &Encoded) -> TokenStream {
    let Encoded { ident, generics, encoding, convert } = encoded;
    let (_, ty_generics, _) = generics.split_for_impl();
    let lifetime: Lifetime = parse_quote!('plugsmith_bytes);
    let mut generics = generics.clone();
    if !generics.params.is_empty() {
        generics.make_where_clause().predicates.push(parse_quote! {
            for<'plugsmith_value> #encoding<&'plugsmith_value Self>: #convert::ToBytes<
                #lifetime,
                Bytes: ::core::convert::Into<::std::vec::Vec<u8>>,
            >
        });
    }
    generics.params.insert(0, GenericParam::Lifetime(LifetimeParam::new(lifetime.clone())));
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    quote! {
        impl #impl_generics #convert::ToBytes<#lifetime> for #ident #ty_generics #where_clause {
            type Bytes = ::std::vec::Vec<u8>;

            fn to_bytes(&self) -> ::core::result::Result<Self::Bytes, #convert::Error> {
                // A method call, since `Prost<&Self>` has this method without the trait.
                use #convert::ToBytes as _;
                #encoding(self).to_bytes().map(::core::convert::Into::into)
            }
        }
    }
}

/// Writes `FromBytesOwned`, which brings `FromBytes` with it.
pub(crate) fn from_bytes(encoded: &Encoded) -> TokenStream {
    let Encoded { ident, generics, encoding, convert } = encoded;
    let (_, ty_generics, _) = generics.split_for_impl();
    let mut generics = generics.clone();
    if !generics.params.is_empty() {
        generics
            .make_where_clause()
            .predicates
            .push(parse_quote!(#encoding<Self>: #convert::FromBytesOwned));
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    quote! {
        impl #impl_generics #convert::FromBytesOwned for #ident #ty_generics #where_clause {
            fn from_bytes_owned(
                bytes: &[u8],
            ) -> ::core::result::Result<Self, #convert::Error> {
                <#encoding<Self> as #convert::FromBytesOwned>::from_bytes_owned(bytes)
                    .map(|encoded| encoded.0)
            }
        }
    }
}
