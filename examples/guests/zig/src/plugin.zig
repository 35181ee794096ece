//! A plug-in in Zig: counts vowels, and shows each thing that a plug-in can ask of its host.

const std = @import("std");
const plugsmith = @import("plugsmith.zig");
const Block = plugsmith.Block;
const Call = plugsmith.Call;
const Failure = plugsmith.Failure;

/// What the host program adds: takes a block with a name, and returns one with a greeting.
extern "extism:host/user" fn greeting(name: u64) u64;

export fn count_vowels() i32 {
    return plugsmith.run(countVowels);
}

export fn echo() i32 {
    return plugsmith.run(giveBack);
}

export fn fail() i32 {
    return plugsmith.run(refuse);
}

export fn greet() i32 {
    return plugsmith.run(askForGreeting);
}

export fn setting() i32 {
    return plugsmith.run(findSetting);
}

export fn remember() i32 {
    return plugsmith.run(exchangeLast);
}

/// Text in, JSON out.
fn countVowels(call: Call) Failure![]const u8 {
    const vowels = "aeiouAEIOU";
    var count: usize = 0;
    for (call.input) |byte| {
        if (std.mem.indexOfScalar(u8, vowels, byte) != null) count += 1;
    }
    return call.arena.print("{{\"count\":{d},\"vowels\":\"{s}\"}}", .{ count, vowels });
}

/// Gives the input back.
fn giveBack(call: Call) Failure![]const u8 {
    return call.input;
}

/// Fails, and says so.
fn refuse(call: Call) Failure![]const u8 {
    return call.fail("no can do: {s}", .{call.input});
}

/// Asks the host for a greeting. What a plug-in passes to the host program's own functions, and what
/// it gets from them, is its own to free.
fn askForGreeting(call: Call) Failure![]const u8 {
    const name: Block = try .of(call.input);
    defer name.free();
    const answer: Block = .{ .offset = greeting(name.offset) };
    defer answer.free();
    return answer.read(call.arena);
}

/// Gives the configuration's value for the key that is the input.
fn findSetting(call: Call) Failure![]const u8 {
    const value = try plugsmith.config(call.arena, call.input);
    return value orelse call.fail("no such setting: {s}", .{call.input});
}

/// Keeps the input in a variable of the host's, and gives what was there before.
fn exchangeLast(call: Call) Failure![]const u8 {
    const before = try plugsmith.variable(call.arena, "last");
    try plugsmith.setVariable("last", call.input);
    return before orelse "";
}
