//! Where a scene is played: a folder of its own, a terminal of a fixed width, and perhaps a server.
//!
//! Knows the few words that scenes are made of, and passes nothing on to a shell.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::cli::PROGRAM;

/// The address that readers see; servers take any port that is free.
const SHOWN_ADDRESS: &str = "127.0.0.1:8080";

/// A scene's folder, and what goes on in it.
pub(super) struct Stage<'p> {
    program: &'p Path,
    home: PathBuf,
    place: PathBuf,
    server: Option<Server>,
}

impl<'p> Stage<'p> {
    /// Makes the folder anew, with these files in it.
    pub(super) fn new(program: &'p Path, home: PathBuf, files: &[(&str, &str)]) -> Result<Self> {
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir_all(&home)?;
        for (name, text) in files {
            fs::write(home.join(name), text)?;
        }
        Ok(Self { program, place: home.clone(), home, server: None })
    }

    /// Does what a line says, and returns what is printed.
    pub(super) fn type_in(&mut self, line: &str) -> Result<String> {
        let words = words(line);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["cd", folder] => {
                self.place.push(folder);
                Ok(String::new())
            }
            [PROGRAM, "serve", ref arguments @ ..] if !arguments.contains(&"--help") => {
                self.serve(arguments)
            }
            [PROGRAM, ref arguments @ ..] => self.run(arguments),
            ["curl", url] => self.request("GET", url, ""),
            ["curl", "--data", body, url] => self.request("POST", url, body),
            _ => bail!("a scene cannot run `{line}`"),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command
            .args(arguments)
            .current_dir(&self.place)
            .stdin(Stdio::null())
            .env_clear()
            .env("COLUMNS", "90")
            .env("NO_COLOR", "1")
            .env("XDG_CACHE_HOME", self.home.join(".cache"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments).output().context("starting the command")?;
        let [stdout, stderr] = [output.stdout, output.stderr].map(String::from_utf8);
        let [stdout, stderr] = [stdout, stderr].map(|text| text.context("the command prints text"));
        Ok(ended(stdout?) + &ended(stderr?))
    }

    /// Starts a server, which ends with the scene, and returns its first line.
    fn serve(&mut self, arguments: &[&str]) -> Result<String> {
        let arguments = [&["serve"], arguments, &["--port", "0"]].concat();
        let mut command = self.command(&arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("starting the server")?;
        let stdout = child.stdout.take().expect("it is piped");
        let server = self.server.insert(Server { child, address: String::new() });
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("the server says where it is")?;
        let address = line.split("http://").nth(1).context("the server names its address")?;
        address.trim().clone_into(&mut server.address);
        Ok(line.replace(&server.address, SHOWN_ADDRESS))
    }

    /// Asks the server what `curl` would, and returns what that would print: the body.
    fn request(&self, method: &str, url: &str, body: &str) -> Result<String> {
        let server = self.server.as_ref().context("nothing serves in this scene")?;
        let path = url.strip_prefix(&format!("http://{SHOWN_ADDRESS}"));
        let path = path.with_context(|| format!("`{url}` is nowhere in this scene"))?;
        let mut stream = TcpStream::connect(&server.address).context("reaching the server")?;
        let len = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {SHOWN_ADDRESS}\r\nconnection: close\r\n\
             content-length: {len}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("reading the answer")?;
        let (_, body) = answer.split_once("\r\n\r\n").context("the answer has a head")?;
        Ok(ended(body.to_owned()))
    }
}

/// A server that ends with its scene.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is at its end already if it cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text with the end of its last line.
fn ended(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The words of a line, in which single quotes hold several together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (idx, part) in line.split('\'').enumerate() {
        if idx % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(words("call a 'b c' -d"), ["call", "a", "b c", "-d"]);
        assert_eq!(words("call ''"), ["call", ""]);
    }

    #[test]
    fn what_is_printed_ends_with_its_line() {
        let ended = ["", "a", "a\n"].map(|text| ended(text.to_owned()));
        assert_eq!(ended, ["", "a\n", "a\n"]);
    }
}
