//! Limits of memory: what a guest is refused, what it is told, and what the host says of it.

use plugsmith::{CallError, Plugin, PluginBuilder};

use crate::guest::{call, call_error, echoing, manifest, plugin};

/// Grows its memory by pages one by one, up to 40, and makes the number that worked its status.
const GROWING: &str = r#"(module
    (memory 1)
    (func $grow (result i32)
        (local $grown i32)
        (loop $next
            (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1))
                (then (return (local.get $grown))))
            (local.set $grown (i32.add (local.get $grown) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $grown) (i32.const 40))))
        (local.get $grown))
    (func (export "grow") (result i32) (call $grow))
    (func (export "grow_and_give_up") (drop (call $grow)) unreachable)
    (func (export "give_up") unreachable)
    (func (export "size") (result i32) (memory.size)))"#;

fn limited(pages: u32) -> Plugin {
    Plugin::new(manifest(GROWING).with_memory_max(pages), [], false).unwrap()
}

fn status(plugin: &mut Plugin, name: &str) -> i32 {
    plugin.call_get_error_code::<_, ()>(name, ()).unwrap_err().1
}

#[test]
fn a_refused_growth_is_minus_one_to_the_guest() {
    for (limit, grown) in [(2, 1), (10, 9), (40, 39)] {
        let mut plugin = limited(limit);
        assert_eq!(status(&mut plugin, "grow"), grown);
        assert_eq!(status(&mut plugin, "size"), grown + 1);
    }
}

#[test]
fn the_budget_is_one_for_the_life_of_an_instance() {
    let mut plugin = limited(10);
    assert_eq!(status(&mut plugin, "grow"), 9);
    plugin.call::<_, ()>("grow", ()).unwrap();
    assert_eq!(status(&mut plugin, "size"), 10);
}

#[test]
fn a_call_that_fails_after_a_refusal_names_the_limit() {
    let mut plugin = limited(3);
    let err = call_error(&mut plugin, "grow_and_give_up");
    assert_eq!(
        err.to_string(),
        "guest memory reached its limit of 3 pages of 64 KiB, then the call failed"
    );
    let CallError::MemoryLimit { cause, limit: 3, .. } = err else { panic!("{err:?}") };
    assert!(matches!(*cause, CallError::Trap { .. }));
    // A fresh instance with a fresh budget; and a failure without a refusal names none.
    assert_eq!(status(&mut plugin, "size"), 1);
    assert!(matches!(call_error(&mut plugin, "give_up"), CallError::Trap { .. }));
}

#[test]
fn a_declared_maximum_can_be_reached_exactly() {
    let wat = r#"(module (memory 1 4)
        (func (export "grow") (result i32) (memory.grow (i32.const 3))))"#;
    let mut plugin = Plugin::new(manifest(wat).with_memory_max(4), [], false).unwrap();
    assert_eq!(status(&mut plugin, "grow"), 1);
    assert_eq!(status(&mut plugin, "grow"), -1);
}

#[test]
fn exchange_memory_is_not_counted_as_the_guests() {
    let wat = echoing("(memory 1)");
    let mut plugin = Plugin::new(manifest(&wat).with_memory_max(1), [], false).unwrap();
    let input = vec![7_u8; 4 << 20];
    assert!(plugin.call::<_, &[u8]>("echo", &input).unwrap() == input);
}

#[test]
fn an_input_beyond_the_limit_of_exchange_memory_is_refused() {
    let wat = echoing("");
    let mut plugin =
        PluginBuilder::new(manifest(&wat)).with_exchange_page_limit(20).build().unwrap();
    let limit = 20 * 65_536 - 1280;
    assert!(plugin.call::<_, &[u8]>("echo", &vec![1_u8; limit]).is_ok());
    let err = plugin.call::<_, &[u8]>("echo", &vec![1_u8; limit + 1]).unwrap_err();
    assert_eq!(
        err.to_string(),
        "input of 1309441 bytes does not fit the exchange memory, whose limit is 1309440 bytes"
    );
    assert_eq!(plugin.call::<_, String>("echo", "small").unwrap(), "small");
}

