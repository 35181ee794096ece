/* A plug-in in C: counts vowels, and shows each thing that a plug-in can ask of its host. */

#include "plugsmith.h"

/* What the host program adds: takes a block with a name, and returns one with a greeting. */
PLUGSMITH_IMPORT(PLUGSMITH_USER, "greeting") plugsmith_block greeting(plugsmith_block name);

static int is_vowel(char letter) {
    static const char vowels[] = "aeiouAEIOU";
    for (size_t i = 0; i < sizeof vowels - 1; i++) {
        if (vowels[i] == letter) {
            return 1;
        }
    }
    return 0;
}

/* Writes a number in decimal, and returns how many digits it has. */
static size_t write_number(char *to, uint64_t number) {
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < n; i++) {
        to[i] = digits[n - 1 - i];
    }
    return n;
}

/* Appends a string to a text of `len` bytes, and returns how long it is then. */
static size_t append(char *text, size_t len, const char *string) {
    while (*string != 0) {
        text[len++] = *string++;
    }
    return len;
}

/* Text in, JSON out. The text is read in pieces, so that it may be of any size. */
PLUGSMITH_EXPORT(count_vowels) {
    uint64_t count = 0;
    uint64_t at = 0;
    char piece[1024];
    size_t n;
    while ((n = plugsmith_input(at, piece, sizeof piece)) > 0) {
        for (size_t i = 0; i < n; i++) {
            count += is_vowel(piece[i]);
        }
        at += n;
    }

    char json[64];
    size_t len = append(json, 0, "{\"count\":");
    len += write_number(json + len, count);
    len = append(json, len, ",\"vowels\":\"aeiouAEIOU\"}");
    return plugsmith_output(plugsmith_block_of(json, len));
}

/* Gives the input back. */
PLUGSMITH_EXPORT(echo) {
    return plugsmith_output(plugsmith_block_of_input());
}

/* Fails, and says so. */
PLUGSMITH_EXPORT(fail) {
    return plugsmith_fail_with_input("no can do: ");
}

/* Asks the host for a greeting. What a plug-in passes to the host program's own functions is still
 * the plug-in's; what it gets from them is, too, until it gives it away as output. */
PLUGSMITH_EXPORT(greet) {
    plugsmith_block name = plugsmith_block_of_input();
    plugsmith_block output = greeting(name);
    plugsmith_free(name);
    return plugsmith_output(output);
}

/* Gives the configuration's value for the key that is the input. */
PLUGSMITH_EXPORT(setting) {
    plugsmith_block value = plugsmith_config_get(plugsmith_block_of_input());
    if (value == 0) {
        return plugsmith_fail_with_input("no such setting: ");
    }
    return plugsmith_output(value);
}

/* Keeps the input in a variable of the host's, and gives what was there before. */
PLUGSMITH_EXPORT(remember) {
    static const char key[] = "last";
    plugsmith_block before = plugsmith_var_get(plugsmith_block_of(key, sizeof key - 1));
    plugsmith_var_set(plugsmith_block_of(key, sizeof key - 1), plugsmith_block_of_input());
    return plugsmith_output(before);
}
