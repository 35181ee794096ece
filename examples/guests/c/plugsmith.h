/* What a plug-in imports from its host, and a few functions that make it pleasant to use.
 *
 * Host and plug-in exchange bytes through blocks, which lie in a memory that belongs to neither. A
 * block is named by its offset; offset 0 is the block without bytes. Blocks live until the host's
 * call returns, unless they are freed before.
 *
 * This file needs no C library and is all there is: include it, and link nothing.
 */
#ifndef PLUGSMITH_H
#define PLUGSMITH_H

#include <stddef.h>
#include <stdint.h>

/* Makes a function one that the host can call:
 *
 *     PLUGSMITH_EXPORT(greet) { ... return PLUGSMITH_OK; }
 */
#define PLUGSMITH_EXPORT(name) \
    __attribute__((export_name(#name))) int32_t name(void)

/* Takes a function from the host. Functions that the host program itself adds are in the namespace
 * PLUGSMITH_USER, unless it says otherwise. */
#define PLUGSMITH_IMPORT(namespace, name) \
    __attribute__((import_module(namespace), import_name(name)))
#define PLUGSMITH_ENV(name) PLUGSMITH_IMPORT("extism:host/env", name)
#define PLUGSMITH_USER "extism:host/user"

/* What an export returns. */
enum {
    PLUGSMITH_OK = 0,
    PLUGSMITH_FAILED = 1,
};

typedef uint64_t plugsmith_block;

/* --- What the host offers --------------------------------------------------------------------- */

PLUGSMITH_ENV("alloc") plugsmith_block plugsmith_alloc(uint64_t len);
PLUGSMITH_ENV("free") void plugsmith_free(plugsmith_block block);
PLUGSMITH_ENV("length") uint64_t plugsmith_length(plugsmith_block block);
PLUGSMITH_ENV("load_u8") uint32_t plugsmith_load_u8(uint64_t offset);
PLUGSMITH_ENV("load_u64") uint64_t plugsmith_load_u64(uint64_t offset);
PLUGSMITH_ENV("store_u8") void plugsmith_store_u8(uint64_t offset, uint32_t byte);
PLUGSMITH_ENV("store_u64") void plugsmith_store_u64(uint64_t offset, uint64_t word);

PLUGSMITH_ENV("input_length") uint64_t plugsmith_input_length(void);
PLUGSMITH_ENV("input_load_u8") uint32_t plugsmith_input_load_u8(uint64_t at);
PLUGSMITH_ENV("input_load_u64") uint64_t plugsmith_input_load_u64(uint64_t at);
PLUGSMITH_ENV("output_set") void plugsmith_output_set(uint64_t offset, uint64_t len);
PLUGSMITH_ENV("error_set") void plugsmith_error_set(plugsmith_block message);

/* The host frees the blocks that these three are given; what they return is the plug-in's. */
PLUGSMITH_ENV("config_get") plugsmith_block plugsmith_config_get(plugsmith_block key);
PLUGSMITH_ENV("var_get") plugsmith_block plugsmith_var_get(plugsmith_block key);
PLUGSMITH_ENV("var_set") void plugsmith_var_set(plugsmith_block key, plugsmith_block value);

/* --- Input ------------------------------------------------------------------------------------ */

/* Copies bytes of the input, from the place `at` on, and returns how many: fewer than there is room
 * for at the end of the input, and none behind it. */
static inline size_t plugsmith_input(uint64_t at, void *to, size_t room) {
    uint64_t len = plugsmith_input_length();
    if (at >= len) {
        return 0;
    }
    size_t n = len - at < room ? (size_t)(len - at) : room;
    uint8_t *bytes = to;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word = plugsmith_input_load_u64(at + i);
        __builtin_memcpy(bytes + i, &word, 8);
    }
    for (; i < n; i++) {
        bytes[i] = (uint8_t)plugsmith_input_load_u8(at + i);
    }
    return n;
}

/* --- Blocks ----------------------------------------------------------------------------------- */

/* Makes a block of `len` bytes; 0 if that is none. Where the host has no room for it, the call ends
 * here: the plug-in traps, and the host is told. */
static inline plugsmith_block plugsmith_new(uint64_t len) {
    plugsmith_block block = plugsmith_alloc(len);
    if (block == 0 && len > 0) {
        __builtin_trap();
    }
    return block;
}

/* Copies bytes into a block, from the place `at` on. They must fit into it. */
static inline void plugsmith_write(
    plugsmith_block block, uint64_t at, const void *from, size_t len) {
    const uint8_t *bytes = from;
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t word;
        __builtin_memcpy(&word, bytes + i, 8);
        plugsmith_store_u64(block + at + i, word);
    }
    for (; i < len; i++) {
        plugsmith_store_u8(block + at + i, bytes[i]);
    }
}

/* Copies the whole input into a block, from the place `at` on. It must fit into it. */
static inline void plugsmith_write_input(plugsmith_block block, uint64_t at) {
    uint64_t len = plugsmith_input_length();
    uint64_t i = 0;
    for (; i + 8 <= len; i += 8) {
        plugsmith_store_u64(block + at + i, plugsmith_input_load_u64(i));
    }
    for (; i < len; i++) {
        plugsmith_store_u8(block + at + i, plugsmith_input_load_u8(i));
    }
}

/* Copies a whole block into another, from the place `at` on. It must fit into it. */
static inline void plugsmith_write_block(
    plugsmith_block block, uint64_t at, plugsmith_block from) {
    uint64_t len = plugsmith_length(from);
    uint64_t i = 0;
    for (; i + 8 <= len; i += 8) {
        plugsmith_store_u64(block + at + i, plugsmith_load_u64(from + i));
    }
    for (; i < len; i++) {
        plugsmith_store_u8(block + at + i, plugsmith_load_u8(from + i));
    }
}

/* Makes a block of these bytes. */
static inline plugsmith_block plugsmith_block_of(const void *bytes, size_t len) {
    plugsmith_block block = plugsmith_new(len);
    plugsmith_write(block, 0, bytes, len);
    return block;
}

/* Makes a block of the input's bytes. */
static inline plugsmith_block plugsmith_block_of_input(void) {
    plugsmith_block block = plugsmith_new(plugsmith_input_length());
    plugsmith_write_input(block, 0);
    return block;
}

/* --- Output and errors ------------------------------------------------------------------------ */

/* Gives a whole block to the host, as the output. */
static inline int32_t plugsmith_output(plugsmith_block block) {
    plugsmith_output_set(block, plugsmith_length(block));
    return PLUGSMITH_OK;
}

/* Tells the host that the call has failed: with this text, and the input behind it. */
static inline int32_t plugsmith_fail_with_input(const char *text) {
    size_t len = 0;
    while (text[len] != 0) {
        len++;
    }
    plugsmith_block message = plugsmith_new(len + plugsmith_input_length());
    plugsmith_write(message, 0, text, len);
    plugsmith_write_input(message, len);
    plugsmith_error_set(message);
    return PLUGSMITH_FAILED;
}

#endif