#[test]
fn an_alloc_beyond_the_limit_is_zero_and_the_failure_names_it() {
    let wat = r#"(module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (func (export "flood")
            (loop $next (br_if $next (i64.ne (call $alloc (i64.const 100000)) (i64.const 0))))
            unreachable)
        (func (export "small") (result i32) (i64.eqz (call $alloc (i64.const 10)))))"#;
    let mut plugin =
        PluginBuilder::new(manifest(wat)).with_exchange_page_limit(30).build().unwrap();
    for _ in 0..3 {
        let err = call_error(&mut plugin, "flood");
        assert!(
            err.to_string().starts_with("exchange memory reached its limit of 30 pages"),
            "{err}"
        );
        assert_eq!(call(&mut plugin, "small").unwrap(), "");
    }
}

#[test]
fn tables_have_a_limit() {
    let wat = r#"(module (table $t 1 funcref)
        (func (export "grow") (result i32)
            (table.grow $t (ref.null func) (i32.const 1048575)))
        (func (export "grow_more") (result i32)
            (table.grow $t (ref.null func) (i32.const 1))))"#;
    let mut plugin = plugin(wat);
    assert_eq!(status(&mut plugin, "grow"), 1);
    let err = call_error(&mut plugin, "grow_more");
    assert!(err.to_string().contains("tables reached its limit of 1048576 elements"), "{err}");
}

/// A guest that fills what it allocates, and says what it found there.
const FILLER: &str = r#"(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "load_u64" (func $load (param i64) (result i64)))
    (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
    (memory 1)
    (func $fill (param $len i64) (local $at i64) (local $end i64)
        (local.set $at (call $alloc (local.get $len)))
        (local.set $end (i64.add (local.get $at) (local.get $len)))
        (loop $next
            (if (i64.ne (call $load (local.get $at)) (i64.const 0)) (then unreachable))
            (call $store (local.get $at) (i64.const -1))
            (local.set $at (i64.add (local.get $at) (i64.const 8)))
            (br_if $next (i64.lt_u (local.get $at) (local.get $end)))))
    (func (export "large") (call $fill (i64.const 6000000)))
    (func (export "small") (call $fill (i64.const 80)))
    (func (export "grow") (result i32) (i32.eq (memory.grow (i32.const 200)) (i32.const -1)))
    (func (export "has_grown") (result i32) (i32.gt_u (memory.size) (i32.const 1))))"#;

#[test]
fn memory_of_large_calls_is_zero_when_it_comes_back() {
    let mut plugin = plugin(FILLER);
    for n_small_calls in [0, 1, 7, 8, 9, 40] {
        assert_eq!(call(&mut plugin, "large").unwrap(), "");
        for _ in 0..n_small_calls {
            assert_eq!(call(&mut plugin, "small").unwrap(), "");
        }
    }
    assert_eq!(call(&mut plugin, "large").unwrap(), "");
}

#[test]
fn an_instance_that_outgrew_what_it_may_keep_is_replaced() {
    let builder = || PluginBuilder::new(manifest(FILLER));
    let mut unlimited = builder().build().unwrap();
    let mut limited = builder().with_kept_page_limit(100).build().unwrap();
    limited.vars_mut().insert("kept".into(), vec![1]);
    for plugin in [&mut unlimited, &mut limited] {
        assert_eq!(call(plugin, "has_grown").unwrap(), "");
        assert_eq!(call(plugin, "grow").unwrap(), "");
    }
    assert_eq!(status(&mut unlimited, "has_grown"), 1);
    assert_eq!(call(&mut limited, "has_grown").unwrap(), "");
    assert_eq!(limited.vars().len(), 1);
}
