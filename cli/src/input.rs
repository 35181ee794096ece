//! Where the input of a call comes from: the command line, a file, or standard input; as a whole, or line
//! by line.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{exit::Exit, failure::Failure};

/// Where the input comes from. Without any of these it is empty.
#[derive(Clone, Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Input {
    /// The input, as text.
    #[arg(id = "input", short, long, value_name = "TEXT", allow_hyphen_values = true)]
    text: Option<String>,
    /// Reads the input from a file.
    #[arg(id = "input-file", long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Reads the input from standard input.
    #[arg(long)]
    stdin: bool,
}

impl Input {
    /// Returns the input that is standard input.
    pub(crate) fn of_stdin() -> Self {
        Self { text: None, file: None, stdin: true }
    }

    /// Says whether the input comes from standard input.
    pub(crate) fn is_stdin(&self) -> bool {
        self.stdin
    }

    /// Says whether the input comes from the command line or a file.
    pub(crate) fn is_given(&self) -> bool {
        self.text.is_some() || self.file.is_some()
    }

    /// Reads the whole input.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        if let Some(text) = &self.text {
            bytes.extend_from_slice(text.as_bytes());
        } else if let Some(path) = &self.file {
            let name = file_name(path);
            bytes = fs::read(path).map_err(|err| unreadable(&name, err))?;
        } else if self.stdin {
            let read = io::stdin().lock().read_to_end(&mut bytes);
            read.map_err(|err| unreadable("standard input", err))?;
        }
        Ok(bytes)
    }

    /// Opens the input, to be read line by line: the file, or else standard input.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened.
    pub(crate) fn lines(&self) -> Result<Lines, Failure> {
        let Some(path) = &self.file else {
            let reader = Box::new(BufReader::new(io::stdin()));
            return Ok(Lines { reader, len: None, name: "standard input".to_owned() });
        };
        let name = file_name(path);
        let file = File::open(path).map_err(|err| unreadable(&name, err))?;
        let len = file.metadata().map_err(|err| unreadable(&name, err))?.len();
        Ok(Lines { reader: Box::new(BufReader::new(file)), len: Some(len), name })
    }
}

/// An input of lines.
pub(crate) struct Lines {
    reader: Box<dyn BufRead>,
    /// In bytes, where it is known.
    pub(crate) len: Option<u64>,
    name: String,
}

impl Lines {
    /// Reads the next line, without its end. Returns `None` at the end of the input.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(crate) fn next_line(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut line = Vec::new();
        let n_read = self.reader.read_until(b'\n', &mut line);
        if n_read.map_err(|err| unreadable(&self.name, err))? == 0 {
            return Ok(None);
        }
        let end = line.strip_suffix(b"\n").unwrap_or(&line);
        line.truncate(end.strip_suffix(b"\r").unwrap_or(end).len());
        Ok(Some(line))
    }
}

fn file_name(path: &Path) -> String {
    format!("input file `{}`", path.display())
}

fn unreadable(name: &str, err: io::Error) -> Failure {
    Failure::new(Exit::Input, format!("cannot read {name}")).with_cause(err)
}
