//! The modules of a manifest by name: which of them is the plug-in, and which names are refused.

use std::collections::BTreeMap;

use crate::{Manifest, ManifestError, Mistake, Wasm, decode};

/// The name of the module whose exports are the plug-in's.
pub const MAIN_MODULE: &str = "main";

/// The name under which plug-ins import what the host provides; no module may have it.
pub const KERNEL_MODULE: &str = "extism:host/env";

impl Manifest {
    /// Returns each module with the name that it has in the plug-in, in the order of the manifest.
    ///
    /// A module alone is [`MAIN_MODULE`], whatever its own name. Of several, those without a name
    /// are `main`, and so is the last if no other is; no two may have one name.
    ///
    /// # Errors
    ///
    /// [`Mistake::NoModules`], [`Mistake::DuplicateName`], [`Mistake::ReservedName`]; and, since a
    /// manifest made in code was never checked, [`Mistake::HashLen`] and [`Mistake::HashDigit`].
    ///
    /// # Examples
    ///
    /// ```
    /// use plugsmith_manifest::{Manifest, Wasm};
    ///
    /// let side = Wasm::file("side.wasm").with_name("side");
    /// let manifest = Manifest::new([side, Wasm::file("plugin.wasm").with_name("plugin")]);
    /// let names: Vec<_> = manifest.named_modules()?.into_iter().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["side", "main"]);
    /// # Ok::<(), plugsmith_manifest::ManifestError>(())
    /// ```
    pub fn named_modules(&self) -> Result<Vec<(&str, &Wasm)>, ManifestError> {
        let Some(last_idx) = self.wasm.len().checked_sub(1) else {
            return Err(mistake_in("wasm".to_owned(), Mistake::NoModules));
        };
        let mut taken = BTreeMap::new();
        let mut modules = Vec::with_capacity(self.wasm.len());
        for (idx, wasm) in self.wasm.iter().enumerate() {
            let is_main = idx == last_idx && !taken.contains_key(MAIN_MODULE);
            let own_name = wasm.meta().name.as_deref();
            let name = own_name.filter(|_| !is_main).unwrap_or(MAIN_MODULE);
            let in_field = |field, mistake| mistake_in(format!("wasm[{idx}].{field}"), mistake);
            check_name(name, idx, &mut taken).map_err(|mistake| in_field("name", mistake))?;
            if let Some(hash) = &wasm.meta().hash {
                decode::check_hash(hash).map_err(|mistake| in_field("hash", mistake))?;
            }
            modules.push((name, wasm));
        }
        Ok(modules)
    }
}

fn check_name<'m>(
    name: &'m str,
    idx: usize,
    taken: &mut BTreeMap<&'m str, usize>,
) -> Result<(), Mistake> {
    if name == KERNEL_MODULE {
        return Err(Mistake::ReservedName { name: name.to_owned() });
    }
    match taken.insert(name, idx) {
        Some(first_idx) => Err(Mistake::DuplicateName { name: name.to_owned(), first_idx }),
        None => Ok(()),
    }
}

fn mistake_in(field: String, mistake: Mistake) -> ManifestError {
    ManifestError { field, location: None, mistake }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        check(&[None], Ok(&["main"]));
        check(&[Some("x")], Ok(&["main"]));
        check(&[Some("extism:host/env")], Ok(&["main"]));
        check(&[Some("a"), Some("b")], Ok(&["a", "main"]));
        check(&[Some("a"), None], Ok(&["a", "main"]));
        check(&[None, Some("b")], Ok(&["main", "b"]));
        check(
            &[Some("main"), Some("b"), Some("extism:host/user")],
            Ok(&["main", "b", "extism:host/user"]),
        );
    }

    #[test]
    fn names_that_clash_are_refused() {
        check(&[], Err("`wasm`: manifest has no modules"));
        check(&[None, None], Err("`wasm[1].name`: module `main` is named as `wasm[0]` is"));
        check(
            &[Some("a"), Some("b"), Some("a"), None],
            Err("`wasm[2].name`: module `a` is named as `wasm[0]` is"),
        );
        check(
            &[Some("extism:host/env"), None],
            Err("`wasm[0].name`: module name `extism:host/env` is the host's own"),
        );
    }

    #[test]
    fn hashes_set_in_code_are_checked() {
        let manifest = Manifest::new([Wasm::file("a").with_hash("12g4")]);
        let err = manifest.named_modules().unwrap_err();
        assert_eq!(
            err.to_string(),
            "`wasm[0].hash`: expected a SHA-256 of 64 hexadecimal digits, found 4 characters",
        );
        let manifest = Manifest::new([Wasm::file("a").with_hash("aB".repeat(32))]);
        manifest.named_modules().unwrap();
    }

    fn check(names: &[Option<&str>], expected: Result<&[&str], &str>) {
        let with_name = |name: Option<&str>| match name {
            Some(name) => Wasm::file("a.wasm").with_name(name),
            None => Wasm::file("a.wasm"),
        };
        let manifest = Manifest::new(names.iter().copied().map(with_name));
        let found = manifest.named_modules().map_err(|err| err.to_string());
        let found = found.map(|modules| modules.into_iter().map(|(name, _)| name).collect());
        assert_eq!(found, expected.map(<[_]>::to_vec).map_err(str::to_owned));
    }
}
