;; The part of the guest that does not depend on what it imports: reading a script, and honest exports.

;; The next byte of the script; 0 behind its end.
(func $byte (result i32)
    (if (i32.ge_u (global.get $at) (global.get $end)) (then (return (i32.const 0))))
    (global.set $at (i32.add (global.get $at) (i32.const 1)))
    (i32.load8_u (i32.sub (global.get $at) (i32.const 1))))

;; The next eight bytes, which may lie behind the script.
(func $word (result i64)
    (global.set $at (i32.add (global.get $at) (i32.const 8)))
    (i64.load (i32.sub (global.get $at) (i32.const 8))))

(func $short (result i32) (i32.wrap_i64 (call $argument)))

;; Where one of the registers lies.
(func $register (result i32)
    (i32.shl (i32.and (call $byte) (i32.const 7)) (i32.const 3)))

(func $keep (param $result i64)
    (i64.store
        (i32.shl (i32.and (global.get $n_kept) (i32.const 7)) (i32.const 3))
        (local.get $result))
    (global.set $n_kept (i32.add (global.get $n_kept) (i32.const 1))))

;; A new block with bytes of the script.
(func $block (result i64)
    (local $len i32) (local $block i64) (local $to i64)
    (local.set $len (call $byte))
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $len))))
    (local.set $to (local.get $block))
    (loop $next
        (if (local.get $len)
            (then
                (call $store_u8 (local.get $to) (call $byte))
                (local.set $to (i64.add (local.get $to) (i64.const 1)))
                (local.set $len (i32.sub (local.get $len) (i32.const 1)))
                (br $next))))
    (local.get $block))

;; The address of bytes of the script, which are then passed over.
(func $text (result i64)
    (local $len i32) (local $start i32)
    (local.set $len (call $byte))
    (local.set $start (global.get $at))
    (global.set $at (i32.add (global.get $at) (local.get $len)))
    (i64.extend_i32_u (local.get $start)))

(func $deeper (call $deeper) (call $keep (i64.const 0)))

(func $script
    (loop $next
        (if (i32.lt_u (global.get $at) (global.get $end)) (then (call $step) (br $next)))))

;; Copies a script from exchange memory, and does what it says.
(func $do (param $from i64) (param $len i64) (result i32)
    (local $to i32)
    (if (i64.gt_u (local.get $len) (global.get $script_limit))
        (then (local.set $len (global.get $script_limit))))
    (local.set $to (global.get $script_start))
    (global.set $at (local.get $to))
    (global.set $end (i32.add (local.get $to) (i32.wrap_i64 (local.get $len))))
    (loop $next
        (if (i32.lt_u (local.get $to) (global.get $end))
            (then
                (i32.store8 (local.get $to) (call $load_u8 (local.get $from)))
                (local.set $to (i32.add (local.get $to) (i32.const 1)))
                (local.set $from (i64.add (local.get $from) (i64.const 1)))
                (br $next))))
    (global.set $status (i32.const 0))
    (call $script)
    (global.get $status))

;; Does what the variable `script` says.
(func (export "_initialize")
    (local $key i64) (local $script i64)
    (local.set $key (call $alloc (i64.const 6)))
    (call $store_u8 (local.get $key) (i32.const 115))
    (call $store_u8 (i64.add (local.get $key) (i64.const 1)) (i32.const 99))
    (call $store_u8 (i64.add (local.get $key) (i64.const 2)) (i32.const 114))
    (call $store_u8 (i64.add (local.get $key) (i64.const 3)) (i32.const 105))
    (call $store_u8 (i64.add (local.get $key) (i64.const 4)) (i32.const 112))
    (call $store_u8 (i64.add (local.get $key) (i64.const 5)) (i32.const 116))
    (local.set $script (call $var_get (local.get $key)))
    (drop (call $do (local.get $script) (call $length (local.get $script)))))

;; Does what the input says.
(func (export "run") (result i32)
    (call $do (call $input_offset) (call $input_length)))

(func (export "echo")
    (call $output_set (call $input_offset) (call $input_length)))

;; Fails unless the guest's memory and the bytes of a large block are all zero, and else echoes.
(func (export "probe") (result i32)
    (local $at i32) (local $block i64) (local $end i64)
    (loop $next
        (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (i32.const 1))))
        (br_if $next (i32.lt_u
            (local.tee $at (i32.add (local.get $at) (i32.const 8)))
            (i32.const 262144))))
    (local.set $block (call $alloc (i64.const 100000)))
    (if (i64.eqz (local.get $block)) (then (return (i32.const 2))))
    (local.set $end (i64.add (local.get $block) (i64.const 100000)))
    (loop $next
        (if (i64.ne (call $load_u64 (local.get $block)) (i64.const 0))
            (then (return (i32.const 3))))
        (br_if $next (i64.lt_u
            (local.tee $block (i64.add (local.get $block) (i64.const 8)))
            (local.get $end))))
    (call $output_set (call $input_offset) (call $input_length))
    (i32.const 0))
