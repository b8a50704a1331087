// SHA-256 (FIPS 180-4) of a generated stream: 32-bit rotations and additions with much instruction-level parallelism.
// Checks itself against the standard's examples first; a wrong digest ends with exit code 1.
//
// usage: sha256 [BYTES]

#include "support.h"

#include <string.h>

struct sha256 {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[64];
    size_t used;
};

static uint32_t round_constants[64];
static uint32_t initial_state[8];

// The constants are the first 32 fractional bits of cube and square roots of primes. Found by integer search
// instead of being written down: 128-bit products make the compiler call its helper routines, worth testing too.
static uint32_t root_fraction(uint32_t prime, int power) {
    // The largest r with r^power <= prime * 2^(32 * power); its low 32 bits are the fraction.
    uint64_t root = 0;
    for (int bit = 36; bit >= 0; bit--) {
        uint64_t trial = root | (uint64_t)1 << bit;
        unsigned __int128 value = (unsigned __int128)trial * trial;
        unsigned __int128 target = (unsigned __int128)prime << (32 * power);
        if (power == 3) {
            // trial^3 may need 111 bits: still inside 128.
            value *= trial;
        }
        if (value <= target) {
            root = trial;
        }
    }
    return (uint32_t)root;
}

static void make_constants(void) {
    int found = 0;
    for (uint32_t candidate = 2; found < 64; candidate++) {
        int prime = 1;
        for (uint32_t divisor = 2; divisor * divisor <= candidate; divisor++) {
            if (candidate % divisor == 0) {
                prime = 0;
                break;
            }
        }
        if (prime) {
            round_constants[found] = root_fraction(candidate, 3);
            if (found < 8) {
                initial_state[found] = root_fraction(candidate, 2);
            }
            found++;
        }
    }
}

static uint32_t rotate_right(uint32_t x, int by) {
    return x >> by | x << (32 - by);
}

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++) {
        const uint8_t *p = block + 4 * i;
        w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
        uint32_t s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void start(struct sha256 *sha) {
    memset(sha, 0, sizeof *sha);
    memcpy(sha->state, initial_state, sizeof initial_state);
}

static void update(struct sha256 *sha, const uint8_t *bytes, size_t count) {
    sha->length += count;
    while (count > 0) {
        if (sha->used == 0 && count >= sizeof sha->block) {
            compress(sha->state, bytes);
            bytes += sizeof sha->block;
            count -= sizeof sha->block;
            continue;
        }
        size_t room = sizeof sha->block - sha->used;
        size_t taken = count < room ? count : room;
        memcpy(sha->block + sha->used, bytes, taken);
        sha->used += taken;
        bytes += taken;
        count -= taken;
        if (sha->used == sizeof sha->block) {
            compress(sha->state, sha->block);
            sha->used = 0;
        }
    }
}

static void finish(struct sha256 *sha, char hex[65]) {
    uint64_t bits = sha->length * 8;
    update(sha, (const uint8_t *)"\x80", 1);
    while (sha->used != 56) {
        update(sha, (const uint8_t *)"", 1);
    }
    uint8_t length[8];
    for (int i = 0; i < 8; i++) {
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    update(sha, length, sizeof length);
    for (int i = 0; i < 8; i++) {
        snprintf(hex + 8 * i, 9, "%08x", (unsigned)sha->state[i]);
    }
}

static void check(const char *message, const char *expected) {
    struct sha256 sha;
    char hex[65];
    start(&sha);
    update(&sha, (const uint8_t *)message, strlen(message));
    finish(&sha, hex);
    if (strcmp(hex, expected) != 0) {
        fprintf(stderr, "digest of \"%s\" is %s, not %s\n", message, hex, expected);
        exit(1);
    }
}

int main(int argc, char **argv) {
    uint64_t bytes = count_argument(argc, argv, 1000000);
    make_constants();
    check("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");

    struct sha256 sha;
    char hex[65];
    uint64_t random = 1;
    static uint8_t chunk[4099]; // A prime: chunks end anywhere inside a block.
    start(&sha);
    for (uint64_t left = bytes; left > 0;) {
        size_t count = left < sizeof chunk ? (size_t)left : sizeof chunk;
        for (size_t i = 0; i < count; i += 8) {
            uint64_t word = next_random(&random);
            for (size_t k = 0; k < 8 && i + k < count; k++) {
                chunk[i + k] = (uint8_t)(word >> (8 * k));
            }
        }
        update(&sha, chunk, count);
        left -= count;
    }
    finish(&sha, hex);
    printf("%s  %llu bytes\n", hex, (unsigned long long)bytes);
    return 0;
}
