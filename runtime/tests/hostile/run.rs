//! Runs an attack, and looks whether everybody else is served right meanwhile and afterwards.

use std::{sync::LazyLock, time::Duration};

use plugsmith::{CallError, CompiledPlugin, Error, LoadError, Plugin, PluginBuilder, Pool};

use crate::{
    attack::{Attack, Ends, Setup, Then},
    guest,
};

/// How long to wait for a plug-in of a pool that has one to give.
const PATIENCE: Duration = Duration::from_mins(1);

/// A guest that has nothing to do with any attack.
static BYSTANDER: LazyLock<CompiledPlugin> = LazyLock::new(|| {
    let module = wat::parse_str(guest::attacking("")).unwrap();
    PluginBuilder::new(module).compile().unwrap()
});

/// Runs every attack of a subject.
pub(crate) fn all(attacks: &[Attack]) {
    attacks.iter().for_each(run);
}

/// Runs an attack on a plug-in that the kernel is part of, and on one that is linked to it.
fn run(attack: &Attack) {
    let mut bystander = Plugin::new_from_compiled(&BYSTANDER).unwrap();
    assert_echo(&mut bystander, attack);
    for linked in [false, true] {
        let setup = attack.setup();
        let builder = setup.builder();
        let builder = if linked { builder.with_linked_kernel() } else { builder };
        match builder.compile() {
            Ok(compiled) => on_loaded(attack, &setup, &compiled, &mut bystander),
            Err(err) => {
                let err: LoadError = err.downcast().unwrap();
                assert_ends(attack, &Came::Load(err));
            }
        }
        (attack.judge)(&setup);
        assert_echo(&mut bystander, attack);
    }
}

fn on_loaded(attack: &Attack, setup: &Setup, compiled: &CompiledPlugin, bystander: &mut Plugin) {
    let mut attacker = Plugin::new_from_compiled(compiled).unwrap();
    let mut sibling = Plugin::new_from_compiled(compiled).unwrap();
    let behaves = attack.then == Then::Echo;
    if behaves {
        assert_echo(&mut sibling, attack);
    }
    // Twice: what the first left behind must not help the second.
    for _ in 0..2 {
        let came = attempt(&mut attacker, setup);
        assert_ends(attack, &came);
        if behaves {
            assert_echo(&mut attacker, attack);
            assert_echo(&mut sibling, attack);
        }
        assert_echo(bystander, attack);
    }
    in_a_pool(attack, setup, compiled.clone(), behaves);
    if behaves {
        assert_echo(&mut sibling, attack);
    }
}

/// Does the same with the only plug-in of a pool, which must come back usable.
fn in_a_pool(attack: &Attack, setup: &Setup, compiled: CompiledPlugin, behaves: bool) {
    let pool = plugsmith::PoolBuilder::new()
        .with_max_instances(1)
        .build(move || Plugin::new_from_compiled(&compiled));
    let pool: Pool = pool;
    let mut plugin = pool.get(PATIENCE).unwrap().unwrap();
    assert_ends(attack, &attempt(&mut plugin, setup));
    drop(plugin);
    let mut plugin = pool.get(PATIENCE).unwrap().unwrap();
    if behaves {
        assert_echo(&mut plugin, attack);
    }
}

/// What an attack came to.
#[derive(Debug)]
enum Came {
    Nothing(Vec<u8>),
    Call(CallError),
    Load(LoadError),
}

fn attempt(plugin: &mut Plugin, setup: &Setup) -> Came {
    match plugin.call::<&[u8], Vec<u8>>("attack", &setup.input) {
        Ok(output) => Came::Nothing(output),
        Err(err) => Came::Call(err.downcast().unwrap()),
    }
}

fn assert_ends(attack: &Attack, came: &Came) {
    let as_expected = match (&attack.ends, came) {
        (Ends::Harmless, Came::Nothing(_)) => true,
        (Ends::Call(variant, text), Came::Call(err)) => {
            is_variant(&format!("{err:?}"), variant) && chain(err).contains(text)
        }
        (Ends::Load(variant, text), Came::Load(err)) => {
            is_variant(&format!("{err:?}"), variant) && chain(err).contains(text)
        }
        _ => false,
    };
    let told = match came {
        Came::Nothing(output) => format!("{} bytes of output", output.len()),
        Came::Call(err) => format!("{}\n{err:?}", chain(err)),
        Came::Load(err) => format!("{}\n{err:?}", chain(err)),
    };
    assert!(
        as_expected,
        "{}, which {}: expected {}, but there is {told}",
        attack.name, attack.tries, attack.ends
    );
}

/// Says whether what a value shows for debugging is of this variant.
fn is_variant(shown: &str, variant: &str) -> bool {
    shown.strip_prefix(variant).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Returns the text of an error and of its causes.
fn chain(err: &(dyn std::error::Error + 'static)) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        text = format!("{text}: {err}");
        cause = err.source();
    }
    text
}

fn assert_echo(plugin: &mut Plugin, attack: &Attack) {
    let echoed: Result<&str, Error> = plugin.call("echo", attack.name);
    assert_eq!(echoed.ok(), Some(attack.name), "the call after {}", attack.name);
}
