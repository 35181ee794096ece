;; What the threads of a soak call: exports that do right, and exports that go wrong in every way there is.
(module
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (import "extism:host/env" "http_request" (func $http_request (param i64 i64) (result i64)))
  (import "extism:host/env" "log_warn" (func $log_warn (param i64)))
  (import "extism:host/user" "double" (func $double (param i64) (result i64)))
  (import "extism:host/user" "reverse" (func $reverse (param i64) (result i64)))
  (import "extism:host/user" "fail" (func $fail))
  (import "extism:host/user" "panic" (func $panic))
  (memory (export "memory") 1)
  (global $n_calls (mut i64) (i64.const 0))

  ;; Makes a number the output.
  (func $give (param $number i64) (local $block i64)
    (local.set $block (call $alloc (i64.const 8)))
    (call $store_u64 (local.get $block) (local.get $number))
    (call $output_set (local.get $block) (i64.const 8)))
  ;; The name of the variable that counts.
  (func $name (result i64) (local $block i64)
    (local.set $block (call $alloc (i64.const 1)))
    (call $store_u8 (local.get $block) (i32.const 110))
    (local.get $block))

  (func (export "echo") (call $output_set (call $input_offset) (call $input_length)))
  ;; The sum of the input's bytes, each times its place.
  (func (export "sum") (local $at i64) (local $sum i64)
    (block $done
      (loop $next
        (br_if $done (i64.ge_u (local.get $at) (call $input_length)))
        (local.set $sum (i64.add (local.get $sum)
          (i64.mul (i64.extend_i32_u (call $input_load_u8 (local.get $at)))
            (local.tee $at (i64.add (local.get $at) (i64.const 1))))))
        (br $next)))
    (call $give (local.get $sum)))
  ;; How many calls of this the instance has seen.
  (func (export "calls")
    (global.set $n_calls (i64.add (global.get $n_calls) (i64.const 1)))
    (call $give (global.get $n_calls)))
  ;; Makes a variable one byte longer, and gives its length.
  (func (export "remember") (local $old i64) (local $new i64) (local $len i64)
    (local.set $old (call $var_get (call $name)))
    (local.set $len (i64.add (call $length (local.get $old)) (i64.const 1)))
    (local.set $new (call $alloc (local.get $len)))
    (call $var_set (call $name) (local.get $new))
    (call $give (local.get $len)))
  (func (export "double") (call $give (call $double (call $input_length))))
  (func (export "reverse") (local $answer i64)
    (local.set $answer (call $reverse (call $input_offset)))
    (call $output_set (local.get $answer) (call $length (local.get $answer))))
  ;; Sends the request that is the input, and gives the answer's body.
  (func (export "request") (local $answer i64)
    (local.set $answer (call $http_request (call $input_offset) (i64.const 0)))
    (call $output_set (local.get $answer) (call $length (local.get $answer))))
  ;; Reserves and frees blocks, and gives how many bytes of them were not zero: none.
  (func (export "blocks") (local $n i64) (local $block i64) (local $dirty i64)
    (loop $next
      (local.set $block (call $alloc (i64.add (i64.const 8) (local.get $n))))
      (local.set $dirty (i64.add (local.get $dirty)
        (i64.extend_i32_u (call $load_u8 (local.get $block)))))
      (call $store_u64 (local.get $block) (i64.const -1))
      (if (i64.eqz (i64.and (local.get $n) (i64.const 3))) (then (call $free (local.get $block))))
      (local.set $n (i64.add (local.get $n) (i64.const 1)))
      (br_if $next (i64.lt_u (local.get $n) (i64.const 100))))
    (call $give (local.get $dirty)))

  (func (export "traps") unreachable)
  (func (export "divides") (drop (i64.div_u (i64.const 1) (i64.const 0))))
  (func (export "reads_far") (drop (i32.load (i32.const -4))))
  (func $recurses (export "recurses") (call $recurses))
  (func (export "spins") (loop $for_ever (br $for_ever)))
  (func (export "grows") (loop $more
    (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable)
  (func (export "floods") (loop $more
    (br_if $more (i64.ne (call $alloc (i64.const 100000)) (i64.const 0)))) unreachable)
  (func (export "logs") (local $n i32) (loop $more
    (call $log_warn (call $name))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $more (i32.lt_u (local.get $n) (i32.const 50)))))
  (func (export "says_no") (result i32) (call $error_set (call $name)) (i32.const 7))
  (func (export "fails") (call $fail))
  (func (export "panics") (call $panic)))
