//! Manifests of several modules: who may import what from whom.

use plugsmith::{Function, Manifest, Plugin, PluginBuilder, UserData, Wasm};

use crate::guest::{call, load_error, manifest, wasm};

fn module(name: &str, wat: &str) -> Wasm {
    wasm(wat).with_name(name)
}

const SEVEN: &str = r#"(module (func (export "number") (result i32) (i32.const 7)))"#;

fn asking(namespace: &str) -> String {
    format!(
        r#"(module
            (import "{namespace}" "number" (func $number (result i32)))
            (func (export "number") (result i32) (i32.add (call $number) (i32.const 1))))"#
    )
}

/// A module that exports one memory and imports another.
fn sharing(namespace: &str, exported: &str, imported: &str) -> String {
    format!(
        r#"(module
            (import "{namespace}" "{imported}" (memory 1))
            (memory (export "{exported}") 1))"#
    )
}

fn number(manifest: Manifest) -> i32 {
    let mut plugin = Plugin::new(manifest, [], false).unwrap();
    plugin.call_get_error_code::<_, ()>("number", ()).unwrap_err().1
}

#[test]
fn modules_find_each_other_in_any_order() {
    let main = module("main", &asking("side"));
    let side = module("side", &asking("deep"));
    let deep = module("deep", SEVEN);
    for order in [[&main, &side, &deep], [&deep, &side, &main], [&side, &main, &deep]] {
        assert_eq!(number(Manifest::new(order.map(Clone::clone))), 9);
    }
}

#[test]
fn a_module_wins_over_a_host_function_of_the_same_name() {
    let function = Function::new(
        "number",
        [],
        [plugsmith::ValType::I32],
        UserData::new(()),
        |_, _, results, _| {
            results[0] = 1.into();
            Ok(())
        },
    );
    let main = asking("extism:host/user");
    let modules = [module("extism:host/user", SEVEN), module("main", &main)];
    let mut plugin = Plugin::new(Manifest::new(modules), [function.clone()], false).unwrap();
    assert_eq!(plugin.call_get_error_code::<_, ()>("number", ()).unwrap_err().1, 8);
    let mut plugin = Plugin::new(manifest(&main), [function], false).unwrap();
    assert_eq!(plugin.call_get_error_code::<_, ()>("number", ()).unwrap_err().1, 2);
}

#[test]
fn side_modules_are_initialised_and_keep_their_state() {
    let side = r#"(module
        (global $n (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $n (i32.const 10)))
        (func (export "number") (result i32)
            (global.set $n (i32.add (global.get $n) (i32.const 1)))
            (global.get $n)))"#;
    let modules = [module("side", side), module("main", &asking("side"))];
    let mut plugin = Plugin::new(Manifest::new(modules), [], false).unwrap();
    for expected in [12, 13] {
        assert_eq!(plugin.call_get_error_code::<_, ()>("number", ()).unwrap_err().1, expected);
    }
}

#[test]
fn side_modules_share_the_exchange_memory() {
    let side = r#"(module
        (import "extism:host/env" "input_offset" (func $offset (result i64)))
        (import "extism:host/env" "input_length" (func $length (result i64)))
        (import "extism:host/env" "output_set" (func $output (param i64 i64)))
        (func (export "echo") (call $output (call $offset) (call $length))))"#;
    let main = r#"(module
        (import "side" "echo" (func $echo))
        (func (export "echo") (call $echo)))"#;
    let modules = [module("side", side), module("main", main)];
    let mut plugin = Plugin::new(Manifest::new(modules), [], false).unwrap();
    assert_eq!(plugin.call::<_, String>("echo", "through two").unwrap(), "through two");
    assert_eq!(call(&mut plugin, "echo").unwrap(), "");
}

