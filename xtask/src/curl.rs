//! `curl`, with which tests ask a plug-in that is served, as people do.

use crate::{
    skips::Skips,
    tools::{debian, program_in, search_path},
};

/// The program, Debian's package of it, and what tests know it by where it is skipped.
const NAME: &str = "curl";

const ADVICE: &str =
    "install curl: `apt-get install curl`, `dnf install curl`, `brew install curl`";

/// Sees to it that it is in `PATH`, or skips it.
pub(crate) fn find(skips: &mut Skips) {
    if program_in(&search_path(), NAME).is_some() {
        return;
    }
    if let Err(err) = debian::install(&[&[NAME]]) {
        skips.add(NAME, &err, ADVICE);
    }
}
