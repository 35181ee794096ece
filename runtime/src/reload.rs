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
    load::{self, Ingredients},
    source,
};

/// Says anew each time how the plug-in is to be loaded.
type Recipe = dyn FnMut() -> Result<PluginBuilder<'static>, Error> + Send;

/// Loads a plug-in again when what it is made of has changed.
///
/// What counts is content: the manifest's, and the bytes of all modules, whether they come from files or
/// URLs. A file that was touched but says the same changes nothing. A version that cannot be loaded is
/// refused once, and tried again when it has changed; one that cannot be read is refused once for each
/// reason. Whatever was loaded before stays as it is: the new version is for the caller to put in its place.
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
    /// Of what was read last, without what came from URLs.
    files: Option<blake3::Hash>,
    /// Of what could not be loaded since.
    refused: Option<blake3::Hash>,
    /// Why nothing could be read, as it was said last.
    unreadable: Option<String>,
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
            files: None,
            refused: None,
            unreadable: None,
        }
    }

    /// Adds a file that the recipe reads.
    ///
    /// Functions, limits and other options that the recipe gives its builder are not compared: if the file
    /// says nothing but those, [`Reloader::check`] tells of no change. [`Reloader::load`] then does what is
    /// to be done.
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
    /// does not, or if it is what was refused last, or cannot be read for the same reason as last time.
    ///
    /// # Errors
    ///
    /// As [`Reloader::load`], but once.
    pub fn check(&mut self) -> Result<Option<CompiledPlugin>, Error> {
        let ingredients = self.read();
        self.compile_if_changed(ingredients)
    }

    /// Does the same if there is a change beside what URLs have, which are not asked before.
    ///
    /// # Errors
    ///
    /// As [`Reloader::check`].
    pub fn check_files(&mut self) -> Result<Option<CompiledPlugin>, Error> {
        let asked = self.ask().and_then(|builder| {
            let files = load::hash_without_urls(&builder)?;
            Ok((builder, files))
        });
        let ingredients = match asked {
            Ok((_, files)) if files.is_some() && files == self.files => {
                self.unreadable = None;
                return Ok(None);
            }
            Ok((builder, _)) => self.read_all(builder),
            Err(err) => Err(err),
        };
        self.compile_if_changed(ingredients)
    }

    /// Has the next check try once more what was refused, and say once more what it cannot read: for when
    /// the reason may have been elsewhere, as in a folder that was missing.
    pub fn forget_refusal(&mut self) {
        (self.refused, self.unreadable) = (None, None);
    }

    fn read(&mut self) -> Result<Ingredients<'static>, Error> {
        let builder = self.ask()?;
        self.read_all(builder)
    }

    fn ask(&mut self) -> Result<PluginBuilder<'static>, Error> {
        let builder = (self.recipe)()?;
        if let Source::Input(input) = &builder.source {
            self.named_paths = source::files(input);
        }
        Ok(builder)
    }

    fn read_all(&mut self, builder: PluginBuilder<'static>) -> Result<Ingredients<'static>, Error> {
        // Until it is all there: what could not be fetched is asked for again.
        self.files = None;
        let ingredients = Ingredients::read(builder)?;
        self.files = ingredients.hash_without_urls();
        Ok(ingredients)
    }

    fn compile_if_changed(
        &mut self,
        ingredients: Result<Ingredients<'static>, Error>,
    ) -> Result<Option<CompiledPlugin>, Error> {
        let ingredients = match ingredients {
            Ok(ingredients) => ingredients,
            Err(err) => {
                let reason = Some(format!("{err:#}"));
                let is_known = self.unreadable == reason;
                self.unreadable = reason;
                return if is_known { Ok(None) } else { Err(err) };
            }
        };
        self.unreadable = None;
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

#[cfg(all(test, feature = "register-filesystem", feature = "register-http"))]
mod tests {
    use std::{
        env, fs,
        io::{Read as _, Write as _},
        net::TcpListener,
        process, thread,
    };

    use plugsmith_manifest::{Manifest, Wasm};

    use super::*;

    const MODULE: &[u8] = b"\0asm\x01\0\0\0";

    /// Answers once, with a module, and then no more.
    fn url_that_answers_once() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || {
            let (mut client, _) = listener.accept().expect("somebody asks");
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                client.read_exact(&mut byte).expect("the request has an end");
                request.extend(byte);
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                MODULE.len()
            );
            client.write_all(&[head.as_bytes(), MODULE].concat()).expect("it is read");
        });
        format!("http://{address}/plugin.wasm")
    }

    #[test]
    fn a_url_is_not_asked_for_files_that_say_the_same() {
        let path = env::temp_dir().join(format!("plugsmith-reload-files-{}", process::id()));
        fs::write(&path, MODULE).expect("it can be written");
        let side = Wasm::file(&path).with_name("side");
        let manifest = Manifest::new([side, Wasm::url(url_that_answers_once())]);
        let mut reloader = Reloader::new(move || Ok(PluginBuilder::new(manifest.clone())));
        reloader.load().expect("both are there");
        assert!(matches!(reloader.check_files(), Ok(None)));
        // An empty section for those who look only for what they know.
        fs::write(&path, [MODULE, b"\0\x02\x01x"].concat()).expect("it can be written");
        assert!(reloader.check_files().is_err(), "the URL is asked");
        assert!(matches!(reloader.check_files(), Ok(None)), "and the same is not said twice");
        fs::write(&path, MODULE).expect("it can be written");
        reloader.forget_refusal();
        assert!(reloader.check_files().is_err(), "it was not all read");
        fs::remove_file(&path).expect("it was made");
        assert!(reloader.check_files().is_err(), "for another reason");
        assert!(matches!(reloader.check_files(), Ok(None)));
    }
}
