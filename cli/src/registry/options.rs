//! How a registry is spoken to, as the command line says.

use std::{
    io::{self, Read as _},
    time::Duration,
};

use clap::Args;

use super::credentials::Credentials;
use crate::{exit::Exit, failure::Failure, plugin_options::duration};

/// How long a password can be, in bytes.
const PASSWORD_LIMIT: u64 = 64 << 10;

/// How a registry is spoken to.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Registry")]
pub(crate) struct RegistryOptions {
    /// The user's name in the registry; without it, credentials are those that `docker login` keeps.
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    username: Option<String>,
    /// Reads the password from standard input.
    #[arg(long, requires = "username")]
    pub(crate) password_stdin: bool,
    /// Speaks to the registry without encryption, as is done anyway if it is on this machine.
    #[arg(long)]
    pub(super) plain_http: bool,
    /// Limits the time of each request: milliseconds, or `500ms`, `2s`, `1m`.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5m")]
    pub(super) registry_time: Duration,
}

impl RegistryOptions {
    /// Returns the credentials of the command line, if it has some.
    ///
    /// # Errors
    ///
    /// If the password cannot be read.
    pub(super) fn credentials(&self) -> Result<Option<Credentials>, Failure> {
        let Some(user) = &self.username else { return Ok(None) };
        if user.contains(':') {
            let message = format!("`{user}` is no user's name: it has a colon in it");
            return Err(Failure::new(Exit::Usage, message));
        }
        let unread = Failure::new(Exit::Input, "cannot read the password from standard input");
        let mut password = Vec::new();
        let read = io::stdin().lock().take(PASSWORD_LIMIT + 3).read_to_end(&mut password);
        if let Err(err) = read {
            return Err(unread.with_cause(err));
        }
        let Ok(password) = String::from_utf8(password) else {
            return Err(unread.with_help("a password is text"));
        };
        let password = password.strip_suffix('\n').unwrap_or(&password);
        let password = password.strip_suffix('\r').unwrap_or(password);
        if password.len() as u64 > PASSWORD_LIMIT {
            return Err(unread.with_help(format!("a password has at most {PASSWORD_LIMIT} bytes")));
        }
        let password = password.to_owned();
        Ok(Some(Credentials::Password { user: user.clone(), password }))
    }
}
