// C11 atomics by one thread (`-matomics -mbulk-memory` in wasm): operations of every width and order, compare-and-exchange that
// succeeds and fails, a lock, a stack and a queue without locks; and large copies and fills, which are bulk operations.
//
// usage: atomics [N], rounds

#include "support.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

static uint64_t sum;

static void mix(uint64_t value) { sum = (sum << 7 | sum >> 57) ^ value * 0x9e3779b97f4a7c15u; }

// The orders make no difference to one thread, but to the code that is made for them.
#define OPERATIONS(name, type)                                                                                         \
    static void name(uint64_t *state) {                                                                                \
        static struct {                                                                                                \
            type before;                                                                                               \
            _Atomic type cell;                                                                                         \
            type after;                                                                                                \
        } place = {(type)0x5a5a5a5a5a5a5a5a, 0, (type)0xa5a5a5a5a5a5a5a5};                                             \
        type value = (type)next_random(state);                                                                         \
        atomic_store_explicit(&place.cell, value, memory_order_release);                                               \
        mix(atomic_fetch_add(&place.cell, (type)next_random(state)));                                                  \
        mix(atomic_fetch_sub_explicit(&place.cell, (type)next_random(state), memory_order_relaxed));                   \
        mix(atomic_fetch_and_explicit(&place.cell, (type)(next_random(state) | next_random(state)), memory_order_acq_rel)); \
        mix(atomic_fetch_or_explicit(&place.cell, (type)(next_random(state) & next_random(state)), memory_order_acquire)); \
        mix(atomic_fetch_xor(&place.cell, (type)next_random(state)));                                                  \
        mix(atomic_exchange(&place.cell, (type)next_random(state)));                                                   \
        type expected = atomic_load_explicit(&place.cell, memory_order_acquire);                                       \
        bool exchanged = atomic_compare_exchange_strong(&place.cell, &expected, (type)(expected + 1));                 \
        mix((uint64_t)exchanged << 32 | expected % 251);                                                               \
        expected = (type)(expected - 5);                                                                               \
        exchanged = atomic_compare_exchange_strong(&place.cell, &expected, value);                                     \
        mix((uint64_t)exchanged << 32 | expected % 251);                                                               \
        place.cell++;                                                                                                  \
        place.cell -= 3;                                                                                               \
        mix(place.cell);                                                                                               \
        mix(place.before ^ place.after);                                                                               \
    }

OPERATIONS(bytes, uint8_t)
OPERATIONS(halves, uint16_t)
OPERATIONS(words, uint32_t)
OPERATIONS(doubles, uint64_t)
OPERATIONS(signed_bytes, int8_t)
OPERATIONS(signed_halves, int16_t)

static atomic_flag lock = ATOMIC_FLAG_INIT;

static void locked(uint64_t *state) {
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire)) {
    }
    atomic_thread_fence(memory_order_seq_cst);
    mix(next_random(state));
    mix(atomic_flag_test_and_set(&lock));
    atomic_flag_clear_explicit(&lock, memory_order_release);
}

// A stack whose head holds an index and a count of changes.
enum { NODES = 64 };
static struct {
    uint32_t value, next;
} nodes[NODES];
static _Atomic uint64_t head, unused;

static void push(_Atomic uint64_t *list, uint32_t node) {
    uint64_t old = atomic_load(list), new;
    do {
        nodes[node - 1].next = (uint32_t)old;
        new = ((old >> 32) + 1) << 32 | node;
    } while (!atomic_compare_exchange_weak(list, &old, new));
}

static uint32_t pop(_Atomic uint64_t *list) {
    uint64_t old = atomic_load(list), new;
    do {
        if ((uint32_t)old == 0) {
            return 0;
        }
        new = ((old >> 32) + 1) << 32 | nodes[(uint32_t)old - 1].next;
    } while (!atomic_compare_exchange_weak(list, &old, new));
    return (uint32_t)old;
}

static void stack(uint64_t *state) {
    uint64_t choices = next_random(state);
    for (int i = 0; i < 64; i++) {
        if (choices >> i & 1) {
            uint32_t node = pop(&unused);
            if (node != 0) {
                nodes[node - 1].value = (uint32_t)next_random(state);
                push(&head, node);
            }
        } else {
            uint32_t node = pop(&head);
            if (node != 0) {
                mix(nodes[node - 1].value);
                push(&unused, node);
            }
        }
    }
}

// A queue for one producer and one consumer.
enum { PLACES = 16 };
static uint16_t queue[PLACES];
static _Atomic uint32_t produced, consumed;

static void pass(uint64_t *state) {
    uint64_t choices = next_random(state);
    for (int i = 0; i < 64; i++) {
        uint32_t from = atomic_load_explicit(&consumed, memory_order_acquire);
        uint32_t to = atomic_load_explicit(&produced, memory_order_relaxed);
        if ((choices >> i & 1) && to - from < PLACES) {
            queue[to % PLACES] = (uint16_t)next_random(state);
            atomic_store_explicit(&produced, to + 1, memory_order_release);
        } else if (from != to) {
            mix(queue[from % PLACES]);
            atomic_store_explicit(&consumed, from + 1, memory_order_release);
        }
    }
}

static void bulk(uint64_t *state) {
    static unsigned char from[5000], to[5000];
    uint64_t at = next_random(state) % 2000, length = next_random(state) % 3000;
    memset(from + at, (int)(next_random(state) & 0xff), length);
    memcpy(to + at / 2, from + at, length);
    memmove(to + 7, to, 4000);
    for (size_t i = 0; i < sizeof to; i += 61) {
        mix(to[i]);
    }
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 100), state = 2463534242u;
    for (uint32_t node = NODES; node > 0; node--) {
        push(&unused, node);
    }
    for (uint64_t round = 0; round < rounds; round++) {
        bytes(&state);
        halves(&state);
        words(&state);
        doubles(&state);
        signed_bytes(&state);
        signed_halves(&state);
        locked(&state);
        stack(&state);
        pass(&state);
        bulk(&state);
    }
    printf("%llu rounds: %016llx, %llu changes, %u passed\n", (unsigned long long)rounds, (unsigned long long)sum,
           (unsigned long long)(atomic_load(&head) >> 32), atomic_load(&consumed));
    return 0;
}
