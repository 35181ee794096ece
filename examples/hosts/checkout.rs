//! The discount shop: asks the merchant's plug-in for a discount on every cart of a file.
//!
//! Shows what a host that lives on other people's plug-ins does: it sets limits, checks the
//! answers, goes on after bad lines and failed calls, and reports both.

#![forbid(unsafe_code)]

use std::{
    env,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use plugsmith::{Error, Manifest, Plugin, Wasm, convert::Json};
use plugsmith_examples::{Cart, CartLines, Discount, Ledger, Report, guest};

const HELP: &str = "\
Asks a plug-in for a discount on every cart of a file, and reports what came of it.

Usage: checkout [--carts FILE] [--plugin FILE]

  --carts FILE    carts, one JSON object a line (the carts that come with this program)
  --plugin FILE   a plug-in that exports `before_checkout` (the one in examples/guests/rust/discount)
  --help          print this

Ends with 0 if every cart was asked for, with 1 if a call failed, with 2 if none could be made; bad
lines are only reported.
";

/// The export that merchants write.
const EXPORT: &str = "before_checkout";

fn main() -> ExitCode {
    let outcome = Request::parse(env::args().skip(1)).and_then(|request| match request {
        Request::Help => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Request::Ask { carts, plugin } => ask_for_all(&carts, &plugin),
    });
    outcome.unwrap_or_else(|err| {
        eprintln!("error: {err:#}");
        ExitCode::from(2)
    })
}

fn ask_for_all(carts: &Path, plugin: &Path) -> Result<ExitCode, Error> {
    let file = File::open(carts).map_err(|err| {
        Error::from(err).context(format!("opening the carts `{}`", carts.display()))
    })?;

    // A merchant's plug-in is not trusted: it gets two seconds a cart, and 4 MiB.
    let manifest = Manifest::new([Wasm::file(plugin)])
        .with_timeout(Duration::from_secs(2))
        .with_memory_max(64);
    let mut merchant = Plugin::new(&manifest, [], false)?;
    if !merchant.function_exists(EXPORT) {
        let plugin = plugin.display();
        return Err(Error::msg(format!("the plug-in `{plugin}` exports no `{EXPORT}`")));
    }

    let mut ledger = Ledger::default();
    for (number, line) in CartLines::new(BufReader::new(file)) {
        match line {
            Ok(cart) => {
                let answer = ask(&mut merchant, &cart);
                ledger.book(number, cart, answer);
            }
            Err(err) => ledger.refuse(number, err),
        }
    }
    print!("{}", Report(&ledger));
    Ok(ExitCode::from(u8::from(!ledger.failed_calls.is_empty())))
}

fn ask(merchant: &mut Plugin, cart: &Cart) -> Result<Discount, Error> {
    let Json(discount) = merchant.call::<Json<&Cart>, Json<Discount>>(EXPORT, Json(cart))?;
    Ok(discount)
}

/// What the command line asks for.
enum Request {
    Help,
    Ask { carts: PathBuf, plugin: PathBuf },
}

impl Request {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Error> {
        let (mut carts, mut plugin) = (None, None);
        while let Some(word) = words.next() {
            let file = match word.as_str() {
                "--carts" => &mut carts,
                "--plugin" => &mut plugin,
                "-h" | "--help" => return Ok(Self::Help),
                _ => return Err(Error::msg(format!("no flag `{word}`; `--help` lists them"))),
            };
            let value = words.next();
            let value = value.ok_or_else(|| Error::msg(format!("`{word}` needs a file")))?;
            *file = Some(PathBuf::from(value));
        }
        let shipped = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/carts.jsonl"));
        Ok(Self::Ask {
            carts: carts.unwrap_or_else(shipped),
            plugin: plugin.map_or_else(|| guest("discount"), Ok)?,
        })
    }
}
