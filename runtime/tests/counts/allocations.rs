//! How often the host asks its allocator for memory, in each of the things that programs do most.

use std::time::Duration;

use plugsmith::{Plugin, PluginFunction, Pool, PoolBuilder};

use crate::guest::{builder, warm};

const TEXT: &str = "sixty-four bytes of text, which is no more than a few words, are";

/// Something done with a plug-in, and how often it allocates when it is done again.
type Row = (&'static str, fn(&mut Plugin), u64);

/// What the test below prints, if it fails, is what to bring this up to date with.
const ROWS: [Row; 19] = [
    ("an empty call, by name", |plugin| plugin.call("empty", ()).unwrap(), 0),
    ("one that returns a status", |plugin| plugin.call("status", ()).unwrap(), 0),
    (
        "one that lends the host's functions something",
        |plugin| plugin.call_with_host_context("empty", (), [7_u64; 4]).unwrap(),
        1,
    ),
    ("an echo of bytes", |plugin| echo::<&[u8], &[u8]>(plugin, TEXT.as_bytes()), 0),
    ("an echo of text", |plugin| echo::<&str, &str>(plugin, TEXT), 0),
    ("an echo of bytes, kept", |plugin| echo::<&[u8], Vec<u8>>(plugin, TEXT.as_bytes()), 1),
    ("an echo of text, kept", |plugin| echo::<&str, String>(plugin, TEXT), 1),
    (
        "an echo by the input's own block",
        |plugin| assert_eq!(plugin.call::<&str, &str>("reflect", TEXT).unwrap(), TEXT),
        0,
    ),
    (
        "no input and no output",
        |plugin| assert_eq!(plugin.call::<&str, &str>("reflect", "").unwrap(), ""),
        0,
    ),
    ("host functions over numbers", |plugin| plugin.call("numbers", ()).unwrap(), 0),
    ("a host function over texts", |plugin| plugin.call("texts", ()).unwrap(), 1),
    ("a configured value", |plugin| plugin.call("config_get", ()).unwrap(), 0),
    ("a variable that is read", |plugin| plugin.call("var_get", ()).unwrap(), 0),
    ("a variable that is set", |plugin| plugin.call("var_set", ()).unwrap(), 0),
    ("a line of a level that nobody logs", |plugin| plugin.call("log", ()).unwrap(), 0),
    ("blocks that come and go", |plugin| plugin.call("blocks", ()).unwrap(), 0),
    ("the question for an export", |plugin| assert!(plugin.function_exists("echo")), 0),
    ("freeing what calls exchanged", |plugin| plugin.reset().unwrap(), 0),
    ("a handle that cancels", |plugin| drop(plugin.cancel_handle()), 0),
];

fn echo<'a, 'b, In, Out>(plugin: &'b mut Plugin, input: In)
where
    In: plugsmith::ToBytes<'a>,
    Out: plugsmith::FromBytes<'b> + AsRef<[u8]>,
{
    assert_eq!(plugin.call::<In, Out>("echo", input).unwrap().as_ref(), TEXT.as_bytes());
}

/// Counts the allocations of an operation that has been done before.
fn count(mut operation: impl FnMut()) -> u64 {
    for _ in 0..3 {
        operation();
    }
    allocation_counter::measure(operation).count_total
}

#[test]
fn allocations_are_counted() {
    assert_eq!(count(|| ()), 0);
    assert_eq!(count(|| drop(Box::new(TEXT.to_owned()))), 2);
}

#[test]
fn warm_operations_allocate_what_they_return_and_no_more() {
    let mut plugin = warm(builder());
    let found: Vec<_> =
        ROWS.iter().map(|(name, operation, _)| (*name, count(|| operation(&mut plugin)))).collect();
    let expected: Vec<_> =
        ROWS.iter().map(|(name, _, n_allocations)| (*name, *n_allocations)).collect();
    assert_eq!(found, expected);
}

#[test]
fn an_export_that_was_looked_up_is_called_without_allocation() {
    let compiled = builder().compile().unwrap();
    let function: PluginFunction<&str, &str> = compiled.function("echo").unwrap();
    let mut plugin = Plugin::new_from_compiled(&compiled).unwrap();
    assert_eq!(count(|| assert_eq!(function.call(&mut plugin, TEXT).unwrap(), TEXT)), 0);
}

#[test]
fn a_warm_borrow_from_a_pool_allocates_nothing() {
    const PATIENCE: Duration = Duration::from_mins(1);
    let compiled = builder().compile().unwrap();
    let pool: Pool = PoolBuilder::new()
        .with_max_instances(2)
        .build(move || Plugin::new_from_compiled(&compiled));
    let borrow = || pool.get(PATIENCE).unwrap().unwrap();
    assert_eq!(count(|| drop(borrow())), 0);
    assert_eq!(count(|| borrow().call("empty", ()).unwrap()), 0);
    // The second comes from another shelf.
    assert_eq!(count(|| drop((borrow(), borrow()))), 0);
    let compiled = builder().compile().unwrap();
    pool.replace(move || Plugin::new_from_compiled(&compiled));
    assert_eq!(count(|| borrow().call("empty", ()).unwrap()), 0);
}
