// A plug-in in AssemblyScript: counts vowels, and shows each thing that a plug-in can ask of its host.

import {
  Block,
  config,
  fail as failWith,
  input,
  inputText,
  output,
  outputText,
  setVariable,
  variable,
} from "./plugsmith";

// What the host program adds: takes a block with a name, and returns one with a greeting.
@external("extism:host/user", "greeting")
declare function greeting(name: u64): u64;

/** Text in, JSON out. */
export function count_vowels(): i32 {
  const vowels = "aeiouAEIOU";
  const text = inputText();
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    if (vowels.includes(text.charAt(i))) count++;
  }
  return outputText(`{"count":${count},"vowels":"${vowels}"}`);
}

/** Gives the input back. */
export function echo(): i32 {
  return output(input());
}

/** Fails, and says so. */
export function fail(): i32 {
  return failWith("no can do: " + inputText());
}

/**
 * Asks the host for a greeting. What a plug-in passes to the host program's own functions, and what
 * it gets from them, is its own to free.
 */
export function greet(): i32 {
  const name = Block.of(input());
  const answer = new Block(greeting(name.offset));
  name.free();
  const bytes = answer.bytes();
  answer.free();
  return output(bytes);
}

/** Gives the configuration's value for the key that is the input. */
export function setting(): i32 {
  const key = inputText();
  const value = config(key);
  return value === null ? failWith("no such setting: " + key) : outputText(value);
}

/** Keeps the input in a variable of the host's, and gives what was there before. */
export function remember(): i32 {
  const before = variable("last");
  setVariable("last", input());
  return output(before ? before : new ArrayBuffer(0));
}
