//! What a plug-in imports from its host, and what makes it pleasant to use.
//!
//! Host and plug-in exchange bytes through blocks, which lie in a memory that belongs to neither: a
//! `Block` is the name of one. `run` makes an export of a function from input to output; `config`,
//! `variable` and `setVariable` are what the host keeps. Copy this file into projects of your own.

const std = @import("std");
const Allocator = std.mem.Allocator;

/// What a plug-in's function can fail with.
pub const Failure = error{
    /// The host has been told why: see `Call.fail`.
    Told,
    /// There is no room, in the plug-in's memory or in the host's.
    OutOfMemory,
};

/// One call from the host.
pub const Call = struct {
    /// The bytes that the host passes.
    input: []const u8,
    /// Memory for as long as the call takes. Nothing needs to be freed.
    arena: Allocator,

    /// Tells the host why the call has failed: `return call.fail("no {s}", .{name});`
    pub fn fail(call: Call, comptime format: []const u8, values: anytype) Failure {
        const message = try call.arena.print(format, values);
        env.error_set((try Block.of(message)).offset);
        return error.Told;
    }
};

/// Runs a function for one call of the host, and returns what the export is to return.
pub fn run(function: fn (Call) Failure![]const u8) i32 {
    var arena: std.heap.ArenaAllocator = .init(std.heap.wasm_allocator);
    defer arena.deinit();
    finish(function, arena.allocator()) catch return 1;
    return 0;
}

fn finish(function: fn (Call) Failure![]const u8, arena: Allocator) Failure!void {
    const output = try function(.{ .input = try readInput(arena), .arena = arena });
    const block: Block = try .of(output);
    env.output_set(block.offset, output.len);
}

/// The configuration's value for a key, or null if it is not set.
pub fn config(arena: Allocator, key: []const u8) Allocator.Error!?[]const u8 {
    return take(arena, env.config_get((try Block.of(key)).offset));
}

/// The bytes that the host keeps under a key, or null if there are none.
pub fn variable(arena: Allocator, key: []const u8) Allocator.Error!?[]const u8 {
    return take(arena, env.var_get((try Block.of(key)).offset));
}

/// Has the host keep bytes under a key, from call to call. No bytes remove the variable.
pub fn setVariable(key: []const u8, value: []const u8) Allocator.Error!void {
    env.var_set((try Block.of(key)).offset, (try Block.of(value)).offset);
}

/// A block of the memory that lies between host and plug-in.
pub const Block = struct {
    /// Its name. 0 is the block without bytes.
    offset: u64,

    /// Copies bytes into a new block.
    pub fn of(bytes: []const u8) Allocator.Error!Block {
        const offset = env.alloc(bytes.len);
        if (offset == 0 and bytes.len > 0) return error.OutOfMemory;
        var at: usize = 0;
        while (at + 8 <= bytes.len) : (at += 8) {
            env.store_u64(offset + at, std.mem.readInt(u64, bytes[at..][0..8], .little));
        }
        while (at < bytes.len) : (at += 1) env.store_u8(offset + at, bytes[at]);
        return .{ .offset = offset };
    }

    /// Copies the block's bytes.
    pub fn read(block: Block, arena: Allocator) Allocator.Error![]u8 {
        const bytes = try arena.alloc(u8, @intCast(env.length(block.offset)));
        var at: usize = 0;
        while (at + 8 <= bytes.len) : (at += 8) {
            std.mem.writeInt(u64, bytes[at..][0..8], env.load_u64(block.offset + at), .little);
        }
        while (at < bytes.len) : (at += 1) bytes[at] = @truncate(env.load_u8(block.offset + at));
        return bytes;
    }

    /// Frees a block that is the plug-in's: one that it made, or got from a host function.
    pub fn free(block: Block) void {
        env.free(block.offset);
    }
};

/// Copies and frees a block that the host has made for the plug-in; offset 0 is none.
fn take(arena: Allocator, offset: u64) Allocator.Error!?[]const u8 {
    if (offset == 0) return null;
    const block: Block = .{ .offset = offset };
    defer block.free();
    return try block.read(arena);
}

fn readInput(arena: Allocator) Allocator.Error![]u8 {
    const bytes = try arena.alloc(u8, @intCast(env.input_length()));
    var at: usize = 0;
    while (at + 8 <= bytes.len) : (at += 8) {
        std.mem.writeInt(u64, bytes[at..][0..8], env.input_load_u64(at), .little);
    }
    while (at < bytes.len) : (at += 1) bytes[at] = @truncate(env.input_load_u8(at));
    return bytes;
}

/// The host's own functions, as they are. The host frees what `config_get`, `var_get` and `var_set`
/// are given.
const env = struct {
    extern "extism:host/env" fn alloc(len: u64) u64;
    extern "extism:host/env" fn free(offset: u64) void;
    extern "extism:host/env" fn length(offset: u64) u64;
    extern "extism:host/env" fn load_u8(offset: u64) u32;
    extern "extism:host/env" fn load_u64(offset: u64) u64;
    extern "extism:host/env" fn store_u8(offset: u64, byte: u32) void;
    extern "extism:host/env" fn store_u64(offset: u64, word: u64) void;
    extern "extism:host/env" fn input_length() u64;
    extern "extism:host/env" fn input_load_u8(at: u64) u32;
    extern "extism:host/env" fn input_load_u64(at: u64) u64;
    extern "extism:host/env" fn output_set(offset: u64, len: u64) void;
    extern "extism:host/env" fn error_set(offset: u64) void;
    extern "extism:host/env" fn config_get(key: u64) u64;
    extern "extism:host/env" fn var_get(key: u64) u64;
    extern "extism:host/env" fn var_set(key: u64, value: u64) void;
};
