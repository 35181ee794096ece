;; A plug-in that greets people and counts words.
;;
;; A host can call each function that is exported: by its name, with bytes in and bytes out. The bytes
;; pass through blocks of a memory that belongs to neither host nor plug-in. A block is named by its
;; offset; offset 0 is the block without bytes. An export returns 0, or 1 if it has failed.
(module
  (import "extism:host/env" "alloc" (func $alloc (param $len i64) (result i64)))
  (import "extism:host/env" "length" (func $length (param $block i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param $offset i64) (result i32)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param $offset i64) (param $byte i32)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param $at i64) (result i32)))
  (import "extism:host/env" "output_set" (func $output_set (param $offset i64) (param $len i64)))
  (import "extism:host/env" "error_set" (func $error_set (param $message i64)))
  (import "extism:host/env" "config_get" (func $config_get (param $key i64) (result i64)))

  ;; Texts, in the plug-in's own memory; functions take their place and their length.
  (memory 1)
  (data (i32.const 0x00) "greeting")
  (data (i32.const 0x10) "Hello")
  (data (i32.const 0x20) "nobody to greet")
  (data (i32.const 0x30) "{\"words\":")
  (data (i32.const 0x40) ",\"bytes\":")
  (data (i32.const 0x50) ", !}")
  ;; Room for the digits of a number ends here.
  (global $digits_end i32 (i32.const 0x80))

  ;; Greets somebody, in the words that the host has set, or else with "Hello".
  (func (export "greet") (result i32)
    (local $greeting i64) (local $greeting_len i64) (local $output i64) (local $len i64)
    (if (i64.eqz (call $input_length))
      (then
        (call $error_set (call $block_of (i32.const 0x20) (i32.const 15)))
        (return (i32.const 1))))
    (local.set $greeting (call $config_get (call $block_of (i32.const 0x00) (i32.const 8))))
    (if (i64.eqz (local.get $greeting))
      (then (local.set $greeting (call $block_of (i32.const 0x10) (i32.const 5)))))

    (local.set $greeting_len (call $length (local.get $greeting)))
    (local.set $len
      (i64.add (i64.add (local.get $greeting_len) (call $input_length)) (i64.const 3)))
    (local.set $output (call $new (local.get $len)))
    (call $write_block (local.get $output) (local.get $greeting))
    (call $write_input
      (call $write
        (i64.add (local.get $output) (local.get $greeting_len))
        (i32.const 0x50)
        (i32.const 2)))
    (drop
      (call $write
        (i64.sub (i64.add (local.get $output) (local.get $len)) (i64.const 1))
        (i32.const 0x52)
        (i32.const 1)))
    (call $output_set (local.get $output) (local.get $len))
    (i32.const 0))

  ;; Counts words and bytes. The block is as long as the longest answer, the output as the one there is.
  (func (export "count") (result i32)
    (local $output i64) (local $end i64)
    (local.set $output (call $new (i64.const 64)))
    (local.set $end (call $write (local.get $output) (i32.const 0x30) (i32.const 9)))
    (local.set $end (call $write_number (local.get $end) (call $n_words)))
    (local.set $end (call $write (local.get $end) (i32.const 0x40) (i32.const 9)))
    (local.set $end (call $write_number (local.get $end) (call $input_length)))
    (local.set $end (call $write (local.get $end) (i32.const 0x53) (i32.const 1)))
    (call $output_set (local.get $output) (i64.sub (local.get $end) (local.get $output)))
    (i32.const 0))

  ;; How many words the input has: runs of bytes that are not space.
  (func $n_words (result i64)
    (local $at i64) (local $words i64) (local $in_word i32) (local $was_in_word i32)
    (block $done
      (loop $next
        (br_if $done (i64.ge_u (local.get $at) (call $input_length)))
        (local.set $was_in_word (local.get $in_word))
        (local.set $in_word
          (i32.eqz (call $is_space (call $input_load_u8 (local.get $at)))))
        (local.set $words
          (i64.add
            (local.get $words)
            (i64.extend_i32_u (i32.gt_u (local.get $in_word) (local.get $was_in_word)))))
        (local.set $at (i64.add (local.get $at) (i64.const 1)))
        (br $next)))
    (local.get $words))

  ;; Whether a byte is a blank, or a tab or an end of line or page: 1 or 0.
  (func $is_space (param $byte i32) (result i32)
    (i32.or
      (i32.eq (local.get $byte) (i32.const 0x20))
      (i32.le_u (i32.sub (local.get $byte) (i32.const 0x09)) (i32.const 4))))

  ;; Makes a block. Traps where the host has no room for it.
  (func $new (param $len i64) (result i64)
    (local $block i64)
    (local.set $block (call $alloc (local.get $len)))
    (if (i64.eqz (local.get $block)) (then unreachable))
    (local.get $block))

  ;; Makes a block of a text.
  (func $block_of (param $text i32) (param $len i32) (result i64)
    (local $block i64)
    (local.set $block (call $new (i64.extend_i32_u (local.get $len))))
    (drop (call $write (local.get $block) (local.get $text) (local.get $len)))
    (local.get $block))

  ;; Copies a text to an offset, and returns the offset behind it.
  (func $write (param $offset i64) (param $text i32) (param $len i32) (result i64)
    (local $end i64)
    (local.set $end (i64.add (local.get $offset) (i64.extend_i32_u (local.get $len))))
    (block $done
      (loop $next
        (br_if $done (i64.ge_u (local.get $offset) (local.get $end)))
        (call $store_u8 (local.get $offset) (i32.load8_u (local.get $text)))
        (local.set $offset (i64.add (local.get $offset) (i64.const 1)))
        (local.set $text (i32.add (local.get $text) (i32.const 1)))
        (br $next)))
    (local.get $end))

  ;; Copies the input to an offset.
  (func $write_input (param $offset i64)
    (local $at i64)
    (block $done
      (loop $next
        (br_if $done (i64.ge_u (local.get $at) (call $input_length)))
        (call $store_u8
          (i64.add (local.get $offset) (local.get $at))
          (call $input_load_u8 (local.get $at)))
        (local.set $at (i64.add (local.get $at) (i64.const 1)))
        (br $next))))

  ;; Copies a block to an offset.
  (func $write_block (param $offset i64) (param $block i64)
    (local $end i64)
    (local.set $end (i64.add (local.get $block) (call $length (local.get $block))))
    (block $done
      (loop $next
        (br_if $done (i64.ge_u (local.get $block) (local.get $end)))
        (call $store_u8 (local.get $offset) (call $load_u8 (local.get $block)))
        (local.set $offset (i64.add (local.get $offset) (i64.const 1)))
        (local.set $block (i64.add (local.get $block) (i64.const 1)))
        (br $next))))

  ;; Writes a number in decimal to an offset, and returns the offset behind it.
  (func $write_number (param $offset i64) (param $number i64) (result i64)
    (local $digits i32)
    (local.set $digits (global.get $digits_end))
    (loop $next
      (local.set $digits (i32.sub (local.get $digits) (i32.const 1)))
      (i32.store8
        (local.get $digits)
        (i32.wrap_i64 (i64.add (i64.rem_u (local.get $number) (i64.const 10)) (i64.const 0x30))))
      (local.set $number (i64.div_u (local.get $number) (i64.const 10)))
      (br_if $next (i64.ne (local.get $number) (i64.const 0))))
    (call $write
      (local.get $offset)
      (local.get $digits)
      (i32.sub (global.get $digits_end) (local.get $digits)))))
