// Product of two matrices of doubles, C = alpha A B + beta C, as in textbooks: three plain loops in the order i, k, j, so that
// the innermost one goes along rows.
//
// usage: gemm [N]     about N rows and columns each

#include "support.h"

#include <inttypes.h>

static void multiply(double alpha, double beta, double *c, const double *a, const double *b, uint32_t rows, uint32_t columns,
                     uint32_t inner) {
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t j = 0; j < columns; j++) {
            c[i * columns + j] *= beta;
        }
        for (uint32_t k = 0; k < inner; k++) {
            for (uint32_t j = 0; j < columns; j++) {
                c[i * columns + j] += alpha * a[i * inner + k] * b[k * columns + j];
            }
        }
    }
}

// Fractions between 0 and 1 that differ from row to row and from column to column.
static void prepare(double *matrix, uint32_t rows, uint32_t columns, uint32_t modulus) {
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t j = 0; j < columns; j++) {
            matrix[i * columns + j] = (double)((i * (j + 1) + modulus) % modulus) / (double)modulus;
        }
    }
}

// The columns of `c`, rounded into the range of fractions again, become those of `a`, as far as there are some.
static void feed(double *a, const double *c, uint32_t rows, uint32_t columns, uint32_t inner) {
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t k = 0; k < inner; k++) {
            double value = k < columns ? c[i * columns + k] : 0.5;
            a[i * inner + k] = value - (double)(int64_t)value;
        }
    }
}

int main(int argc, char **argv) {
    uint32_t n = (uint32_t)bounded_argument(argc, argv, 100, 1, 4000);
    // Not square, so that a mix-up of the three lengths shows.
    uint32_t rows = n, columns = n + n / 10 + 1, inner = n + n / 5 + 2;
    double *a = new_array((size_t)rows * inner, sizeof *a);
    double *b = new_array((size_t)inner * columns, sizeof *b);
    double *c = new_array((size_t)rows * columns, sizeof *c);
    prepare(a, rows, inner, n + 3);
    prepare(b, inner, columns, n + 7);
    prepare(c, rows, columns, n + 11);

    uint64_t checksum = 0;
    for (int round = 0; round < 3; round++) {
        multiply(1.5, 1.2, c, a, b, rows, columns, inner);
        double trace = 0.0;
        for (uint32_t i = 0; i < rows; i++) {
            trace += c[i * columns + i];
        }
        for (uint32_t i = 0; i < rows * columns; i++) {
            checksum = fold_double(checksum, c[i]);
        }
        printf("round %d, trace %.6f, checksum %016" PRIx64 "\n", round, trace, checksum);
        feed(a, c, rows, columns, inner);
    }
    free(a);
    free(b);
    free(c);
    return 0;
}
