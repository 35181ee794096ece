//! Collects what is wrong with one use of a macro, so that all of it is reported at once.
//!
//! Does not stop anything by itself: the caller goes on looking after it has noted a mistake, and
//! asks at the end.

use quote::ToTokens;

/// The mistakes found so far, in the order in which they were found.
#[derive(Default)]
pub(crate) struct Mistakes {
    first: Option<syn::Error>,
}

impl Mistakes {
    /// Notes a mistake that the reader should see at `tokens`.
    pub(crate) fn note(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    /// Notes mistakes that something else found.
    pub(crate) fn add(&mut self, err: syn::Error) {
        match &mut self.first {
            Some(first) => first.combine(err),
            None => self.first = Some(err),
        }
    }

    /// Notes the error of `result`, or gives its value.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|err| self.add(err)).ok()
    }

    /// Gives what was noted as one error.
    ///
    /// # Panics
    ///
    /// If nothing was noted.
    pub(crate) fn into_error(self) -> syn::Error {
        self.first.expect("a caller that gives up has noted why")
    }

    /// Gives `value` if nothing was noted.
    pub(crate) fn unless<T>(self, value: T) -> syn::Result<T> {
        self.first.map_or(Ok(value), Err)
    }
}
