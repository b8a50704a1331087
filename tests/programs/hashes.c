// Hashes of bytes and of integers, each written out: FNV-1a, one of the kind of xxHash64 and SipHash-2-4 with their products
// and rotations of 64 bits, CRC-32 by a table, Adler-32, and the final mixing of MurmurHash3.
//
// usage: hashes [ROUNDS]

#include "support.h"

#include <inttypes.h>

enum { LENGTH = 4096 };

static uint32_t load32(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint64_t load64(const uint8_t *bytes) {
    return load32(bytes) | (uint64_t)load32(bytes + 4) << 32;
}

static uint64_t rotate(uint64_t value, int by) {
    return value << by | value >> (64 - by);
}

static uint64_t fnv(const uint8_t *bytes, size_t count) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return hash;
}

// ---- xxHash64 ----------------------------------------------------------------------------------------------

static const uint64_t prime1 = 0x9e3779b185ebca87u, prime2 = 0xc2b2ae3d27d4eb4fu, prime3 = 0x165667b19e3779f9u,
                      prime4 = 0x85ebca77c2b2ae63u, prime5 = 0x27d4eb2f165667c5u;

static uint64_t xx_round(uint64_t lane, uint64_t input) {
    return rotate(lane + input * prime2, 31) * prime1;
}

static uint64_t xx(const uint8_t *bytes, size_t count, uint64_t seed) {
    const uint8_t *end = bytes + count;
    uint64_t hash = seed + prime5;
    if (count >= 32) {
        uint64_t a = seed + prime1 + prime2, b = seed + prime2, c = seed, d = seed - prime1;
        for (; end - bytes >= 32; bytes += 32) {
            a = xx_round(a, load64(bytes));
            b = xx_round(b, load64(bytes + 8));
            c = xx_round(c, load64(bytes + 16));
            d = xx_round(d, load64(bytes + 24));
        }
        hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
        const uint64_t lanes[] = {a, b, c, d};
        for (int i = 0; i < 4; i++) {
            hash = (hash ^ xx_round(0, lanes[i])) * prime1 + prime4;
        }
    }
    hash += count;
    for (; end - bytes >= 8; bytes += 8) {
        hash = rotate(hash ^ xx_round(0, load64(bytes)), 27) * prime1 + prime4;
    }
    if (end - bytes >= 4) {
        hash = rotate(hash ^ load32(bytes) * prime1, 23) * prime2 + prime3;
        bytes += 4;
    }
    for (; bytes < end; bytes++) {
        hash = rotate(hash ^ *bytes * prime5, 11) * prime1;
    }
    hash = (hash ^ hash >> 33) * prime2;
    hash = (hash ^ hash >> 29) * prime3;
    return hash ^ hash >> 32;
}

// ---- SipHash-2-4 -------------------------------------------------------------------------------------------

struct sip {
    uint64_t a, b, c, d;
};

static void sip_round(struct sip *state) {
    state->a += state->b;
    state->c += state->d;
    state->b = rotate(state->b, 13) ^ state->a;
    state->d = rotate(state->d, 16) ^ state->c;
    state->a = rotate(state->a, 32);
    state->c += state->b;
    state->a += state->d;
    state->b = rotate(state->b, 17) ^ state->c;
    state->d = rotate(state->d, 21) ^ state->a;
    state->c = rotate(state->c, 32);
}

static uint64_t sip(const uint8_t *bytes, size_t count, uint64_t key0, uint64_t key1) {
    struct sip state = {key0 ^ 0x736f6d6570736575u, key1 ^ 0x646f72616e646f6du, key0 ^ 0x6c7967656e657261u,
                        key1 ^ 0x7465646279746573u};
    size_t whole = count - count % 8;
    uint64_t last = (uint64_t)count << 56;
    for (size_t i = whole; i < count; i++) {
        last |= (uint64_t)bytes[i] << (i % 8 * 8);
    }
    for (size_t i = 0; i <= whole; i += 8) {
        uint64_t word = i < whole ? load64(bytes + i) : last;
        state.d ^= word;
        sip_round(&state);
        sip_round(&state);
        state.a ^= word;
    }
    state.c ^= 0xff;
    for (int i = 0; i < 4; i++) {
        sip_round(&state);
    }
    return state.a ^ state.b ^ state.c ^ state.d;
}

// ---- Checksums of 32 bits, and mixing ----------------------------------------------------------------------

static uint32_t crc_table[256];

static void prepare_crc(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) {
            value = (value >> 1) ^ (0xedb88320u & -(value & 1));
        }
        crc_table[i] = value;
    }
}

static uint32_t crc(const uint8_t *bytes, size_t count) {
    uint32_t value = ~0u;
    for (size_t i = 0; i < count; i++) {
        value = value >> 8 ^ crc_table[(value ^ bytes[i]) & 0xff];
    }
    return ~value;
}

static uint32_t adler(const uint8_t *bytes, size_t count) {
    uint32_t low = 1, high = 0;
    while (count > 0) {
        // So many bytes fit into 32 bits before the remainder must be taken.
        size_t part = count < 5552 ? count : 5552;
        for (size_t i = 0; i < part; i++) {
            low += bytes[i];
            high += low;
        }
        low %= 65521;
        high %= 65521;
        bytes += part;
        count -= part;
    }
    return high << 16 | low;
}

static uint32_t mix32(uint32_t value) {
    value = (value ^ value >> 16) * 0x85ebca6bu;
    value = (value ^ value >> 13) * 0xc2b2ae35u;
    return value ^ value >> 16;
}

static uint64_t mix64(uint64_t value) {
    value = (value ^ value >> 33) * 0xff51afd7ed558ccdu;
    value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53u;
    return value ^ value >> 33;
}

static void mix_all(uint8_t *bytes, size_t count, uint64_t seed) {
    for (size_t i = 0; i < count; i++) {
        bytes[i] ^= (uint8_t)(mix32((uint32_t)(seed + i)) >> 24);
    }
    for (size_t i = 0; i < count; i += 64) {
        bytes[i] += (uint8_t)mix64(seed ^ i);
    }
}

static void all(const char *name, const uint8_t *bytes, size_t count) {
    printf("%-10s %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %08" PRIx32 " %08" PRIx32 "\n", name, fnv(bytes, count),
           xx(bytes, count, 0), sip(bytes, count, 0x0706050403020100u, 0x0f0e0d0c0b0a0908u), crc(bytes, count),
           adler(bytes, count));
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 50);
    static uint8_t bytes[LENGTH];
    prepare_crc();
    all("nothing", bytes, 0);
    all("123456789", (const uint8_t *)"123456789", 9);

    uint64_t checksum = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        mix_all(bytes, LENGTH, checksum);
        size_t count = LENGTH - (size_t)(checksum % 64);
        checksum = fold_in(checksum, fnv(bytes, count / 4));
        for (int i = 0; i < 4; i++) {
            checksum = fold_in(checksum, xx(bytes, count, checksum));
        }
        checksum = fold_in(checksum, sip(bytes, count, round, checksum));
        checksum = fold_in(checksum, crc(bytes, count / 2));
        checksum = fold_in(checksum, adler(bytes, count));
    }
    all("bytes", bytes, LENGTH);
    printf("rounds %" PRIu64 ", checksum %016" PRIx64 "\n", rounds, checksum);
    return 0;
}
