// What a plug-in imports from its host, and what makes it pleasant to use.
//
// Host and plug-in exchange bytes through blocks, which lie in a memory that belongs to neither. A
// `Block` is named by its offset; offset 0 is the block without bytes. Copy this file into projects
// of your own, and have the compiler use its `abort`, as `asconfig.json` does.

/** What an export returns when it has done its work. */
export const OK: i32 = 0;
/** What an export returns when it has failed. */
export const FAILED: i32 = 1;

/** A block of the memory that lies between host and plug-in. */
export class Block {
  constructor(
    /** Its name, for host functions. */
    readonly offset: u64,
  ) {}

  /** Copies bytes into a new block. */
  static of(bytes: ArrayBuffer): Block {
    const len = bytes.byteLength;
    const offset = env.alloc(len);
    assert(offset != 0 || len == 0, "the host has no room for another block");
    const from = changetype<usize>(bytes);
    let at = 0;
    for (; at + 8 <= len; at += 8) env.store_u64(offset + at, load<u64>(from + at));
    for (; at < len; at++) env.store_u8(offset + at, load<u8>(from + at));
    return new Block(offset);
  }

  /** Copies text into a new block. */
  static ofText(text: string): Block {
    return Block.of(String.UTF8.encode(text));
  }

  /** Copies the block's bytes. */
  bytes(): ArrayBuffer {
    const len = <i32>env.length(this.offset);
    const bytes = new ArrayBuffer(len);
    const to = changetype<usize>(bytes);
    let at = 0;
    for (; at + 8 <= len; at += 8) store<u64>(to + at, env.load_u64(this.offset + at));
    for (; at < len; at++) store<u8>(to + at, <u8>env.load_u8(this.offset + at));
    return bytes;
  }

  /** Frees a block that is the plug-in's: one that it made, or got from a host function. */
  free(): void {
    env.free(this.offset);
  }
}

/** The bytes that the host passes to this call. */
export function input(): ArrayBuffer {
  const len = <i32>env.input_length();
  const bytes = new ArrayBuffer(len);
  const to = changetype<usize>(bytes);
  let at = 0;
  for (; at + 8 <= len; at += 8) store<u64>(to + at, env.input_load_u64(at));
  for (; at < len; at++) store<u8>(to + at, <u8>env.input_load_u8(at));
  return bytes;
}

/** The text that the host passes to this call. */
export function inputText(): string {
  return String.UTF8.decode(input());
}

/** Gives bytes to the host, as the output. */
export function output(bytes: ArrayBuffer): i32 {
  env.output_set(Block.of(bytes).offset, bytes.byteLength);
  return OK;
}

/** Gives text to the host, as the output. */
export function outputText(text: string): i32 {
  return output(String.UTF8.encode(text));
}

/** Tells the host why the call has failed: `return fail("no …");` */
export function fail(message: string): i32 {
  env.error_set(Block.ofText(message).offset);
  return FAILED;
}

/** The configuration's value for a key, or null if it is not set. */
export function config(key: string): string | null {
  const value = take(env.config_get(Block.ofText(key).offset));
  return value ? String.UTF8.decode(value) : null;
}

/** The bytes that the host keeps under a key, or null if there are none. */
export function variable(key: string): ArrayBuffer | null {
  return take(env.var_get(Block.ofText(key).offset));
}

/** Has the host keep bytes under a key, from call to call. No bytes remove the variable. */
export function setVariable(key: string, value: ArrayBuffer): void {
  env.var_set(Block.ofText(key).offset, Block.of(value).offset);
}

/** What the compiler calls when an assertion fails: the host learns what, and where. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  fail(`${message ? message : "aborted"} (${file ? file : "?"}:${line}:${column})`);
  unreachable();
}

/** Copies and frees a block that the host has made for the plug-in; offset 0 is none. */
function take(offset: u64): ArrayBuffer | null {
  if (offset == 0) return null;
  const block = new Block(offset);
  const bytes = block.bytes();
  block.free();
  return bytes;
}

/** The host's own functions, as they are. The host frees what the last three are given. */
namespace env {
  @external("extism:host/env", "alloc")
  export declare function alloc(len: u64): u64;
  @external("extism:host/env", "free")
  export declare function free(offset: u64): void;
  @external("extism:host/env", "length")
  export declare function length(offset: u64): u64;
  @external("extism:host/env", "load_u8")
  export declare function load_u8(offset: u64): u32;
  @external("extism:host/env", "load_u64")
  export declare function load_u64(offset: u64): u64;
  @external("extism:host/env", "store_u8")
  export declare function store_u8(offset: u64, byte: u32): void;
  @external("extism:host/env", "store_u64")
  export declare function store_u64(offset: u64, word: u64): void;
  @external("extism:host/env", "input_length")
  export declare function input_length(): u64;
  @external("extism:host/env", "input_load_u8")
  export declare function input_load_u8(at: u64): u32;
  @external("extism:host/env", "input_load_u64")
  export declare function input_load_u64(at: u64): u64;
  @external("extism:host/env", "output_set")
  export declare function output_set(offset: u64, len: u64): void;
  @external("extism:host/env", "error_set")
  export declare function error_set(offset: u64): void;
  @external("extism:host/env", "config_get")
  export declare function config_get(key: u64): u64;
  @external("extism:host/env", "var_get")
  export declare function var_get(key: u64): u64;
  @external("extism:host/env", "var_set")
  export declare function var_set(key: u64, value: u64): void;
}
