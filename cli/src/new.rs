//! `plugsmith new`: makes a project from a template, a plug-in or a host program.
//!
//! Nothing is fetched, and no file is ever overwritten: a folder that has something in it is refused.

mod dependency;
mod examples;
mod name;
mod templates;

use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde_json::json;

use self::{
    dependency::{PDK, RUNTIME},
    examples::Example,
    templates::File,
};
use crate::{
    exit::Exit,
    failure::Failure,
    lang::Lang,
    output::{self, Output, style},
};

/// Makes a new project: a plug-in in a language, an example, or a program that runs plug-ins.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plugsmith new word-counter --lang rust
  plugsmith new word-counter --lang rust --pdk ../plugsmith/pdk
  plugsmith new shop-plugin --example discount
  plugsmith new my-host --host rust")]
pub(crate) struct New {
    /// What the project is called: letters, digits, `-` and `_`. The folder of this name must not be
    /// there, or be empty.
    name: String,
    /// What the plug-in is written in.
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// Begins with an example instead, a plug-in in Rust that does something.
    #[arg(long, value_enum, conflicts_with_all = ["lang", "host"])]
    example: Option<Example>,
    /// Makes a program that runs plug-ins instead, in this language.
    #[arg(long, value_enum, conflicts_with = "lang")]
    host: Option<HostLang>,
    /// Has a plug-in in Rust depend on `plugsmith-pdk` in this folder: the folder `pdk` of a checkout.
    /// Without this it is that of the checkout in which this program lies, or else the registry's.
    #[arg(long, value_name = "FOLDER", env = "PLUGSMITH_PDK", hide_env_values = true)]
    pdk: Option<PathBuf>,
    /// Has a host program depend on `plugsmith` in this folder: the folder `runtime` of a checkout.
    /// Without this it is that of the checkout in which this program lies, or else the registry's.
    #[arg(long, value_name = "FOLDER", env = "PLUGSMITH_RUNTIME", hide_env_values = true)]
    runtime: Option<PathBuf>,
}

/// What host programs are written in.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum HostLang {
    /// With the library `plugsmith`.
    Rust,
}

/// What is to be made: a plug-in, or a host program.
struct Plan {
    what: String,
    files: Vec<&'static File>,
    /// What fills the places of the files.
    places: Vec<(&'static str, String)>,
    /// What to do next, once in the folder.
    next: Vec<String>,
}

impl New {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// If the name is none, the folder has something in it, or a file cannot be written.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        name::check(&self.name, self.lang.unwrap_or(Lang::Rust))?;
        let plan = match (self.lang, self.example, self.host) {
            (Some(lang), ..) => self.plan_plugin(lang, output)?,
            (_, Some(example), _) => self.plan_example(example, output)?,
            (_, _, Some(HostLang::Rust)) => self.plan_host(output)?,
            (None, None, None) => return Err(ask_what()),
        };
        let folder = Path::new(&self.name);
        make_folder(folder)?;
        for file in &plan.files {
            let places: Vec<_> =
                plan.places.iter().map(|(place, value)| (*place, value.as_str())).collect();
            write(&folder.join(file.path), &templates::fill(file.text, &places))?;
        }
        self.tell(output, &plan)?;
        Ok(Exit::Success)
    }

    fn plan_plugin(&self, lang: Lang, output: &Output) -> Result<Plan, Failure> {
        let mut next: Vec<String> = vec![
            "plugsmith build".into(),
            "plugsmith test".into(),
            "plugsmith call . greet --input Ada".into(),
        ];
        if lang == Lang::AssemblyScript {
            next.insert(0, "npm install".into());
        }
        let pdk = match lang {
            Lang::Rust => PDK.requirement(self.pdk.as_deref(), output)?,
            _ => String::new(),
        };
        let places = vec![
            ("name", self.name.clone()),
            ("lang", lang.key().to_owned()),
            ("language", lang.to_string()),
            ("commands", next.join("\n")),
            ("pdk", pdk),
            ("dependencies", String::new()),
            ("assemblyscript", templates::assemblyscript_version()),
        ];
        let files = templates::plugin(lang).collect();
        Ok(Plan { what: format!("a plug-in in {lang}"), files, places, next })
    }

    fn plan_example(&self, example: Example, output: &Output) -> Result<Plan, Failure> {
        let next: Vec<String> =
            vec!["plugsmith build".into(), "plugsmith test".into(), example.command().into()];
        let places = vec![
            ("name", self.name.clone()),
            ("lang", Lang::Rust.key().to_owned()),
            ("about", example.about()),
            ("commands", next.join("\n")),
            ("pdk", PDK.requirement(self.pdk.as_deref(), output)?),
            ("dependencies", example.dependencies().to_owned()),
        ];
        let files = templates::example(example).collect();
        Ok(Plan { what: "an example in Rust".into(), files, places, next })
    }

    fn plan_host(&self, output: &Output) -> Result<Plan, Failure> {
        let next = vec!["cargo test".into(), "cargo run -- plugins/greeter.wat greet Ada".into()];
        let places = vec![
            ("name", self.name.clone()),
            ("commands", next.join("\n")),
            ("plugsmith", RUNTIME.requirement(self.runtime.as_deref(), output)?),
        ];
        let files = templates::host().collect();
        Ok(Plan { what: "a program that runs plug-ins".into(), files, places, next })
    }

    fn tell(&self, output: &Output, plan: &Plan) -> Result<(), Failure> {
        let mut next = vec![format!("cd {}", self.name)];
        next.extend(plan.next.iter().cloned());
        if output.is_json() {
            let files: Vec<_> = plan.files.iter().map(|file| file.path).collect();
            return output::print_json(
                &json!({ "project": self.name, "files": files, "next": next }),
            );
        }
        let (good, dim) = (style::GOOD, style::DIM);
        let mut text = format!("{good}Created{good:#} `{}`, {}:\n", self.name, plan.what);
        for file in &plan.files {
            writeln!(text, "  {dim}{}{dim:#}", file.path).expect("a string takes any text");
        }
        text.push_str("Next:\n");
        for command in next {
            writeln!(text, "  {command}").expect("a string takes any text");
        }
        output::print(&text)
    }
}

/// Returns the failure that nobody said what to make.
fn ask_what() -> Failure {
    let langs: Vec<_> = Lang::value_variants().iter().map(|lang| lang.key()).collect();
    Failure::new(Exit::Usage, "it is not said what to make").with_help(format!(
        "`--lang LANG` makes a plug-in in {}; `--example NAME` begins with an example, and `--host rust` \
         makes a program that runs plug-ins",
        langs.join(", ")
    ))
}

/// Makes the project's folder, unless it is there and empty.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    let cannot = |err: io::Error| {
        Failure::new(Exit::Input, format!("cannot make the folder `{}`", folder.display()))
            .with_cause(err)
    };
    match fs::create_dir(folder) {
        Ok(()) => return Ok(()),
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
        Err(err) => return Err(cannot(err)),
    }
    let is_file = folder.is_file();
    if !is_file && folder.read_dir().map_err(cannot)?.next().is_none() {
        return Ok(());
    }
    let found = if is_file { "is a file" } else { "is there, and not empty" };
    Err(Failure::new(Exit::Input, format!("`{}` {found}", folder.display()))
        .with_help("choose another name; nothing is ever overwritten"))
}

/// Writes a file that is not there yet.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let create = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
    };
    create().map_err(|err| {
        Failure::new(Exit::Input, format!("cannot write `{}`", path.display())).with_cause(err)
    })
}
