//! What a person sees while a command works: step i of n, what is normal, and how long it took.
//!
//! Everything goes to standard error, so that standard output stays what the command produces.
//! Colour is used on a terminal only, and never when `NO_COLOR` is set.

use std::{
    env,
    io::{IsTerminal as _, stderr},
    time::{Duration, Instant},
};

/// The steps of one command.
pub(crate) struct Progress {
    paint: Paint,
    n_steps: usize,
    step: usize,
    started: Instant,
    step_started: Instant,
}

impl Progress {
    /// Starts a command of `n_steps` steps.
    pub(crate) fn new(n_steps: usize) -> Self {
        let now = Instant::now();
        Self { paint: Paint::for_stderr(), n_steps, step: 0, started: now, step_started: now }
    }

    /// Begins the next step. `normal` says what a newcomer should expect, if there is anything.
    pub(crate) fn step(&mut self, what: &str, normal: &str) {
        self.end_step();
        self.step += 1;
        self.step_started = Instant::now();
        let count = format!("[{}/{}]", self.step, self.n_steps);
        eprintln!("{} {}", self.paint.bold(&count), self.paint.bold(what));
        if !normal.is_empty() {
            self.note(normal);
        }
    }

    /// Says something about the current step.
    pub(crate) fn note(&self, text: &str) {
        note(self.paint, text);
    }

    /// Ends the last step and says how long the whole took.
    pub(crate) fn finish(mut self, what: &str) {
        self.end_step();
        eprintln!("{} in {}", self.paint.green(what), elapsed(self.started.elapsed()));
    }

    fn end_step(&mut self) {
        if self.step > 0 {
            self.note(&format!("done in {}", elapsed(self.step_started.elapsed())));
        }
    }
}

/// Colours, or none.
#[derive(Clone, Copy)]
pub(crate) struct Paint {
    colour: bool,
}

impl Paint {
    /// Colour if standard error is a terminal and nobody asked for none.
    pub(crate) fn for_stderr() -> Self {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colour: stderr().is_terminal() && !unwanted }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Says something below the line of a step, or where there are no steps.
pub(crate) fn note(paint: Paint, text: &str) {
    for line in text.lines() {
        eprintln!("      {}", paint.dim(line));
    }
}

fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_said_as_exactly_as_it_matters() {
        let rows = [(0, "0.0 s"), (1_250, "1.2 s"), (59_900, "59 s"), (61_000, "1 min 1 s")];
        for (millis, text) in rows {
            assert_eq!(elapsed(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn paint_without_colour_leaves_the_text_alone() {
        assert_eq!(Paint { colour: false }.red("error:"), "error:");
        assert_eq!(Paint { colour: true }.red("error:"), "\x1b[31merror:\x1b[0m");
    }
}
