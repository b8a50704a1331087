// Scans over strings of bytes, one plain loop each: counting, sums, a histogram, searches, comparisons, hexadecimal digits.
// Each round changes bytes at places that its results say.
//
// usage: scan [ROUNDS]

#include "support.h"

#include <inttypes.h>

enum { LENGTH = 1 << 15 };

static uint8_t text[LENGTH + 1], other[LENGTH], digits[2 * LENGTH];

static uint32_t count_lines(const uint8_t *bytes, size_t count) {
    uint32_t lines = 0;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            lines++;
        }
    }
    return lines;
}

static uint32_t count_letter(const uint8_t *bytes, size_t count, uint8_t letter) {
    uint32_t letters = 0;
    for (size_t i = 0; i < count; i++) {
        letters += (bytes[i] | 0x20) == letter;
    }
    return letters;
}

static int is_ascii(const uint8_t *bytes, size_t count) {
    uint8_t all = 0;
    for (size_t i = 0; i < count; i++) {
        all |= bytes[i];
    }
    return all < 0x80;
}

static uint32_t sum(const uint8_t *bytes, size_t count) {
    uint32_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += bytes[i];
    }
    return total;
}

static void histogram(uint32_t counts[256], const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        counts[bytes[i]]++;
    }
}

// Where the byte is, or `count`.
static size_t find(const uint8_t *bytes, size_t count, uint8_t byte) {
    size_t i = 0;
    while (i < count && bytes[i] != byte) {
        i++;
    }
    return i;
}

// Up to a zero, as strlen does.
static size_t length(const uint8_t *string) {
    const uint8_t *end = string;
    while (*end != 0) {
        end++;
    }
    return (size_t)(end - string);
}

static size_t common_prefix(const uint8_t *a, const uint8_t *b, size_t count) {
    size_t i = 0;
    while (i < count && a[i] == b[i]) {
        i++;
    }
    return i;
}

static void lower(uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] >= 'A' && bytes[i] <= 'Z') {
            bytes[i] += 'a' - 'A';
        }
    }
}

static void hex_encode(uint8_t *out, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = (uint8_t)"0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = (uint8_t)"0123456789ABCDEF"[bytes[i] & 15];
    }
}

static int hex_value(uint8_t digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

// How many bytes there were before the first pair that is none.
static size_t hex_decode(uint8_t *out, const uint8_t *in, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int high = hex_value(in[2 * i]), low = hex_value(in[2 * i + 1]);
        if (high < 0 || low < 0) {
            return i;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return count;
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 10);
    uint64_t random = 17, checksum = 0;
    uint32_t counts[256] = {0};
    for (int i = 0; i < LENGTH; i++) {
        uint64_t value = next_random(&random) >> 40;
        text[i] = value % 61 == 0 ? '\n' : (uint8_t)(' ' + value % 95);
    }
    for (uint64_t round = 0; round < rounds; round++) {
        checksum = fold_in(checksum, count_lines(text, LENGTH));
        checksum = fold_in(checksum, count_letter(text, LENGTH, (uint8_t)('a' + round % 26)));
        checksum = fold_in(checksum, sum(text, LENGTH) + (uint32_t)is_ascii(text, LENGTH));
        histogram(counts, text, LENGTH);

        // From one hit to the next, as splitting by a separator does.
        for (size_t at = 0; at < LENGTH; at++) {
            at += find(text + at, LENGTH - at, '\n');
            checksum += at;
        }
        size_t place = checksum >> 49;
        text[place] = 0;
        checksum = fold_in(checksum, length(text));
        text[place] = round % 5 == 0 ? (uint8_t)('A' + place % 26) : (uint8_t)place;

        memcpy(other, text, LENGTH);
        lower(other + place, LENGTH - place);
        checksum = fold_in(checksum, common_prefix(text, other, LENGTH));
        hex_encode(digits, other, LENGTH);
        if (round % 4 == 3) {
            digits[2 * place + round / 4 % 2] = 'g';
        }
        checksum = fold_in(checksum, hex_decode(text, digits, LENGTH));
        text[place] = (uint8_t)(' ' + checksum % 95);
        text[LENGTH - 1 - place] = checksum % 3 == 0 ? '\n' : (uint8_t)(checksum & 0x7f);
        text[checksum >> 49] ^= 0x20;
    }
    uint64_t all = 0;
    for (int i = 0; i < 256; i++) {
        all = fold_in(all, counts[i]);
    }
    printf("rounds %" PRIu64 ", newlines %" PRIu32 ", spaces %" PRIu32 "\n", rounds, counts['\n'], counts[' ']);
    printf("checksum %016" PRIx64 ", histogram %016" PRIx64 "\n", checksum, all);
    return 0;
}
