// A plug-in that greets people and counts words.
//
// A host can call each function that is exported: by its name, with bytes in and bytes out.

import { config, fail, input, inputText, outputText } from "./plugsmith";

/** Greets somebody, in the words that the host has set, or else with "Hello". */
export function greet(): i32 {
  const name = inputText();
  if (name.length == 0) return fail("nobody to greet");
  const greeting = config("greeting");
  return outputText(`${greeting === null ? "Hello" : greeting}, ${name}!`);
}

/** Counts words and bytes. */
export function count(): i32 {
  const bytes = Uint8Array.wrap(input());
  let words = 0;
  let inWord = false;
  for (let i = 0; i < bytes.length; i++) {
    const wasInWord = inWord;
    inWord = !isSpace(bytes[i]);
    if (inWord && !wasInWord) words++;
  }
  return outputText(`{"words":${words},"bytes":${bytes.length}}`);
}

function isSpace(byte: u8): bool {
  return byte == 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
