// Counts lines, words, bytes and the longest line of standard input, and prints a checksum and the last line.
//
// usage: stdin [read|stdio]; both ways of reading must see the same bytes

#include "support.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct counts {
    unsigned long long lines, words, bytes, longest, line_length;
    bool in_word;
    uint32_t checksum; // FNV-1a
    char last_line[64];
    size_t last_length;
};

static void count(struct counts *counts, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        counts->bytes++;
        counts->checksum = (counts->checksum ^ (unsigned char)c) * 16777619u;
        bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        counts->words += !space && !counts->in_word;
        counts->in_word = !space;
        if (c == '\n') {
            counts->lines++;
            counts->line_length = 0;
            continue;
        }
        if (counts->line_length == 0) {
            counts->last_length = 0;
        }
        counts->line_length++;
        if (counts->line_length > counts->longest) {
            counts->longest = counts->line_length;
        }
        if (counts->last_length < sizeof counts->last_line) {
            counts->last_line[counts->last_length++] = c;
        }
    }
}

int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "stdio";
    struct counts counts = {.checksum = 2166136261u};
    char buffer[777]; // An odd size: chunks end anywhere in a line.
    if (strcmp(how, "read") == 0) {
        ssize_t got;
        while ((got = read(STDIN_FILENO, buffer, sizeof buffer)) > 0) {
            count(&counts, buffer, (size_t)got);
        }
        if (got < 0) {
            fputs("cannot read standard input\n", stderr);
            return 1;
        }
    } else {
        size_t got;
        while ((got = fread(buffer, 1, sizeof buffer, stdin)) > 0) {
            count(&counts, buffer, got);
        }
        if (ferror(stdin)) {
            fputs("cannot read standard input\n", stderr);
            return 1;
        }
    }
    printf("%llu lines, %llu words, %llu bytes, longest line %llu\n", counts.lines, counts.words, counts.bytes, counts.longest);
    printf("checksum %08lx\n", (unsigned long)counts.checksum);
    printf("last line: %.*s\n", (int)counts.last_length, counts.last_line);
    return 0;
}
