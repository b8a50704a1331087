// Jacobi's method on a square of doubles: each point becomes the mean of itself and its four neighbours, from one array into
// another and back. The arrays have constant bounds.
//
// usage: jacobi [STEPS]

#include "support.h"

#include <inttypes.h>

enum { SIZE = 250 };

static double a[SIZE][SIZE], b[SIZE][SIZE];

static void prepare(void) {
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            a[i][j] = ((double)i * (j + 2) + 2) / SIZE;
            b[i][j] = ((double)i * (j + 3) + 3) / SIZE;
        }
    }
}

static void smooth(uint64_t steps) {
    for (uint64_t step = 0; step < steps; step++) {
        for (int i = 1; i < SIZE - 1; i++) {
            for (int j = 1; j < SIZE - 1; j++) {
                b[i][j] = 0.2 * (a[i][j] + a[i][j - 1] + a[i][1 + j] + a[1 + i][j] + a[i - 1][j]);
            }
        }
        for (int i = 1; i < SIZE - 1; i++) {
            for (int j = 1; j < SIZE - 1; j++) {
                a[i][j] = 0.2 * (b[i][j] + b[i][j - 1] + b[i][1 + j] + b[1 + i][j] + b[i - 1][j]);
            }
        }
    }
}

// The same on integers with a division: fixed-point heat that must not be lost by rounding in one direction.
static uint32_t heat[SIZE][SIZE], next[SIZE][SIZE];

static void spread(uint64_t steps) {
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            heat[i][j] = (uint32_t)(a[i][j] * 1000.0);
        }
    }
    for (uint64_t step = 0; step < steps; step++) {
        for (int i = 1; i < SIZE - 1; i++) {
            for (int j = 1; j < SIZE - 1; j++) {
                uint32_t sum = 4 * heat[i][j] + heat[i - 1][j] + heat[i + 1][j] + heat[i][j - 1] + heat[i][j + 1];
                next[i][j] = (sum + (uint32_t)(step & 7)) / 8;
            }
        }
        for (int i = 1; i < SIZE - 1; i++) {
            for (int j = 1; j < SIZE - 1; j++) {
                heat[i][j] = next[i][j];
            }
        }
    }
}

int main(int argc, char **argv) {
    uint64_t steps = count_argument(argc, argv, 10);
    prepare();
    smooth(steps);
    spread(steps / 2);

    uint64_t checksum = 0, total = 0;
    double sum = 0.0;
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            sum += a[i][j];
            total += heat[i][j];
            checksum = fold_in(fold_double(fold_double(checksum, a[i][j]), b[i][j]), heat[i][j]);
        }
    }
    printf("sum %.6f, middle %.12f, heat %" PRIu64 "\n", sum, a[SIZE / 2][SIZE / 2], total);
    printf("checksum %016" PRIx64 "\n", checksum);
    return 0;
}
