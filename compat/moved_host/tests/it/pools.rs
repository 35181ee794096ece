//! Pools: many instances of one plug-in, shared by threads.

use std::{thread, time::Duration};

use extism::*;

use crate::GUEST;

const PATIENCE: Duration = Duration::from_secs(30);

fn source() -> impl Fn() -> Result<Plugin, Error> + Send + Sync + 'static {
    let compiled = PluginBuilder::new(GUEST).compile().unwrap();
    move || Plugin::new_from_compiled(&compiled)
}

#[test]
fn threads_share_a_pool() {
    let pool: Pool = PoolBuilder::new().with_max_instances(2).build(source());
    let threads: Vec<_> = (0..4_u32)
        .map(|number| {
            let pool = pool.clone();
            thread::spawn(move || {
                let mut plugin: PoolPlugin = pool.get(PATIENCE).unwrap().unwrap();
                plugin.call::<u32, u32>("echo", number).unwrap()
            })
        })
        .collect();
    let numbers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    assert!((1..=2).contains(&pool.count()));
}

#[test]
fn a_pool_lends_a_plugin() -> Result<(), Error> {
    let pool = Pool::new(source());
    let echo = pool.with_plugin(PATIENCE, |plugin| plugin.call::<&str, String>("echo", "x"))?;
    assert_eq!(echo.as_deref(), Some("x"));
    assert!(pool.function_exists("echo", PATIENCE)?);
    assert!(!pool.function_exists("missing", PATIENCE)?);
    let plugin = pool.get(PATIENCE)?.unwrap();
    assert_eq!(plugin.id(), plugin.id);
    Ok(())
}

#[test]
fn a_pool_has_an_end() -> Result<(), Error> {
    let builder = PoolBuilder { max_instances: 1 };
    assert!(PoolBuilder::default().max_instances >= 1);
    let pool = Pool::new_from_builder(source(), builder);
    let first = pool.get(PATIENCE)?.unwrap();
    assert!(pool.get(Duration::ZERO)?.is_none());
    drop(first);
    assert!(pool.get(PATIENCE)?.is_some());
    Ok(())
}
