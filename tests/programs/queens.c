// Bits as sets: queens on a chess board by backtracking over masks of attacked columns, and the game of life on rows of 64
// cells, all cells of a row at once. The cells say which squares queens must not use, the solutions change cells.
//
// usage: queens [ROUNDS]

#include "support.h"

#include <inttypes.h>

enum { LARGEST = 10, ROWS = 64, GENERATIONS = 20 };

static uint32_t place(const uint32_t *forbidden, int row, int size, uint32_t columns, uint32_t left, uint32_t right) {
    if (row == size) {
        return 1;
    }
    uint32_t solutions = 0;
    uint32_t open = ((1u << size) - 1) & ~(columns | left | right | forbidden[row]);
    while (open != 0) {
        uint32_t queen = open & -open;
        open ^= queen;
        solutions += place(forbidden, row + 1, size, columns | queen, (left | queen) << 1, (right | queen) >> 1);
    }
    return solutions;
}

static uint64_t rotate(uint64_t value, int by) {
    return value << by | value >> (64 - by);
}

// Adds one bit each to 64 counters of two bits and a mark that says "four or more".
struct counters {
    uint64_t ones, twos, fours;
};

static void count(struct counters *counters, uint64_t bits) {
    uint64_t carry = counters->ones & bits;
    counters->ones ^= bits;
    uint64_t second = counters->twos & carry;
    counters->twos ^= carry;
    counters->fours |= second;
}

// The board is a torus.
static void live(uint64_t *next, const uint64_t *cells) {
    for (int row = 0; row < ROWS; row++) {
        uint64_t above = cells[(row + ROWS - 1) % ROWS], here = cells[row], below = cells[(row + 1) % ROWS];
        struct counters near = {0, 0, 0};
        count(&near, rotate(above, 1));
        count(&near, above);
        count(&near, rotate(above, 63));
        count(&near, rotate(here, 1));
        count(&near, rotate(here, 63));
        count(&near, rotate(below, 1));
        count(&near, below);
        count(&near, rotate(below, 63));
        next[row] = near.twos & ~near.fours & (near.ones | here);
    }
}

static uint32_t population(const uint64_t *cells) {
    uint32_t sum = 0;
    for (int row = 0; row < ROWS; row++) {
        sum += (uint32_t)__builtin_popcountll(cells[row]);
    }
    return sum;
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 5);
    static uint64_t cells[ROWS], next[ROWS];
    uint64_t random = 15, checksum = 0, solutions = 0;
    for (int row = 0; row < ROWS; row++) {
        cells[row] = next_random(&random) & next_random(&random);
    }
    uint32_t forbidden[LARGEST] = {0};
    printf("queens:");
    for (int size = 1; size <= 8; size++) {
        printf(" %" PRIu32, place(forbidden, 0, size, 0, 0, 0));
    }
    printf("\n");
    for (uint64_t round = 0; round < rounds; round++) {
        for (int generation = 0; generation < GENERATIONS; generation++) {
            live(next, cells);
            memcpy(cells, next, sizeof cells);
        }
        for (int row = 0; row < LARGEST; row++) {
            forbidden[row] = (uint32_t)(cells[row] & cells[row + 16] >> 7);
        }
        uint32_t found = place(forbidden, 0, LARGEST - (int)(round % 3), 0, 0, 0);
        solutions += found;
        checksum = fold_in(checksum, (uint64_t)population(cells) << 32 | found);
        cells[checksum >> 58] ^= checksum;
        cells[checksum >> 52 & 63] ^= found;
    }
    printf("rounds %" PRIu64 ", solutions %" PRIu64 ", alive %" PRIu32 ", checksum %016" PRIx64 "\n", rounds, solutions,
           population(cells), checksum);
    return 0;
}
