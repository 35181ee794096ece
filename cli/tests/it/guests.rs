//! Plug-ins that tests run, as WebAssembly text.

/// Returns its input; fails with it as its message; never ends; and more that calls can come to.
pub(crate) const ECHO: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "input_length" (func $length (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "error_set" (func $error (param i64)))
    (func (export "echo") (call $output (call $input) (call $length)))
    (func (export "fail") (result i32) (call $error (call $input)) (i32.const 7))
    (func (export "picky") (result i32)
        (if (i64.eqz (call $length)) (then (unreachable)))
        (call $output (call $input) (call $length))
        (i32.const 0))
    (func (export "spin") (loop $again (br $again)))
    (func (export "trap") (unreachable))
    (func (export "status") (result i32) (i32.const 5))
    (func (export "add") (param i32 i32) (result i32) (i32.const 0)))"#;

/// Asks its host for one thing in each export.
pub(crate) const ASKING: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "length" (func $len (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "config_get" (func $config (param i64) (result i64)))
    (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
    (import "extism:host/env" "log_info" (func $info (param i64)))
    (import "extism:host/env" "log_error" (func $log_error (param i64)))
    (import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))
    (import "extism:host/env" "http_headers" (func $headers (result i64)))
    (memory 1)
    (global $count (mut i32) (i32.const 0))
    (func $say (param $block i64) (call $output (local.get $block) (call $len (local.get $block))))
    (func (export "config") (call $say (call $config (call $input))))
    (func (export "log") (call $info (call $input)))
    (func (export "complain") (call $log_error (call $input)))
    (func (export "request") (call $say (call $http (call $input) (i64.const 0))))
    (func (export "headers")
        (drop (call $http (call $input) (i64.const 0)))
        (call $say (call $headers)))
    (func (export "keep") (local $key i64)
        (local.set $key (call $alloc (i64.const 1)))
        (call $store (local.get $key) (i32.const 107))
        (call $var_set (local.get $key) (call $input)))
    (func (export "grow")
        (if (i32.eq (memory.grow (i32.const 4)) (i32.const -1)) (then (unreachable))))
    (func (export "count") (local $block i64)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (local.set $block (call $alloc (i64.const 1)))
        (call $store (local.get $block) (i32.add (i32.const 48) (global.get $count)))
        (call $output (local.get $block) (i64.const 1))))"#;

/// Reads `note.txt` in the first directory that it is granted, and makes `new.txt` there.
pub(crate) const FILES: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open" (func $open
        (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (memory (export "memory") 1)
    (data (i32.const 0) "note.txt")
    (data (i32.const 16) "new.txt")
    (func (export "read") (result i32)
        (local $status i32) (local $at i32) (local $block i64)
        (local.set $status (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 8)
            (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))
        (if (local.get $status) (then (return (local.get $status))))
        (i32.store (i32.const 32) (i32.const 128))
        (i32.store (i32.const 36) (i32.const 1000))
        (local.set $status (call $read (i32.load (i32.const 64)) (i32.const 32) (i32.const 1)
            (i32.const 40)))
        (if (local.get $status) (then (return (local.get $status))))
        (local.set $block (call $alloc (i64.extend_i32_u (i32.load (i32.const 40)))))
        (block $done (loop $next
            (br_if $done (i32.eq (local.get $at) (i32.load (i32.const 40))))
            (call $store (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))
                (i32.load8_u offset=128 (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
        (call $output (local.get $block) (i64.extend_i32_u (i32.load (i32.const 40))))
        (i32.const 0))
    (func (export "make") (result i32)
        (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 7)
            (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 64))))"#;

/// Says what module `side` says.
pub(crate) const LINKED: &str = r#"(module
    (import "side" "text" (func $text (result i64)))
    (import "extism:host/env" "length" (func $len (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (func (export "say") (local $block i64)
        (local.set $block (call $text))
        (call $output (local.get $block) (call $len (local.get $block)))))"#;

/// The module `side`.
pub(crate) const SIDE: &str = r#"(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (func (export "text") (result i64) (local $block i64)
        (local.set $block (call $alloc (i64.const 2)))
        (call $store (local.get $block) (i32.const 104))
        (call $store (i64.add (local.get $block) (i64.const 1)) (i32.const 105))
        (local.get $block)))"#;