#[test]
fn what_cannot_be_linked_is_named() {
    for (modules, expected) in [
        (
            vec![
                module("a", &sharing("b", "a_memory", "b_memory")),
                module("b", &sharing("a", "b_memory", "a_memory")),
                module("main", &sharing("a", "memory", "a_memory")),
            ],
            "modules import from each other in a circle: a → b → a",
        ),
        (
            vec![module("side", "(module)"), module("main", &asking("side"))],
            "module `side` of the manifest has no export `number`",
        ),
        (
            vec![
                module("side", r#"(module (func (export "number")))"#),
                module("main", &asking("side")),
            ],
            "as () -> i32, but it is provided as () -> ()",
        ),
        (
            vec![
                module("tool", r#"(module (memory (export "m") 1) (func (export "_start")))"#),
                module("main", r#"(module (import "tool" "m" (memory 1)))"#),
            ],
            "module `tool` is a command (it exports `_start`), of which only functions",
        ),
        (
            vec![
                module(
                    "main",
                    r#"(module (import "main" "m" (memory 1)) (memory (export "m") 1))"#,
                ),
                module("side", SEVEN),
            ],
            "of itself a module can import only functions",
        ),
        (vec![module("a", SEVEN), module("a", SEVEN), module("main", SEVEN)], "wasm[1].name"),
        (vec![module("extism:host/env", SEVEN), module("main", SEVEN)], "wasm[0].name"),
    ] {
        let err = load_error(PluginBuilder::new(Manifest::new(modules)));
        assert!(err.to_string().contains(expected), "{err}");
    }
}

#[test]
fn the_number_of_modules_is_limited() {
    let modules = |n: usize| {
        let side = |idx| module(&format!("side{idx}"), "(module)");
        Manifest::new((1..n).map(side).chain([module("main", SEVEN)]))
    };
    PluginBuilder::new(modules(256)).compile().unwrap();
    let err = load_error(PluginBuilder::new(modules(257)));
    assert_eq!(err.to_string(), "the manifest names 257 modules, the limit is 256");
}

#[test]
fn a_function_of_another_declared_type_is_refused_when_loaded() {
    let open = "(type $f (sub (func (result i32))))";
    for (provided, wanted, fits) in [
        ("(type $f (func (result i32)))", "(type $f (func (result i32)))", true),
        (open, open, true),
        (open, "(type $f (func (result i32)))", false),
        ("(type $f (func (result i32)))", open, false),
        ("(type $b (sub (func (result i32)))) (type $f (sub $b (func (result i32))))", open, true),
    ] {
        let side = format!(r#"(module {provided} (func (export "x") (type $f) i32.const 7))"#);
        let main = format!(
            r#"(module {wanted} (import "side" "x" (func $x (type $f)))
                (func (export "number") (result i32) (call $x)))"#
        );
        let manifest = Manifest::new([module("side", &side), module("main", &main)]);
        match Plugin::new(&manifest, [], false) {
            Ok(_) => {
                assert!(fits, "{provided} for {wanted}");
                assert_eq!(number(manifest), 7);
            }
            Err(err) => assert!(!fits, "{provided} for {wanted}: {err:?}"),
        }
    }
}

#[test]
fn imports_match_by_the_rules_of_the_specification() {
    let function = "(func $f) (elem declare func $f)";
    for (provided, wanted, fits) in [
        (r#"(global (export "x") i32 (i32.const 1))"#, "(global i32)", true),
        (r#"(global (export "x") i32 (i32.const 1))"#, "(global i64)", false),
        (r#"(global (export "x") i32 (i32.const 1))"#, "(global (mut i32))", false),
        (r#"(global (export "x") (ref func) (ref.func $f))"#, "(global funcref)", true),
        (
            r#"(global (export "x") (mut (ref func)) (ref.func $f))"#,
            "(global (mut funcref))",
            false,
        ),
        (r#"(table (export "x") 2 funcref)"#, "(table 1 funcref)", true),
        (r#"(table (export "x") 2 funcref)"#, "(table 3 funcref)", false),
        (r#"(table (export "x") 2 funcref)"#, "(table 1 2 funcref)", false),
        (r#"(table (export "x") 1 (ref func) (ref.func $f))"#, "(table 1 funcref)", false),
        (r#"(memory (export "x") 2 4)"#, "(memory 1 4)", true),
        (r#"(memory (export "x") 2 4)"#, "(memory 1 3)", false),
        (r#"(memory (export "x") 2 4)"#, "(memory 3)", false),
        (r#"(tag (export "x") (param i32))"#, "(tag (param i32))", true),
        (r#"(tag (export "x") (param i32))"#, "(tag (param i64))", false),
    ] {
        let side = format!("(module {function} {provided})");
        let main = format!(r#"(module (import "side" "x" {wanted}) (func (export "run")))"#);
        let manifest = Manifest::new([module("side", &side), module("main", &main)]);
        match Plugin::new(&manifest, [], false) {
            Ok(mut plugin) => {
                assert!(fits, "{provided} for {wanted}");
                plugin.call::<_, ()>("run", ()).unwrap();
            }
            Err(err) => {
                assert!(!fits, "{provided} for {wanted}: {err:?}");
                assert!(err.to_string().contains("but it is provided as"), "{err}");
            }
        }
    }
}
