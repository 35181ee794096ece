"""Runs plug-ins on the published Extism library, for the tests of the package `plugsmith-compat`.

Reads one case a line from standard input, as JSON, and answers each with one line of JSON on
standard output. A case is a manifest, the functions of its host, and steps; an answer says whether
the plug-in was loaded, and what came of each step. What a case may ask for is in `src/case.rs`.

It decides nothing about right or wrong, and it catches no crash: if the library takes the process
down, the tests see that it died.
"""

import faulthandler
import json
import os
import re
import sys
import threading
import time

# The library would write compiled code below the user's home.
os.environ["EXTISM_CACHE_CONFIG"] = ""

from extism_sys import ffi, lib  # noqa: E402

TYPES = {
    "i32": lib.ExtismValType_I32,
    "i64": lib.ExtismValType_I64,
    "f32": lib.ExtismValType_F32,
    "f64": lib.ExtismValType_F64,
}

# No case takes so long, in seconds. One that does has met a fault of the library.
PATIENCE = 120

# The integer that holds the bits of a number, so that every number passes unchanged.
BITS = {"i32": "i32", "i64": "i64", "f32": "i32", "f64": "i64"}

# A line of the log that came from a guest.
GUEST_LINE = re.compile(rb'\S+ +(\w+) extism::pdk: (.*) plugin="[^"]*"\n', re.DOTALL)

# What is held at an address that was given away.
HELD = []


def text(pointer):
    """The text at a pointer of C, or None for a null pointer."""
    if pointer == ffi.NULL:
        return None
    return ffi.string(pointer).decode("utf-8", "replace")


class Memory:
    """Exchange memory, as a host function sees it through the C interface."""

    def __init__(self, current):
        self.current = current

    def read(self, offset):
        length = lib.extism_current_plugin_memory_length(self.current, offset)
        if length == 0:
            return b""
        start = lib.extism_current_plugin_memory(self.current) + offset
        return bytes(ffi.buffer(start, length))

    def write(self, data):
        if not data:
            return 0
        offset = lib.extism_current_plugin_memory_alloc(self.current, len(data))
        start = lib.extism_current_plugin_memory(self.current) + offset
        ffi.memmove(start, data, len(data))
        return offset


class Functions:
    """The host functions of one case: what the library holds of them, and what they were given."""

    def __init__(self, specs, case):
        self.kept = []
        self.seen = []
        self.plugin = ffi.NULL
        self.sibling = ffi.NULL
        self.started = threading.Event()
        self.timeout = case["timeout_ms"] / 1000
        self.pointers = [self.make(spec) for spec in specs]

    def make(self, spec):
        params, results = spec["params"], spec["results"]

        @ffi.callback(
            "void(ExtismCurrentPlugin *, ExtismVal *, uint64_t, ExtismVal *, uint64_t, void *)"
        )
        def call(current, inputs, n_inputs, outputs, n_outputs, _data):
            for idx, result in enumerate(results):
                outputs[idx].t = TYPES[result]
            self.run(spec, Memory(current), inputs, outputs)

        name = ffi.new("char[]", spec["name"].encode())
        inputs = ffi.new("ExtismValType[]", [TYPES[ty] for ty in params])
        outputs = ffi.new("ExtismValType[]", [TYPES[ty] for ty in results])
        self.kept += [call, name, inputs, outputs]
        function = lib.extism_function_new(
            name, inputs, len(params), outputs, len(results), call, ffi.NULL, ffi.NULL
        )
        if spec["namespace"] is not None:
            lib.extism_function_set_namespace(function, spec["namespace"].encode())
        return function

    def run(self, spec, memory, inputs, outputs):
        """What a host function does is the same, word for word, in `src/host.rs`."""
        does = spec["does"]
        if does == "numbers":
            values = [getattr(inputs[idx].v, BITS[ty]) for idx, ty in enumerate(spec["params"])]
            self.seen.append([spec["name"]] + [str(value) for value in values])
            for idx, ty in enumerate(spec["results"]):
                setattr(outputs[idx].v, BITS[ty], values[idx])
            return
        arguments = [memory.read(inputs[idx].v.i64) for idx in range(len(spec["params"]))]
        self.seen.append([spec["name"]] + [argument.hex() for argument in arguments])
        if does == "reply":
            answer = spec["name"].encode() + b"(" + b", ".join(arguments) + b")"
            outputs[0].v.i64 = memory.write(answer)
        elif does == "nothing":
            for idx in range(len(spec["results"])):
                outputs[idx].v.i64 = 0
        elif does == "cancel":
            lib.extism_plugin_cancel(lib.extism_plugin_cancel_handle(self.plugin))
        elif does == "start":
            self.started.set()
        elif does == "cancel_sibling":
            spin = (self.sibling, b"spin", b"", 0)
            thread = threading.Thread(target=lib.extism_plugin_call, args=spin)
            thread.start()
            self.started.wait()
            lib.extism_plugin_cancel(lib.extism_plugin_cancel_handle(self.sibling))
            thread.join()
        elif does == "overrun":
            end = time.monotonic() + 2 * self.timeout
            while time.monotonic() < end:
                pass
        else:
            raise ValueError(does)

    def free(self):
        for pointer in self.pointers:
            lib.extism_function_free(pointer)


