;; A plug-in written by hand: counts vowels, and shows each thing that a plug-in can ask of its host.
;;
;; Host and plug-in exchange bytes through blocks, which lie in a memory that belongs to neither. A
;; block is named by its offset, an i64; offset 0 is the block without bytes. An export returns 0, or
;; another number if it has failed.
(module
  ;; Blocks. What a plug-in frees here lives no longer than the call anyway.
  (import "extism:host/env" "alloc" (func $alloc (param $len i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param $block i64)))
  (import "extism:host/env" "length" (func $length (param $block i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param $offset i64) (param $byte i32)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param $offset i64) (param $word i64)))

  ;; The call: its input, counted from 0, and what comes of it.
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param $at i64) (result i32)))
  (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param $at i64) (result i64)))
  (import "extism:host/env" "output_set" (func $output_set (param $offset i64) (param $len i64)))
  (import "extism:host/env" "error_set" (func $error_set (param $message i64)))

  ;; What the host keeps. It frees the blocks that it is given here; what it returns is the plug-in's.
  (import "extism:host/env" "config_get" (func $config_get (param $key i64) (result i64)))
  (import "extism:host/env" "var_get" (func $var_get (param $key i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param $key i64) (param $value i64)))

  ;; What the host program adds: takes a block with a name, and returns one with a greeting.
  (import "extism:host/user" "greeting" (func $greeting (param $name i64) (result i64)))

  ;; Texts, in the plug-in's own memory.
  (memory 1)
  (data (i32.const 0) "{\"count\":")
  (global $json_start i32 (i32.const 0))
  (global $json_start_len i32 (i32.const 9))
  (data (i32.const 16) ",\"vowels\":\"aeiouAEIOU\"}")
  (global $json_end i32 (i32.const 16))
  (global $json_end_len i32 (i32.const 23))
  (data (i32.const 40) "no can do: ")
  (global $no_can_do i32 (i32.const 40))
  (global $no_can_do_len i32 (i32.const 11))
  (data (i32.const 56) "no such setting: ")
  (global $no_such_setting i32 (i32.const 56))
  (global $no_such_setting_len i32 (i32.const 17))
  (data (i32.const 80) "last")
  (global $last i32 (i32.const 80))
  (global $last_len i32 (i32.const 4))
  ;; Room for the digits of a number, and their end.
  (global $digits_end i32 (i32.const 128))

  ;; --- Exports ----------------------------------------------------------------------------------

  ;; Text in, JSON out. A vowel is one byte in UTF-8, and no other letter has such a byte in it.
  (func (export "count_vowels") (result i32)
    (local $at i64) (local $len i64) (local $count i64)
    (local $digits i32) (local $digits_len i32) (local $json i64) (local $json_len i64)
    (local.set $len (call $input_length))
    (block $done
      (loop $next
        (br_if $done (i64.ge_u (local.get $at) (local.get $len)))
        (local.set $count
          (i64.add
            (local.get $count)
            (i64.extend_i32_u (call $is_vowel (call $input_load_u8 (local.get $at))))))
        (local.set $at (i64.add (local.get $at) (i64.const 1)))
        (br $next)))

    (local.set $digits (call $write_number (local.get $count)))
    (local.set $digits_len (i32.sub (global.get $digits_end) (local.get $digits)))
    (local.set $json_len
      (i64.extend_i32_u
        (i32.add
          (i32.add (global.get $json_start_len) (local.get $digits_len))
          (global.get $json_end_len))))
    (local.set $json (call $new (local.get $json_len)))
    (call $write
      (call $write
        (call $write (local.get $json) (global.get $json_start) (global.get $json_start_len))
        (local.get $digits)
        (local.get $digits_len))
      (global.get $json_end)
      (global.get $json_end_len))
    drop
    (call $output_set (local.get $json) (local.get $json_len))
    (i32.const 0))

  ;; Gives the input back.
  (func (export "echo") (result i32)
    (call $output_set (call $block_of_input) (call $input_length))
    (i32.const 0))

  ;; Fails, and says so.
  (func (export "fail") (result i32)
    (call $fail_with_input (global.get $no_can_do) (global.get $no_can_do_len)))

  ;; Asks the host for a greeting. What a plug-in passes to the host program's own functions is still
  ;; the plug-in's to free.
  (func (export "greet") (result i32)
    (local $name i64) (local $greeting i64)
    (local.set $name (call $block_of_input))
    (local.set $greeting (call $greeting (local.get $name)))
    (call $free (local.get $name))
    (call $output_set (local.get $greeting) (call $length (local.get $greeting)))
    (i32.const 0))

  ;; Gives the configuration's value for the key that is the input.
  (func (export "setting") (result i32)
    (local $value i64)
    (local.set $value (call $config_get (call $block_of_input)))
    (if (i64.eqz (local.get $value))
      (then
        (return
          (call $fail_with_input (global.get $no_such_setting) (global.get $no_such_setting_len)))))
    (call $output_set (local.get $value) (call $length (local.get $value)))
    (i32.const 0))

  ;; Keeps the input in a variable of the host's, and gives what was there before.
  (func (export "remember") (result i32)
    (local $before i64)
    (local.set $before (call $var_get (call $block_of (global.get $last) (global.get $last_len))))
    (call $var_set
      (call $block_of (global.get $last) (global.get $last_len))
      (call $block_of_input))
    (call $output_set (local.get $before) (call $length (local.get $before)))
    (i32.const 0))

  ;; --- Blocks -----------------------------------------------------------------------------------

  ;; Makes a block of so many bytes; 0 if that is none. Traps where the host has no room for it.
  (func $new (param $len i64) (result i64)
    (local $block i64)
    (local.set $block (call $alloc (local.get $len)))
    (if (i32.and (i64.eqz (local.get $block)) (i64.ne (local.get $len) (i64.const 0)))
      (then unreachable))
    (local.get $block))

  ;; Makes a block of bytes of the plug-in's own memory.
  (func $block_of (param $bytes i32) (param $len i32) (result i64)
    (local $block i64)
    (local.set $block (call $new (i64.extend_i32_u (local.get $len))))
    (drop (call $write (local.get $block) (local.get $bytes) (local.get $len)))
    (local.get $block))

  ;; Makes a block of the input's bytes.
  (func $block_of_input (result i64)
    (local $block i64)
    (local.set $block (call $new (call $input_length)))
    (call $write_input (local.get $block))
    (local.get $block))

  ;; Copies bytes of the plug-in's own memory to an offset, and returns the offset behind them.
  (func $write (param $offset i64) (param $bytes i32) (param $len i32) (result i64)
    (local $end i32)
    (local.set $end (i32.add (local.get $bytes) (local.get $len)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $bytes) (local.get $end)))
        (call $store_u8 (local.get $offset) (i32.load8_u (local.get $bytes)))
        (local.set $offset (i64.add (local.get $offset) (i64.const 1)))
        (local.set $bytes (i32.add (local.get $bytes) (i32.const 1)))
        (br $next)))
    (local.get $offset))

  ;; Copies the input to an offset: words of eight bytes first, then what is left.
  (func $write_input (param $offset i64)
    (local $at i64) (local $len i64)
    (local.set $len (call $input_length))
    (block $no_more_words
      (loop $next
        (br_if $no_more_words
          (i64.gt_u (i64.add (local.get $at) (i64.const 8)) (local.get $len)))
        (call $store_u64
          (i64.add (local.get $offset) (local.get $at))
          (call $input_load_u64 (local.get $at)))
        (local.set $at (i64.add (local.get $at) (i64.const 8)))
        (br $next)))
    (block $done
      (loop $next
        (br_if $done (i64.ge_u (local.get $at) (local.get $len)))
        (call $store_u8
          (i64.add (local.get $offset) (local.get $at))
          (call $input_load_u8 (local.get $at)))
        (local.set $at (i64.add (local.get $at) (i64.const 1)))
        (br $next))))

  ;; --- Texts ------------------------------------------------------------------------------------

  ;; Tells the host that the call has failed: with this text, and the input behind it.
  (func $fail_with_input (param $text i32) (param $len i32) (result i32)
    (local $message i64)
    (local.set $message
      (call $new (i64.add (i64.extend_i32_u (local.get $len)) (call $input_length))))
    (call $write_input (call $write (local.get $message) (local.get $text) (local.get $len)))
    (call $error_set (local.get $message))
    (i32.const 1))

  ;; Whether a byte is a vowel: 1 or 0.
  (func $is_vowel (param $byte i32) (result i32)
    ;; This bit makes a small letter of a capital one, and no vowel of anything else.
    (local.set $byte (i32.or (local.get $byte) (i32.const 0x20)))
    (i32.or
      (i32.or
        (i32.or
          (i32.eq (local.get $byte) (i32.const 0x61)) ;; a
          (i32.eq (local.get $byte) (i32.const 0x65))) ;; e
        (i32.or
          (i32.eq (local.get $byte) (i32.const 0x69)) ;; i
          (i32.eq (local.get $byte) (i32.const 0x6f)))) ;; o
      (i32.eq (local.get $byte) (i32.const 0x75)))) ;; u

  ;; Writes a number in decimal in front of $digits_end, and returns where it begins.
  (func $write_number (param $number i64) (result i32)
    (local $at i32)
    (local.set $at (global.get $digits_end))
    (loop $next
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8
        (local.get $at)
        (i32.wrap_i64 (i64.add (i64.rem_u (local.get $number) (i64.const 10)) (i64.const 0x30))))
      (local.set $number (i64.div_u (local.get $number) (i64.const 10)))
      (br_if $next (i64.ne (local.get $number) (i64.const 0))))
    (local.get $at)))
