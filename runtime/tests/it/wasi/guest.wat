;; Does what its export's name says with its input, which is a path below descriptor 3, a text, or
;; one byte that is a status. Returns the error number of the interface's function.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get"
    (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get"
    (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_get"
    (func $fd_filestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get"
    (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name"
    (func $fd_prestat_dir_name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir"
    (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func $fd_renumber (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory"
    (func $path_create_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get"
    (func $path_filestat_get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link"
    (func $path_link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_readlink"
    (func $path_readlink (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory"
    (func $path_remove_directory (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename"
    (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink"
    (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file"
    (func $path_unlink_file (param i32 i32 i32) (result i32)))

  ;; 0: a result. 8: another. 16: buffer and length to read or write. 64: a subscription.
  ;; 128: an event. 256: a structure. 512: texts. 1024: the input. 8192: whatever was read.
  (memory (export "memory") 1)
  (data (i32.const 512) "hello")
  (data (i32.const 528) "moved")
  (data (i32.const 544) "/etc/passwd")
  (global $len (mut i32) (i32.const 0))
  (global $count (mut i32) (i32.const 0))

  ;; Copies the input to 1024.
  (func $take
    (global.set $len (i32.wrap_i64 (call $input_length)))
    (call $copy_in (i32.const 0)))
  (func $copy_in (param $at i32)
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $at) (global.get $len)))
        (i32.store8 offset=1024
          (local.get $at) (call $input_load (i64.extend_i32_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next))))

  ;; Makes `len` bytes at `start` the output.
  (func $say (param $start i32) (param $len i32)
    (local $at i32) (local $block i64)
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $len))))
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $at) (local.get $len)))
        (call $store
          (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))
          (i32.load8_u (i32.add (local.get $start) (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (if (local.get $len)
      (then (call $output_set (local.get $block) (i64.extend_i32_u (local.get $len))))))

  (func $buffer (param $start i32) (param $len i32)
    (i32.store (i32.const 16) (local.get $start))
    (i32.store (i32.const 20) (local.get $len)))

  ;; Opens the input below descriptor 3, with the flags and rights given; the descriptor is at 0.
  (func $open (param $oflags i32) (param $rights i64) (result i32)
    (call $take)
    (call $path_open
      (i32.const 3) (i32.const 1) (i32.const 1024) (global.get $len)
      (local.get $oflags) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 0)))

  (func $read_all (param $fd i32) (result i32)
    (local $errno i32)
    (call $buffer (i32.const 8192) (i32.const 4096))
    (local.set $errno
      (call $fd_read (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 8)))
    (if (i32.eqz (local.get $errno))
      (then (call $say (i32.const 8192) (i32.load (i32.const 8)))))
    (local.get $errno))

  (func (export "count")
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.store8 (i32.const 8192) (i32.add (i32.const 48) (global.get $count)))
    (call $say (i32.const 8192) (i32.const 1)))

  (func (export "args") (result i32)
    (drop (call $args_sizes_get (i32.const 0) (i32.const 8)))
    (drop (call $args_get (i32.const 256) (i32.const 8192)))
    (call $say (i32.const 8192) (i32.load (i32.const 8)))
    (i32.const 0))

  (func (export "env") (result i32)
    (drop (call $environ_sizes_get (i32.const 0) (i32.const 8)))
    (drop (call $environ_get (i32.const 256) (i32.const 8192)))
    (call $say (i32.const 8192) (i32.load (i32.const 8)))
    (i32.const 0))

  ;; Fails unless the clock stands after the year 2020.
  (func (export "clock") (result i32)
    (if (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 0))
      (then (return (i32.const 1))))
    (i64.lt_u (i64.load (i32.const 0)) (i64.const 1577836800000000000)))

  ;; Fails if sixteen random bytes are all zero.
  (func (export "random") (result i32)
    (if (call $random_get (i32.const 0) (i32.const 16)) (then (return (i32.const 1))))
    (i64.eqz (i64.or (i64.load (i32.const 0)) (i64.load (i32.const 8)))))

  (func (export "stdin") (result i32) (call $read_all (i32.const 0)))

  (func (export "exit")
    (call $take)
    (call $say (i32.const 1024) (global.get $len))
    (call $proc_exit (i32.load8_u (i32.const 1024))))

  (func (export "wild") (result i32)
    (call $fd_write (i32.const 1) (i32.const 65532) (i32.const 1000) (i32.const -4)))

  ;; Waits until or for a time on the monotonic clock.
  (func $wait (param $timeout i64) (param $flags i32) (result i32)
    (memory.fill (i32.const 64) (i32.const 0) (i32.const 48))
    (i32.store (i32.const 80) (i32.const 1))
    (i64.store (i32.const 88) (local.get $timeout))
    (i32.store16 (i32.const 104) (local.get $flags))
    (call $poll_oneoff (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 0)))
  (func (export "sleep") (result i32)
    (call $wait (i64.const 3600000000000) (i32.const 0)))
  (func (export "sleep_until") (result i32)
    (call $wait (i64.const 0x7fffffffffffffff) (i32.const 1)))
  (func (export "nap") (result i32)
    (call $wait (i64.const 1000000) (i32.const 0)))

  (func $print (param $fd i32) (result i32)
    (call $take)
    (call $buffer (i32.const 1024) (global.get $len))
    (call $fd_write (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 8)))
  (func (export "print") (result i32) (call $print (i32.const 1)))
  (func (export "complain") (result i32) (call $print (i32.const 2)))
  (func (export "print_and_trap") (drop (call $print (i32.const 1))) unreachable)

  (func (export "name") (result i32)
    (local $errno i32)
    (local.set $errno (call $fd_prestat_get (i32.const 3) (i32.const 0)))
    (if (local.get $errno) (then (return (local.get $errno))))
    (local.set $errno
      (call $fd_prestat_dir_name (i32.const 3) (i32.const 8192) (i32.load (i32.const 4))))
    (call $say (i32.const 8192) (i32.load (i32.const 4)))
    (local.get $errno))

  (func (export "read") (result i32)
    (local $errno i32)
    (local.set $errno (call $open (i32.const 0) (i64.const 2)))
    (if (local.get $errno) (then (return (local.get $errno))))
    (local.set $errno (call $read_all (i32.load (i32.const 0))))
    (if (local.get $errno) (then (return (local.get $errno))))
    (call $fd_close (i32.load (i32.const 0))))

  ;; Makes or empties a file and writes to it.
  (func (export "write") (result i32) (call $write (i32.const 9)))
  (func (export "write_new") (result i32) (call $write (i32.const 5)))
  (func $write (param $oflags i32) (result i32)
    (local $errno i32)
    (local.set $errno (call $open (local.get $oflags) (i64.const 64)))
    (if (local.get $errno) (then (return (local.get $errno))))
    (call $buffer (i32.const 512) (i32.const 5))
    (local.set $errno
      (call $fd_write (i32.load (i32.const 0)) (i32.const 16) (i32.const 1) (i32.const 8)))
    (if (local.get $errno) (then (return (local.get $errno))))
    (call $fd_close (i32.load (i32.const 0))))

  (func (export "stat") (result i32)
    (call $take)
    (call $path_filestat_get
      (i32.const 3) (i32.const 1) (i32.const 1024) (global.get $len) (i32.const 256)))
  ;; As `stat`, and says the length, which is one digit.
  (func (export "len") (result i32)
    (local $errno i32)
    (call $take)
    (local.set $errno (call $path_filestat_get
      (i32.const 3) (i32.const 1) (i32.const 1024) (global.get $len) (i32.const 256)))
    (i32.store8 (i32.const 8192) (i32.add (i32.const 48) (i32.load (i32.const 288))))
    (call $say (i32.const 8192) (i32.const 1))
    (local.get $errno))
  (func (export "list") (result i32)
    (call $fd_readdir
      (i32.const 3) (i32.const 8192) (i32.const 4096) (i64.const 0) (i32.const 8)))
  (func (export "mkdir") (result i32)
    (call $take)
    (call $path_create_directory (i32.const 3) (i32.const 1024) (global.get $len)))
  (func (export "rmdir") (result i32)
    (call $take)
    (call $path_remove_directory (i32.const 3) (i32.const 1024) (global.get $len)))
  (func (export "unlink") (result i32)
    (call $take)
    (call $path_unlink_file (i32.const 3) (i32.const 1024) (global.get $len)))
  (func (export "rename") (result i32)
    (call $take)
    (call $path_rename
      (i32.const 3) (i32.const 1024) (global.get $len)
      (i32.const 3) (i32.const 528) (i32.const 5)))
  (func (export "link") (result i32)
    (call $take)
    (call $path_link
      (i32.const 3) (i32.const 0) (i32.const 1024) (global.get $len)
      (i32.const 3) (i32.const 528) (i32.const 5)))
  ;; Makes the input a symbolic link to a file outside.
  (func (export "symlink") (result i32)
    (call $take)
    (call $path_symlink
      (i32.const 544) (i32.const 11) (i32.const 3) (i32.const 1024) (global.get $len)))
  (func (export "readlink") (result i32)
    (call $take)
    (call $path_readlink
      (i32.const 3) (i32.const 1024) (global.get $len)
      (i32.const 8192) (i32.const 4096) (i32.const 8)))
  (func (export "close") (result i32) (call $fd_close (i32.const 3)))
  (func (export "renumber_from") (result i32) (call $fd_renumber (i32.const 3) (i32.const 0)))
  (func (export "renumber_to") (result i32) (call $fd_renumber (i32.const 0) (i32.const 3)))
  (func (export "fdstat") (result i32) (call $fd_fdstat_get (i32.const 3) (i32.const 256)))
  (func (export "filestat") (result i32) (call $fd_filestat_get (i32.const 3) (i32.const 256))))
