// Finite differences in time over a plane of three fields of doubles, which take turns in changing each other: loops over
// neighbours with different bounds, and arrays whose bounds are parameters.
//
// usage: fdtd [STEPS]

#include "support.h"

#include <inttypes.h>

enum { WIDTH = 200, HEIGHT = 240 };

static void prepare(int width, int height, double ex[width][height], double ey[width][height], double hz[width][height]) {
    for (int i = 0; i < width; i++) {
        for (int j = 0; j < height; j++) {
            ex[i][j] = (double)i * (j + 1) / width;
            ey[i][j] = (double)i * (j + 2) / height;
            hz[i][j] = (double)i * (j + 3) / width;
        }
    }
}

static void simulate(uint64_t steps, int width, int height, double ex[width][height], double ey[width][height],
                     double hz[width][height]) {
    for (uint64_t step = 0; step < steps; step++) {
        for (int j = 0; j < height; j++) {
            ey[0][j] = (double)(step % 1000);
        }
        for (int i = 1; i < width; i++) {
            for (int j = 0; j < height; j++) {
                ey[i][j] = ey[i][j] - 0.5 * (hz[i][j] - hz[i - 1][j]);
            }
        }
        for (int i = 0; i < width; i++) {
            for (int j = 1; j < height; j++) {
                ex[i][j] = ex[i][j] - 0.5 * (hz[i][j] - hz[i][j - 1]);
            }
        }
        for (int i = 0; i < width - 1; i++) {
            for (int j = 0; j < height - 1; j++) {
                hz[i][j] = hz[i][j] - 0.7 * (ex[i][j + 1] - ex[i][j] + ey[i + 1][j] - ey[i][j]);
            }
        }
    }
}

// What a field amounts to: energy, extremes, and how often neighbours in a row differ in sign.
struct summary {
    double energy, least, most;
    uint32_t changes;
    uint64_t checksum;
};

static struct summary summarize(int width, int height, double field[width][height]) {
    struct summary summary = {0.0, field[0][0], field[0][0], 0, 0};
    for (int i = 0; i < width; i++) {
        for (int j = 0; j < height; j++) {
            double value = field[i][j];
            summary.energy += value * value;
            summary.least = value < summary.least ? value : summary.least;
            summary.most = value > summary.most ? value : summary.most;
            summary.changes += j > 0 && (value < 0.0) != (field[i][j - 1] < 0.0);
            summary.checksum = fold_double(summary.checksum, value);
        }
    }
    return summary;
}

int main(int argc, char **argv) {
    uint64_t steps = count_argument(argc, argv, 10);
    double(*ex)[HEIGHT] = new_array(WIDTH, sizeof *ex);
    double(*ey)[HEIGHT] = new_array(WIDTH, sizeof *ey);
    double(*hz)[HEIGHT] = new_array(WIDTH, sizeof *hz);
    prepare(WIDTH, HEIGHT, ex, ey, hz);
    simulate(steps, WIDTH, HEIGHT, ex, ey, hz);

    const char *const names[] = {"ex", "ey", "hz"};
    double(*fields[])[HEIGHT] = {ex, ey, hz};
    for (int i = 0; i < 3; i++) {
        struct summary summary = summarize(WIDTH, HEIGHT, fields[i]);
        printf("%s: energy %.6e, from %.9e to %.9e, %" PRIu32 " changes of sign, checksum %016" PRIx64 "\n", names[i],
               summary.energy, summary.least, summary.most, summary.changes, summary.checksum);
    }
    free(ex);
    free(ey);
    free(hz);
    return 0;
}
