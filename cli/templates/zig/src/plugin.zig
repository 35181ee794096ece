//! A plug-in that greets people and counts words.
//!
//! A host can call each `export`: by its name, with bytes in and bytes out.

const std = @import("std");
const plugsmith = @import("plugsmith.zig");
const Call = plugsmith.Call;
const Failure = plugsmith.Failure;

export fn greet() i32 {
    return plugsmith.run(greetSomebody);
}

export fn count() i32 {
    return plugsmith.run(countWords);
}

/// Greets somebody, in the words that the host has set, or else with "Hello".
fn greetSomebody(call: Call) Failure![]const u8 {
    if (call.input.len == 0) return call.fail("nobody to greet", .{});
    const greeting = try plugsmith.config(call.arena, "greeting") orelse "Hello";
    return call.arena.print("{s}, {s}!", .{ greeting, call.input });
}

/// Counts words and bytes.
fn countWords(call: Call) Failure![]const u8 {
    var words: usize = 0;
    var left = std.mem.tokenizeAny(u8, call.input, &std.ascii.whitespace);
    while (left.next() != null) words += 1;
    return call.arena.print("{{\"words\":{d},\"bytes\":{d}}}", .{ words, call.input.len });
}
