//! What was left out for want of a tool.
//!
//! On a person's machine a missing tool costs only what needs it: the person is told before the
//! tests run, and the tests in question pass. Where the variable `CI` is set, it is an error. Tests
//! learn of it by the variable [`VARIABLE`] alone; a test that finds neither its name there nor what
//! it needs fails.

use std::env;

use anyhow::{Error, Result, bail};

use crate::progress::Paint;

/// Names what was left out, with commas between.
pub(crate) const VARIABLE: &str = "PLUGSMITH_SKIPPED";

/// What one run has left out.
#[derive(Debug, Default)]
pub(crate) struct Skips {
    skips: Vec<Skip>,
}

#[derive(Debug)]
struct Skip {
    name: &'static str,
    /// Which tool is missing, and why it could not be had.
    reason: String,
    /// How to get it.
    advice: &'static str,
}

impl Skips {
    /// Leaves something out. Tests know it by its name.
    pub(crate) fn add(&mut self, name: &'static str, reason: &Error, advice: &'static str) {
        self.skips.push(Skip { name, reason: format!("{reason:#}"), advice });
    }

    /// Tells the person what was left out, if anything was.
    ///
    /// # Errors
    ///
    /// If anything was, and `CI` is set.
    pub(crate) fn report(&self) -> Result<()> {
        let is_ci = env::var_os("CI").is_some_and(|value| !value.is_empty());
        let text = self.text();
        if self.skips.is_empty() {
            return Ok(());
        }
        if is_ci {
            bail!("nothing may be skipped where CI is set\n{text}");
        }
        eprintln!("{} for want of a tool\n{text}", Paint::for_stderr().yellow("skipped"));
        Ok(())
    }

    /// The value of [`VARIABLE`].
    pub(crate) fn names(&self) -> String {
        self.skips.iter().map(|skip| skip.name).collect::<Vec<_>>().join(",")
    }

    fn text(&self) -> String {
        let lines = self.skips.iter().map(|skip| {
            let reason = skip.reason.replace('\n', "\n    ");
            format!("  {}: {reason}\n    to have it: {}", skip.name, skip.advice)
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn what_is_skipped_is_named_with_reason_and_advice() {
        let mut skips = Skips::default();
        assert_eq!((skips.names().as_str(), skips.text().as_str()), ("", ""));
        skips.add("zig", &anyhow!("no network").context("pip failed"), "install Zig 0.17");
        skips.add("go", &anyhow!("two\nlines"), "install Go");
        assert_eq!(skips.names(), "zig,go");
        let expected = "  zig: pip failed: no network\n    to have it: install Zig 0.17\n  \
                        go: two\n    lines\n    to have it: install Go";
        assert_eq!(skips.text(), expected);
    }
}
