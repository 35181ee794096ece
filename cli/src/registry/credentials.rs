//! Who the user is to a registry: as the command line says, or as other programs for registries keep it,
//! in `config.json` of the folder that `DOCKER_CONFIG` names, or of `~/.docker`.
//!
//! Credentials belong to one registry, by its host and port, and are looked for under no other name.
//! Secrets are never shown, nor put where another process could see them.

use std::{
    collections::BTreeMap,
    env, fmt, fs,
    io::{self, Read as _, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

use super::error::shown;

/// Names the folder of the file.
const FOLDER_VARIABLE: &str = "DOCKER_CONFIG";

/// What a helper calls the user where it has a token in a password's place.
const TOKEN_USER: &str = "<token>";

/// How much a helper may say, in bytes.
const HELPER_LIMIT: u64 = 1 << 20;

/// What a helper says, in part, of a registry that it does not know.
const HELPER_KNOWS_NONE: &str = "credentials not found";

/// How a user makes himself known.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// By name and password.
    Password { user: String, password: String },
    /// By a token that is good for others.
    Token(String),
}

/// Why the credentials cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    /// The file cannot be read.
    #[error("cannot read the credentials in `{}`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The file is wrong.
    #[error("the credentials in `{}` are not as they must be", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    /// What the file says of one registry is wrong.
    #[error("the credentials for `{registry}` in `{}` are not as they must be", path.display())]
    Entry { registry: String, path: PathBuf },
    /// The name of the program that keeps credentials would lead elsewhere.
    #[error("`{name}` in `{}` is no name of a credential helper", path.display())]
    HelperName { name: String, path: PathBuf },
    /// The program cannot be run.
    #[error("cannot run the credential helper `{program}`")]
    RunHelper {
        program: String,
        #[source]
        source: io::Error,
    },
    /// The program has none to give.
    #[error("the credential helper `{program}` gave no credentials for `{registry}`{said}")]
    Helper { program: String, registry: String, said: String },
}

impl CredentialsError {
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::RunHelper { .. } => {
                "install it, or give the credentials with `--username NAME --password-stdin`"
            }
            _ => {
                "`docker login` writes them anew; or give them with `--username NAME \
                 --password-stdin`"
            }
        }
    }
}

/// As much of the file as matters here.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigFile {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    /// Name and password with a colon between, in Base64.
    auth: Option<String>,
    identitytoken: Option<String>,
}

/// What a helper answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

impl Credentials {
    /// Looks for the user's credentials for a registry.
    ///
    /// # Errors
    ///
    /// If there may be some, and they cannot be read.
    pub(crate) fn find(registry: &str) -> Result<Option<Self>, CredentialsError> {
        let Some(folder) = folder() else { return Ok(None) };
        let path = folder.join("config.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(CredentialsError::Read { path, source }),
        };
        let file: ConfigFile = match serde_json::from_slice(&text) {
            Ok(file) => file,
            Err(source) => return Err(CredentialsError::File { path, source }),
        };
        let key = key(registry);
        let helper = file.cred_helpers.get(key).or(file.creds_store.as_ref());
        if let Some(name) = helper.filter(|name| !name.is_empty()) {
            if !is_helper(name) {
                let name = shown(name);
                return Err(CredentialsError::HelperName { name, path });
            }
            return ask(&format!("docker-credential-{name}"), key);
        }
        let Some(entry) = file.auths.get(key) else { return Ok(None) };
        match of_entry(entry) {
            Some(found) => Ok(Some(found)),
            None => Err(CredentialsError::Entry { registry: registry.to_owned(), path }),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password",
            Self::Token(_) => "Token",
        })
    }
}

fn folder() -> Option<PathBuf> {
    let named = env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty());
    named.map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".docker")))
}

/// Returns the name under which a registry's credentials are kept. One has a name of its own.
fn key(registry: &str) -> &str {
    if registry == "docker.io" { "https://index.docker.io/v1/" } else { registry }
}

fn of_entry(entry: &Entry) -> Option<Credentials> {
    if let Some(token) = entry.identitytoken.as_ref().filter(|token| !token.is_empty()) {
        return Some(Credentials::Token(token.clone()));
    }
    let decoded = STANDARD.decode(entry.auth.as_ref()?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Credentials::Password { user: user.to_owned(), password: password.to_owned() })
}

/// Says whether it is a word, and no path to a program elsewhere.
fn is_helper(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Asks a helper, by the protocol that they share: the registry goes to its standard input.
fn ask(program: &str, registry: &str) -> Result<Option<Credentials>, CredentialsError> {
    let failed = |source| CredentialsError::RunHelper { program: program.to_owned(), source };
    let mut command = Command::new(program);
    let piped = command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut helper = piped.stderr(Stdio::inherit()).spawn().map_err(failed)?;
    if let Some(mut stdin) = helper.stdin.take() {
        // One that knows without being told may have ended.
        let _ = stdin.write_all(registry.as_bytes());
    }
    let mut said = Vec::new();
    if let Some(stdout) = helper.stdout.take() {
        stdout.take(HELPER_LIMIT).read_to_end(&mut said).map_err(failed)?;
    }
    let status = helper.wait().map_err(failed)?;
    let refused = |said: &str| CredentialsError::Helper {
        program: program.to_owned(),
        registry: registry.to_owned(),
        said: if said.is_empty() { String::new() } else { format!(": {}", shown(said)) },
    };
    if !status.success() {
        let said = String::from_utf8_lossy(&said);
        let said = said.trim();
        return if said.contains(HELPER_KNOWS_NONE) { Ok(None) } else { Err(refused(said)) };
    }
    // What it says from here on is secret.
    let answer: Answer = serde_json::from_slice(&said).map_err(|_| refused(""))?;
    Ok(Some(match answer.username.as_str() {
        TOKEN_USER => Credentials::Token(answer.secret),
        _ => Credentials::Password { user: answer.username, password: answer.secret },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(auth: Option<&str>, identitytoken: Option<&str>) -> Entry {
        let owned = |text: &str| text.to_owned();
        Entry { auth: auth.map(owned), identitytoken: identitytoken.map(owned) }
    }

    #[test]
    fn entries_hold_a_password_or_a_token() {
        let password = |user: &str, password: &str| {
            Some(Credentials::Password { user: user.to_owned(), password: password.to_owned() })
        };
        let rows = [
            // `me:se:cret`, `me:`.
            (entry(Some("bWU6c2U6Y3JldA=="), None), password("me", "se:cret")),
            (entry(Some("bWU6"), Some("")), password("me", "")),
            (
                entry(Some("bWU6c2U6Y3JldA=="), Some("token")),
                Some(Credentials::Token("token".to_owned())),
            ),
            (entry(Some("bWU="), None), None),
            (entry(Some("?"), None), None),
            (entry(Some("/w=="), None), None),
            (entry(None, None), None),
        ];
        for (entry, expected) in rows {
            assert_eq!(of_entry(&entry), expected, "{:?}", entry.auth);
        }
    }

    #[test]
    fn helpers_are_words() {
        for (name, expected) in [
            ("pass", true),
            ("ecr-login", true),
            ("../evil", false),
            ("a b", false),
            ("a/b", false),
        ] {
            assert_eq!(is_helper(name), expected, "{name}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let password = Credentials::Password { user: "me".to_owned(), password: "pw".to_owned() };
        assert_eq!(format!("{password:?} {:?}", Credentials::Token("t".into())), "Password Token");
    }
}
