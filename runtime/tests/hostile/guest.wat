;; All that the interface has.
(import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
(import "extism:host/env" "free" (func $free (param i64)))
(import "extism:host/env" "length" (func $length (param i64) (result i64)))
(import "extism:host/env" "length_unsafe" (func $length_unsafe (param i64) (result i64)))
(import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
(import "extism:host/env" "load_u64" (func $load_u64 (param i64) (result i64)))
(import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
(import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
(import "extism:host/env" "input_offset" (func $input_offset (result i64)))
(import "extism:host/env" "input_length" (func $input_length (result i64)))
(import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
(import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
(import "extism:host/env" "input_set" (func $input_set (param i64 i64)))
(import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
(import "extism:host/env" "output_offset" (func $output_offset (result i64)))
(import "extism:host/env" "output_length" (func $output_length (result i64)))
(import "extism:host/env" "error_set" (func $error_set (param i64)))
(import "extism:host/env" "error_get" (func $error_get (result i64)))
(import "extism:host/env" "reset" (func $reset))
(import "extism:host/env" "memory_bytes" (func $memory_bytes (result i64)))
(import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
(import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
(import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
(import "extism:host/env" "log_info" (func $log_info (param i64)))
(import "extism:host/env" "log_error" (func $log_error (param i64)))
(import "extism:host/env" "get_log_level" (func $get_log_level (result i32)))
(import "extism:host/env" "http_request" (func $http_request (param i64 i64) (result i64)))
(import "extism:host/env" "http_status_code" (func $http_status_code (result i32)))
(import "extism:host/env" "http_headers" (func $http_headers (result i64)))

(memory $memory (export "memory") 1)

(func (export "echo") (call $output_set (call $input_offset) (call $input_length)))

;; Stops unless both are equal.
(func $is (param $found i64) (param $expected i64)
    (if (i64.ne (local.get $found) (local.get $expected)) (then unreachable)))

;; Makes a block of `len` bytes, each of which is `byte`, from its first to its last eight at least.
(func $filled (param $len i64) (param $byte i32) (result i64)
    (local $block i64) (local $at i64)
    (local.set $block (call $alloc (local.get $len)))
    (if (i64.eqz (local.get $block)) (then unreachable))
    (loop $next
        (if (i64.lt_u (local.get $at) (local.get $len)) (then
            (call $store_u8 (i64.add (local.get $block) (local.get $at)) (local.get $byte))
            (local.set $at (i64.add (local.get $at) (i64.const 1)))
            (br $next))))
    (local.get $block))

;; Makes a block of one letter.
(func $letter (param $letter i32) (result i64) (call $filled (i64.const 1) (local.get $letter)))

;; Makes a block of what is in memory from `start`.
(func $text (param $start i32) (param $len i32) (result i64)
    (local $block i64) (local $at i32)
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $len))))
    (loop $next
        (if (i32.lt_u (local.get $at) (local.get $len)) (then
            (call $store_u8
                (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))
                (i32.load8_u (i32.add (local.get $start) (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next))))
    (local.get $block))
