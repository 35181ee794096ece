//! A program that runs plug-ins: `cargo run -- plugins/greeter.wat greet Ada`.

#![forbid(unsafe_code)]

use std::{env, time::Duration};

use plugsmith::{CurrentPlugin, Error, Function, Manifest, Plugin, PluginBuilder, Wasm};

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, function, input] = arguments.as_slice() else {
        return Err(Error::msg("name a plug-in, one of its functions, and an input"));
    };
    let mut plugin = load(Wasm::file(file))?;
    let output: String = plugin.call(function, input)?;
    println!("{output}");
    Ok(())
}

/// Loads a plug-in. It gets what is named here, and nothing else: no file, no network, no clock.
fn load(wasm: Wasm) -> Result<Plugin, Error> {
    let manifest = Manifest::new([wasm])
        .with_config_key("greeting", "Good day")
        .with_memory_max(256)
        .with_timeout(Duration::from_secs(2));
    PluginBuilder::new(manifest).with_functions([shout()]).build()
}

/// A function that plug-ins may import: text in, text out.
fn shout() -> Function {
    Function::typed("shout", |_: &mut CurrentPlugin<'_>, text: String| Ok(text.to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plug_in_greets_in_the_words_of_its_host() -> Result<(), Error> {
        let mut plugin = load(Wasm::data(include_bytes!("../plugins/greeter.wat")))?;
        assert_eq!(plugin.call::<&str, String>("greet", "Ada")?, "Good day, Ada!");
        Ok(())
    }

    #[test]
    fn a_failed_call_says_why_and_leaves_the_plug_in_usable() -> Result<(), Error> {
        let mut plugin = load(Wasm::data(include_bytes!("../plugins/greeter.wat")))?;
        let err = plugin.call::<&str, String>("greet", "").unwrap_err();
        assert_eq!(err.to_string(), "nobody to greet");
        assert_eq!(plugin.call::<&str, String>("count", "one two")?, r#"{"words":2,"bytes":7}"#);
        Ok(())
    }
}