def step(plugin, wanted):
    """Does one step of a case and says what came of it."""
    does = wanted["do"]
    if does == "call":
        data = bytes.fromhex(wanted["input"])
        status = lib.extism_plugin_call(plugin, wanted["export"].encode(), data, len(data))
        error = text(lib.extism_plugin_error(plugin))
        length = lib.extism_plugin_output_length(plugin)
        output = b""
        if error is None and length:
            output = bytes(ffi.buffer(lib.extism_plugin_output_data(plugin), length))
        return {"status": status, "error": error, "output": output.hex()}
    if does == "exists":
        return {"is": lib.extism_plugin_function_exists(plugin, wanted["export"].encode())}
    if does == "reset":
        return {"is": lib.extism_plugin_reset(plugin)}
    if does == "cancel":
        return {"is": lib.extism_plugin_cancel(lib.extism_plugin_cancel_handle(plugin))}
    raise ValueError(does)


def run(case):
    """Loads the plug-in of a case and goes through its steps."""
    functions = Functions(case["functions"], case)
    manifest = bytes.fromhex(case["manifest"])
    pointers = ffi.new("ExtismFunction *[]", functions.pointers)
    error = ffi.new("char **")
    compiled = lib.extism_compiled_plugin_new(
        manifest, len(manifest), pointers, len(functions.pointers), case["wasi"], error
    )
    plugin = ffi.NULL
    if compiled != ffi.NULL:
        plugin = lib.extism_plugin_new_from_compiled(compiled, error)
        if case["sibling"]:
            functions.sibling = lib.extism_plugin_new_from_compiled(compiled, error)
        lib.extism_compiled_plugin_free(compiled)
    if plugin == ffi.NULL:
        message = text(error[0])
        lib.extism_plugin_new_error_free(error[0])
        functions.free()
        return {"refused": message}
    functions.plugin = plugin
    if case["headers"]:
        lib.extism_plugin_allow_http_response_headers(plugin)
    steps = [step(plugin, wanted) for wanted in case["steps"]]
    lib.extism_plugin_free(plugin)
    if case["sibling"]:
        lib.extism_plugin_free(functions.sibling)
    functions.free()
    return {"refused": None, "steps": steps, "seen": functions.seen, "log": drain()}


def drain():
    """What guests have logged since the last time: pairs of level and text."""
    lines = []

    @ffi.callback("void(char *, uint64_t)")
    def take(line, length):
        found = GUEST_LINE.fullmatch(ffi.buffer(line, length)[:])
        if found:
            lines.append([part.decode() for part in found.groups()])

    lib.extism_log_drain(take)
    return lines


def log(level):
    """Has the library log what guests say from a level on, and says whether it does."""
    return {"is": lib.extism_log_custom(b"extism::pdk=" + level.lower().encode())}


def hold(data):
    """Keeps bytes in the memory of this process, and says where."""
    HELD.append(ffi.new("char[]", data))
    return {"address": int(ffi.cast("uintptr_t", HELD[-1]))}


def main():
    if len(sys.argv) > 1:
        log(sys.argv[1])
    for line in sys.stdin:
        case = json.loads(line)
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        if "hold" in case:
            answer = hold(bytes.fromhex(case["hold"]))
        elif "log" in case:
            answer = log(case["log"])
        else:
            answer = run(case)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
