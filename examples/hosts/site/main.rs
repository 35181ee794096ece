//! A content system: the pages of a site pass through a chain of plug-ins before they are published.
//!
//! Shows plug-ins that work one after the other, each with settings of its own for each site, their
//! logs, their variables as a cache, and a plug-in that is left out on a site which does not grant
//! what it needs.

#![forbid(unsafe_code)]

mod chain;
mod document;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use plugsmith::{Error, UserData};
use plugsmith_examples::{complaint, plain};

use crate::{
    chain::{Chain, Pages},
    document::Document,
};

const HELP: &str = "\
Publishes the pages of sites, after plug-ins have worked on them.

Usage: site [--out FOLDER] [--twice] [SITE]...

  SITE          a folder with pages NAME.md in `pages`, and manifests of plug-ins in `plugins`
  --out FOLDER  writes the pages there (without it: prints them)
  --twice       publishes once more, without showing it: what plug-ins remember is used
  --help        print this

Without a SITE it takes a tour: it publishes those that come with this program, twice. Ends with 0 if
all pages were published, with 1 if some failed, with 2 if a site cannot be read.
";

fn main() -> ExitCode {
    let outcome = Request::parse(env::args().skip(1)).and_then(|request| match request {
        Request::Help => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Request::Tour => {
            for name in ["garden", "journal"] {
                let sites = Path::new(env!("CARGO_MANIFEST_DIR")).join("hosts/site/sites");
                publish(&sites.join(name), None, true)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Request::Publish { sites, out, twice } => {
            let mut n_failed = 0;
            for site in &sites {
                n_failed += publish(site, out.as_deref(), twice)?;
            }
            Ok(ExitCode::from(u8::from(n_failed > 0)))
        }
    });
    outcome.unwrap_or_else(|err| {
        eprintln!("error: {err:#}");
        ExitCode::from(2)
    })
}

/// Publishes a site, and returns how many pages failed.
fn publish(site: &Path, out: Option<&Path>, twice: bool) -> Result<usize, Error> {
    println!("== {}", site.file_name().unwrap_or_default().to_string_lossy());
    let folder = site.join("pages");
    let paths = pages(&folder)
        .map_err(|err| err.context(format!("reading the pages `{}`", folder.display())))?;
    let mut chain = Chain::load(&site.join("plugins"), &UserData::new(paths.clone()))?;
    let mut n_failed = 0;
    for path in &paths {
        match page(&folder, path).and_then(|document| chain.transform(document)) {
            Ok(document) => show(&document, out)?,
            Err(err) => {
                n_failed += 1;
                println!("{path} is not published: {}", complaint(&err));
            }
        }
    }
    if twice {
        println!("-- once more");
        for path in &paths {
            // Who failed has said why.
            let _ = page(&folder, path).and_then(|document| chain.transform(document));
        }
    }
    println!();
    Ok(n_failed)
}

/// The paths of all pages, in order.
fn pages(folder: &Path) -> Result<Pages, Error> {
    let mut pages = Pages::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let is_page = Path::new(&name).extension().is_some_and(|extension| extension == "md");
        // A name that is not Unicode is no address that a link could lead to.
        pages.extend(name.to_str().filter(|_| is_page).map(str::to_owned));
    }
    Ok(pages)
}

fn page(folder: &Path, path: &str) -> Result<Document, Error> {
    Ok(Document::parse(path, &fs::read_to_string(folder.join(path))?)?)
}

fn show(document: &Document, out: Option<&Path>) -> Result<(), Error> {
    let text = document.to_string();
    let Some(out) = out else {
        println!("-- {}\n{}\n", document.path, plain(text.trim_end()));
        return Ok(());
    };
    let path = out.join(&document.path);
    fs::create_dir_all(out)
        .and_then(|()| fs::write(&path, text))
        .map_err(|err| Error::from(err).context(format!("writing `{}`", path.display())))
}

/// What the command line asks for.
enum Request {
    Help,
    Tour,
    Publish { sites: Vec<PathBuf>, out: Option<PathBuf>, twice: bool },
}

impl Request {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Error> {
        let (mut sites, mut out, mut twice) = (Vec::new(), None, false);
        while let Some(word) = words.next() {
            match word.as_str() {
                "-h" | "--help" => return Ok(Self::Help),
                "--twice" => twice = true,
                "--out" => {
                    let folder = words.next();
                    out = Some(folder.ok_or_else(|| Error::msg("`--out` needs a folder"))?.into());
                }
                _ if word.starts_with('-') => {
                    return Err(Error::msg(format!("no flag `{word}`; `--help` lists them")));
                }
                _ => sites.push(PathBuf::from(word)),
            }
        }
        match (sites.is_empty(), &out, twice) {
            (false, ..) => Ok(Self::Publish { sites, out, twice }),
            (true, None, false) => Ok(Self::Tour),
            (true, ..) => Err(Error::msg("no site is given; `--help` says how")),
        }
    }
}
