//! Loading a plug-in again when what it is made of has changed.
//!
//! Owns the comparison: everything is read anew, and compiled only if its content differs. Reads files
//! and URLs when it is told to, and knows nothing of when they change: that is `watch.rs`.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::{
    builder::{PluginBuilder, Source},
    compiled::CompiledPlugin,
    error::Error,
    load::Ingredients,
    source,
};

/// Says anew each time how the plug-in is to be loaded.
type Recipe = dyn FnMut() -> Result<PluginBuilder<'static>, Error> + Send;

/// Loads a plug-in again when what it is made of has changed.
///
/// What counts is content: the manifest's, and the bytes of all modules, whether they come from files or
/// URLs. A file that was touched but says the same changes nothing. A version that cannot be loaded is
/// refused once, and tried again when it has changed. Whatever was loaded before stays as it is: the new
/// version is for the caller to put in its place.
///
/// # Examples
///
/// ```
/// use std::{fs, time::Duration};
///
/// use plugsmith::{Manifest, Plugin, PluginBuilder, Pool, Reloader, Wasm};
///
/// # #[cfg(all(feature = "wat", feature = "register-filesystem"))] {
/// # let folder = std::env::temp_dir().join(format!("plugsmith-reloader-{}", std::process::id()));
/// # fs::create_dir_all(&folder)?;
/// let path = folder.join("plugin.wat");
/// fs::write(&path, r#"(module (func (export "old")))"#)?;
///
/// let module = Wasm::file(&path);
/// let mut reloader = Reloader::new(move || Ok(PluginBuilder::new(Manifest::new([module.clone()]))));
/// let compiled = reloader.load()?;
/// let pool = Pool::new(move || Plugin::new_from_compiled(&compiled));
///
/// fs::write(&path, r#"(module (func (export "ne"#)?;
/// assert!(reloader.check().is_err());
/// assert!(pool.function_exists("old", Duration::ZERO)?);
///
/// fs::write(&path, r#"(module (func (export "new")))"#)?;
/// let compiled = reloader.check()?.expect("it has changed");
/// pool.replace(move || Plugin::new_from_compiled(&compiled));
/// assert!(pool.function_exists("new", Duration::ZERO)?);
/// # fs::remove_dir_all(&folder)?;
/// # }
/// # Ok::<(), plugsmith::Error>(())
/// ```
pub struct Reloader {
    recipe: Box<Recipe>,
    own_paths: Vec<PathBuf>,
    named_paths: Vec<PathBuf>,
    /// Of what was loaded last.
    loaded: Option<blake3::Hash>,
    /// Of what could not be loaded since.
    refused: Option<blake3::Hash>,
}

impl Reloader {
    /// Makes a reloader that asks `recipe` each time how the plug-in is to be loaded. Nothing is read yet.
    ///
    /// What the builder names is read when it is compiled. What `recipe` reads itself, a manifest's file
    /// for example, it reads each time; [`Reloader::with_path`] then makes that file known to a watch.
    pub fn new(
        recipe: impl FnMut() -> Result<PluginBuilder<'static>, Error> + Send + 'static,
    ) -> Self {
        Self {
            recipe: Box::new(recipe),
            own_paths: Vec::new(),
            named_paths: Vec::new(),
            loaded: None,
            refused: None,
        }
    }

    /// Adds a file that the recipe reads.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.own_paths.push(path.into());
        self
    }

    /// Returns the files that the plug-in was made of when it was last read, there or not: those of
    /// [`Reloader::with_path`], and those that its manifest names.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.own_paths.iter().chain(&self.named_paths).map(PathBuf::as_path)
    }

    /// Reads everything and compiles it, changed or not.
    ///
    /// # Errors
    ///
    /// What the recipe says, or a [`LoadError`](crate::LoadError).
    pub fn load(&mut self) -> Result<CompiledPlugin, Error> {
        let ingredients = self.read()?;
        let hash = ingredients.hash();
        self.compile(ingredients, hash)
    }

    /// Reads everything, and compiles it if it differs from what was loaded last. Returns `None` if it
    /// does not, or if it is what was refused last.
    ///
    /// # Errors
    ///
    /// As [`Reloader::load`]. A version that could be read is refused once.
    pub fn check(&mut self) -> Result<Option<CompiledPlugin>, Error> {
        let ingredients = self.read()?;
        let hash = ingredients.hash();
        if self.loaded == Some(hash) {
            self.refused = None;
            return Ok(None);
        }
        if self.refused == Some(hash) {
            return Ok(None);
        }
        self.compile(ingredients, hash).map(Some)
    }

    /// Has the next check try once more what was refused: for when the reason may have been elsewhere, as
    /// in a folder that was missing.
    pub fn forget_refusal(&mut self) {
        self.refused = None;
    }

    fn read(&mut self) -> Result<Ingredients<'static>, Error> {
        let builder = (self.recipe)()?;
        if let Source::Input(input) = &builder.source {
            self.named_paths = source::files(input);
        }
        Ok(Ingredients::read(builder)?)
    }

    fn compile(
        &mut self,
        ingredients: Ingredients<'static>,
        hash: blake3::Hash,
    ) -> Result<CompiledPlugin, Error> {
        // Until it is loaded. Should compiling panic, it is not tried again either.
        self.refused = Some(hash);
        let shared = ingredients.load()?;
        (self.loaded, self.refused) = (Some(hash), None);
        Ok(CompiledPlugin { shared })
    }
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloader")
            .field("paths", &self.paths().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
