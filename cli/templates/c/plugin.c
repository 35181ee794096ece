/* A plug-in that greets people and counts words.
 *
 * A host can call each function with PLUGSMITH_EXPORT: by its name, with bytes in and bytes out. */

#include "plugsmith.h"

/* Greets somebody, in the words that the host has set, or else with "Hello". */
PLUGSMITH_EXPORT(greet) {
    static const char key[] = "greeting";
    static const char hello[] = "Hello";

    uint64_t name_len = plugsmith_input_length();
    if (name_len == 0) {
        return plugsmith_fail_with_input("nobody to greet");
    }
    plugsmith_block greeting = plugsmith_config_get(plugsmith_block_of(key, sizeof key - 1));
    if (greeting == 0) {
        greeting = plugsmith_block_of(hello, sizeof hello - 1);
    }

    uint64_t greeting_len = plugsmith_length(greeting);
    plugsmith_block output = plugsmith_new(greeting_len + 2 + name_len + 1);
    plugsmith_write_block(output, 0, greeting);
    plugsmith_write(output, greeting_len, ", ", 2);
    plugsmith_write_input(output, greeting_len + 2);
    plugsmith_write(output, greeting_len + 2 + name_len, "!", 1);
    return plugsmith_output(output);
}

/* Appends a string to a text of `len` bytes, and returns how long it is then. */
static size_t append(char *text, size_t len, const char *string) {
    while (*string != 0) {
        text[len++] = *string++;
    }
    return len;
}

/* Appends a number in decimal. */
static size_t append_number(char *text, size_t len, uint64_t number) {
    char digits[21];
    size_t start = sizeof digits - 1;
    digits[start] = 0;
    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return append(text, len, digits + start);
}

static int is_space(char letter) {
    return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

/* Counts words and bytes. The text is read in pieces, so that it may be of any size. */
PLUGSMITH_EXPORT(count) {
    uint64_t words = 0;
    uint64_t bytes = 0;
    int in_word = 0;
    char piece[1024];
    size_t n;
    while ((n = plugsmith_input(bytes, piece, sizeof piece)) > 0) {
        for (size_t i = 0; i < n; i++) {
            int was_in_word = in_word;
            in_word = !is_space(piece[i]);
            words += in_word && !was_in_word;
        }
        bytes += n;
    }

    char json[64];
    size_t len = append(json, 0, "{\"words\":");
    len = append_number(json, len, words);
    len = append(json, len, ",\"bytes\":");
    len = append_number(json, len, bytes);
    len = append(json, len, "}");
    return plugsmith_output(plugsmith_block_of(json, len));
}
