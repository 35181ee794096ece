//! Builds the plug-in: `zig build` puts it into `zig-out/bin`.

const std = @import("std");

pub fn build(b: *std.Build) void {
    const plugin = b.addExecutable(.{
        .name = "plugin",
        .root_module = b.createModule(.{
            .root_source_file = b.path("src/plugin.zig"),
            .target = b.resolveTargetQuery(.{ .cpu_arch = .wasm32, .os_tag = .freestanding }),
            .optimize = b.standardOptimizeOption(.{ .preferred_optimize_mode = .ReleaseSmall }),
        }),
    });
    // A plug-in has no `main`; what it marks as `export` is what the host can call.
    plugin.entry = .disabled;
    plugin.rdynamic = true;
    b.installArtifact(plugin);
}
