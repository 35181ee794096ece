//! The command line: which commands there are, and what all of them take.
//!
//! What one command takes is in its own file.

use clap::{
    Args, Error, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{
    bench::Bench,
    build::Build,
    cache::Cache,
    call::Call,
    cases::Test,
    doctor,
    exit::Exit,
    failure::Failure,
    inspect::Inspect,
    new::New,
    output::Output,
    plugin_options::PluginOptions,
    precompile::Precompile,
    pull::Pull,
    push::Push,
    repl::Repl,
    run::Run,
    serve::Serve,
    shell::{Completions, Manual},
    sign::Sign,
    validate::Validate,
    verify::Verify,
    watch::Watch,
};

/// Runs, inspects and serves WebAssembly plug-ins: those of Plugsmith, and those of Extism.
#[derive(Debug, Parser)]
#[command(
    name = "plugsmith",
    version,
    max_term_width = 100,
    disable_help_subcommand = false,
    after_long_help = Exit::table()
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
}

/// How things are printed, whatever the command.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputOptions {
    /// Prints results as JSON on standard output, and errors as JSON on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colour; `auto` is on a terminal, unless `NO_COLOR` is set.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) color: clap::ColorChoice,
}

/// What the command can do: a row for each file.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(New),
    Build(Build),
    Test(Test),
    Call(Call),
    Inspect(Inspect),
    Validate(Validate),
    Bench(Bench),
    Repl(Repl),
    Watch(Watch),
    Precompile(Precompile),
    Sign(Sign),
    Verify(Verify),
    Cache(Cache),
    Serve(Serve),
    Push(Push),
    Pull(Pull),
    Run(Run),
    /// Checks what of this machine matters to plug-ins, and says how to mend what is amiss.
    Doctor,
    Completions(Completions),
    #[command(hide = true)]
    Man(Manual),
}

impl Command {
    /// Does what was asked for.
    ///
    /// # Errors
    ///
    /// What the person at the terminal is to be told.
    pub(crate) fn run(mut self, output: &Output) -> Result<Exit, Failure> {
        if let Some(plugin) = self.plugin() {
            plugin.enter_project()?;
        }
        match self {
            Self::New(new) => new.run(output),
            Self::Build(build) => build.run(output),
            Self::Test(test) => test.run(output),
            Self::Call(call) => call.run(output),
            Self::Inspect(inspect) => inspect.run(output),
            Self::Validate(validate) => validate.run(output),
            Self::Bench(bench) => bench.run(output),
            Self::Repl(repl) => repl.run(output),
            Self::Watch(watch) => watch.run(output),
            Self::Precompile(precompile) => precompile.run(output),
            Self::Sign(sign) => sign.run(output),
            Self::Verify(verify) => verify.run(output),
            Self::Cache(cache) => cache.run(output),
            Self::Serve(serve) => serve.run(output),
            Self::Push(push) => push.run(output),
            Self::Pull(pull) => pull.run(output),
            Self::Run(run) => run.run(output),
            Self::Doctor => doctor::run(output),
            Self::Completions(completions) => completions.run(),
            Self::Man(manual) => manual.run(output),
        }
    }

    /// Returns the plug-in that the command is about, unless the command itself has more to do with projects.
    fn plugin(&mut self) -> Option<&mut PluginOptions> {
        match self {
            Self::Call(call) => Some(&mut call.plugin),
            Self::Inspect(inspect) => Some(&mut inspect.plugin),
            Self::Validate(validate) => Some(&mut validate.plugin),
            Self::Bench(bench) => Some(&mut bench.plugin),
            Self::Repl(repl) => Some(&mut repl.plugin),
            Self::Precompile(precompile) => Some(&mut precompile.plugin),
            Self::Serve(serve) => Some(&mut serve.plugin),
            _ => None,
        }
    }
}

/// Adds to an error of the parser what helps who gives a function its input without an option.
pub(crate) fn advise(mut err: Error) -> Error {
    let is_of_function =
        err.get(ContextKind::Usage).is_some_and(|usage| usage.to_string().contains("<FUNCTION>"));
    let word = match err.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) if err.kind() == ErrorKind::UnknownArgument => word,
        _ => return err,
    };
    if is_of_function && !word.starts_with('-') {
        let advice = format!("an input has an option in front: `--input '{word}'`");
        err.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    }
    err
}

/// Returns what an error of the parser says, without the usage that follows.
pub(crate) fn first_lines(err: &Error) -> String {
    let text = err.render().to_string();
    let text = text.split("\n\nUsage:").next().unwrap_or(&text);
    let text = text.split("\n\nFor more information").next().unwrap_or(text);
    text.strip_prefix("error: ").unwrap_or(text).trim_end().to_owned()
}
