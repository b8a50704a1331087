// Spectral norm of the infinite matrix A(i, j) = 1 / ((i + j)(i + j + 1) / 2 + i + 1), cut to N x N, by power
// iteration: inner loops that a native compiler unrolls, integer to double conversion, division.
//
// usage: spectral [N]

#include "support.h"

#include <math.h>

static double entry(uint32_t row, uint32_t column) {
    uint32_t diagonal = row + column;
    return 1.0 / (double)(diagonal * (diagonal + 1) / 2 + row + 1);
}

static void multiply(double *out, const double *in, uint32_t n, int transposed) {
    for (uint32_t row = 0; row < n; row++) {
        double sum = 0.0;
        for (uint32_t column = 0; column < n; column++) {
            sum += (transposed ? entry(column, row) : entry(row, column)) * in[column];
        }
        out[row] = sum;
    }
}

int main(int argc, char **argv) {
    uint64_t argument = count_argument(argc, argv, 100);
    if (argument == 0 || argument > 30000) { // Beyond, the index product would wrap around.
        fputs("N must be from 1 to 30000\n", stderr);
        return EXIT_USAGE;
    }
    uint32_t n = (uint32_t)argument;
    double *u = malloc(n * sizeof *u), *v = malloc(n * sizeof *v), *half = malloc(n * sizeof *half);
    if (u == NULL || v == NULL || half == NULL) {
        fputs("out of memory\n", stderr);
        return 1;
    }
    for (uint32_t i = 0; i < n; i++) {
        u[i] = 1.0;
    }
    for (int round = 0; round < 10; round++) {
        multiply(half, u, n, 0);
        multiply(v, half, n, 1);
        multiply(half, v, n, 0);
        multiply(u, half, n, 1);
    }
    double uv = 0.0, vv = 0.0;
    for (uint32_t i = 0; i < n; i++) {
        uv += u[i] * v[i];
        vv += v[i] * v[i];
    }
    printf("%.9f\n%a\n", sqrt(uv / vv), sqrt(uv / vv));
    free(u);
    free(v);
    free(half);
    return 0;
}
