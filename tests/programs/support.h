// What every program here needs: a numeric argument, memory, reproducible pseudo-random numbers, and a checksum.
// Header only, so that each program stays one translation unit.
#ifndef SUPPORT_H
#define SUPPORT_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Exit code of all programs when called wrongly; clear of the codes that cases expect.
enum { EXIT_USAGE = 64 };

// The unsigned decimal in `text`; leaves the program with a message when it is not one.
static inline uint64_t parse_count(const char *text) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        fprintf(stderr, "not a number: %s\n", text);
        exit(EXIT_USAGE);
    }
    return value;
}

// The only argument of the program as a number, or `fallback` when there is none.
static inline uint64_t count_argument(int argc, char **argv, uint64_t fallback) {
    if (argc > 2) {
        fprintf(stderr, "usage: %s [COUNT]\n", argv[0]);
        exit(EXIT_USAGE);
    }
    return argc == 2 ? parse_count(argv[1]) : fallback;
}

// The same, where only numbers from `least` to `most` make sense.
static inline uint64_t bounded_argument(int argc, char **argv, uint64_t fallback, uint64_t least, uint64_t most) {
    uint64_t value = count_argument(argc, argv, fallback);
    if (value < least || value > most) {
        fprintf(stderr, "COUNT must be from %llu to %llu\n", (unsigned long long)least, (unsigned long long)most);
        exit(EXIT_USAGE);
    }
    return value;
}

// Zeroed memory for an array; leaves the program with a message when there is none.
static inline void *new_array(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

// Marsaglia's xorshift64*: the same on every platform, which rand() is not. The state must not be 0.
static inline uint64_t next_random(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1dULL;
}

// Uniform in [0, 1), with 53 random bits: exact in a double, hence equal everywhere.
static inline double next_unit(uint64_t *state) {
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

// The checksum with another value in it; the order of values matters.
static inline uint64_t fold_in(uint64_t checksum, uint64_t value) {
    return ((checksum << 23 | checksum >> 41) ^ value) * 0x9e3779b97f4a7c15ULL + 1;
}

// All bits of a double: a difference in the last digit shows. Not for NaN, whose bits differ between machines.
static inline uint64_t fold_double(uint64_t checksum, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return fold_in(checksum, bits);
}

#endif
