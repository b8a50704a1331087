// Allocation under load: many blocks of many sizes allocated, resized, moved and freed in a random order, with their contents
// checked; grows linear memory far past its initial size. Overlapping moves of all lengths come on top.
//
// usage: memory [STEPS]; exit code 1 when a block does not hold what was written to it

#include "support.h"

#include <string.h>

enum { SLOTS = 1000, LARGEST = 60000 };

struct slot {
    uint8_t *bytes;
    uint32_t size;
    uint8_t seed;
};

static void fill(struct slot *slot, uint32_t from) {
    for (uint32_t i = from; i < slot->size; i++) {
        slot->bytes[i] = (uint8_t)(slot->seed + i * 7);
    }
}

static void check(const struct slot *slot, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        if (slot->bytes[i] != (uint8_t)(slot->seed + i * 7)) {
            fprintf(stderr, "a block of %lu bytes is damaged at %lu\n", (unsigned long)slot->size, (unsigned long)i);
            exit(1);
        }
    }
}

// Mostly small, now and then large, as in real programs.
static uint32_t random_size(uint64_t *random) {
    uint64_t r = next_random(random);
    return (uint32_t)(1 + (r >> 40) % (r & 15 ? 300 : LARGEST));
}

static void *checked(void *block) {
    if (block == NULL) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return block;
}

static uint32_t moves(void) {
    static uint8_t bytes[700], expected[700];
    uint32_t hash = 0;
    for (uint32_t length = 0; length < 300; length++) {
        for (uint32_t shift = 0; shift < 40; shift += 1 + length % 7) {
            for (uint32_t i = 0; i < sizeof bytes; i++) {
                bytes[i] = expected[i] = (uint8_t)(i * 31 + length);
            }
            // Both directions; the expectation is made by hand, byte by byte.
            uint32_t from = 200, to = shift % 2 == 0 ? from + shift : from - shift;
            for (uint32_t i = 0; i < length; i++) {
                expected[to + i] = (uint8_t)((from + i) * 31 + length);
            }
            memmove(bytes + to, bytes + from, length);
            memset(bytes + 650, (int)length, shift);
            memset(expected + 650, (int)length, shift);
            if (memcmp(bytes, expected, sizeof bytes) != 0) {
                fprintf(stderr, "moving %lu bytes by %lu goes wrong\n", (unsigned long)length, (unsigned long)shift);
                exit(1);
            }
            hash = hash * 31 + bytes[(length * 3 + shift) % sizeof bytes];
        }
    }
    return hash;
}

int main(int argc, char **argv) {
    uint64_t steps = count_argument(argc, argv, 20000);
    static struct slot slots[SLOTS];
    uint64_t random = 11, live = 0, most = 0;
    unsigned long long allocated = 0, resized = 0, freed = 0;
    uint32_t hash = 0;
    for (uint64_t step = 0; step < steps; step++) {
        struct slot *slot = &slots[next_random(&random) % SLOTS];
        if (slot->bytes == NULL) {
            slot->size = random_size(&random);
            slot->seed = (uint8_t)step;
            slot->bytes = checked(step & 1 ? malloc(slot->size) : calloc(slot->size, 1));
            if (!(step & 1)) {
                for (uint32_t i = 0; i < slot->size; i++) {
                    hash += slot->bytes[i]; // calloc's zeros: adds nothing.
                }
            }
            fill(slot, 0);
            live += slot->size;
            allocated++;
        } else if (next_random(&random) >> 63) {
            uint32_t size = random_size(&random), before = slot->size;
            slot->bytes = checked(realloc(slot->bytes, size));
            check(slot, size < before ? size : before);
            slot->size = size;
            if (size > before) {
                fill(slot, before);
            }
            live = live - before + size;
            resized++;
        } else {
            check(slot, slot->size);
            hash = hash * 33 + slot->bytes[slot->size / 2];
            free(slot->bytes);
            slot->bytes = NULL;
            live -= slot->size;
            freed++;
        }
        most = live > most ? live : most;
    }
    // One block that no initial memory holds.
    size_t large = 48 << 20;
    uint8_t *block = checked(malloc(large));
    memset(block, 0xa5, large);
    memcpy(block + large / 2, block, large / 2);
    for (size_t i = 0; i < large; i += 4093) {
        hash = hash * 33 + block[i];
    }
    free(block);
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i].bytes != NULL) {
            check(&slots[i], slots[i].size);
            free(slots[i].bytes);
        }
    }
    printf("allocated %llu, resized %llu, freed %llu, most bytes %llu\n", allocated, resized, freed, (unsigned long long)most);
    printf("contents %08lx, moves %08lx\n", (unsigned long)hash, (unsigned long)moves());
    return 0;
}
