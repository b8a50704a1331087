// Filters over a picture of bytes, written as plain loops: grey out of colours, convolutions with 3x3 and 5x5 weights,
// brightness and blending with saturation, a threshold. Each round's result goes into the next round's picture.
//
// usage: filter [ROUNDS]

#include "support.h"

#include <inttypes.h>

enum { WIDTH = 160, HEIGHT = 100, PIXELS = WIDTH * HEIGHT };

static uint8_t colours[PIXELS * 3], grey[PIXELS], soft[PIXELS], edges[PIXELS], mixed[PIXELS];

static uint8_t clamp(int value) {
    return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
}

static void to_grey(uint8_t *out, const uint8_t *in, size_t count) {
    for (size_t i = 0; i < count; i++) {
        out[i] = (uint8_t)((77 * in[3 * i] + 150 * in[3 * i + 1] + 29 * in[3 * i + 2]) >> 8);
    }
}

// The margin stays as it is.
static void soften(uint8_t *out, const uint8_t *in, int width, int height) {
    for (int y = 1; y < height - 1; y++) {
        for (int x = 1; x < width - 1; x++) {
            const uint8_t *p = in + y * width + x;
            int sum = p[-width - 1] + 2 * p[-width] + p[-width + 1] + 2 * p[-1] + 4 * p[0] + 2 * p[1] + p[width - 1] +
                      2 * p[width] + p[width + 1];
            out[y * width + x] = (uint8_t)((sum + 8) >> 4);
        }
    }
}

static const int8_t sharpen[5][5] = {
    {-1, -1, -1, -1, -1}, {-1, 2, 2, 2, -1}, {-1, 2, 8, 2, -1}, {-1, 2, 2, 2, -1}, {-1, -1, -1, -1, -1},
};

static void convolve(uint8_t *out, const uint8_t *in, int width, int height, const int8_t weights[5][5]) {
    for (int y = 2; y < height - 2; y++) {
        for (int x = 2; x < width - 2; x++) {
            int sum = 0;
            for (int dy = 0; dy < 5; dy++) {
                for (int dx = 0; dx < 5; dx++) {
                    sum += weights[dy][dx] * in[(y + dy - 2) * width + x + dx - 2];
                }
            }
            out[y * width + x] = clamp(sum / 8);
        }
    }
}

static void brighten(uint8_t *pixels, size_t count, int by) {
    for (size_t i = 0; i < count; i++) {
        pixels[i] = clamp(pixels[i] + by);
    }
}

static void blend(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t count, int weight) {
    for (size_t i = 0; i < count; i++) {
        out[i] = (uint8_t)((a[i] * weight + b[i] * (256 - weight)) >> 8);
    }
}

static void difference(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        out[i] = a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
    }
}

static uint32_t above(const uint8_t *pixels, size_t count, uint8_t limit) {
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += pixels[i] > limit;
    }
    return sum;
}

static void feed(uint8_t *out, const uint8_t *in, size_t count) {
    for (size_t i = 0; i < count; i++) {
        out[3 * i] += in[i];
        out[3 * i + 1] ^= in[i];
        out[3 * i + 2] -= in[i] >> 1;
    }
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 5);
    uint64_t random = 3, checksum = 0;
    for (int i = 0; i < PIXELS * 3; i++) {
        colours[i] = (uint8_t)((i / 7 & 0xff) ^ (next_random(&random) >> 60));
    }
    uint32_t bright = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        to_grey(grey, colours, PIXELS);
        soften(soft, grey, WIDTH, HEIGHT);
        convolve(edges, soft, WIDTH, HEIGHT, sharpen);
        brighten(edges, PIXELS, (int)(bright % 64) - 32);
        blend(mixed, grey, edges, PIXELS, (int)(round % 257));
        difference(soft, mixed, soft, PIXELS);
        bright = above(soft, PIXELS, (uint8_t)(40 + round % 20));
        checksum = fold_in(checksum, bright);
        feed(colours, soft, PIXELS);
    }
    uint64_t picture = 0;
    for (int i = 0; i < PIXELS; i++) {
        picture = fold_in(picture, (uint32_t)(colours[3 * i] | colours[3 * i + 1] << 8 | colours[3 * i + 2] << 16));
    }
    printf("rounds %" PRIu64 ", bright %" PRIu32 ", checksum %016" PRIx64 ", picture %016" PRIx64 "\n", rounds, bright,
           checksum, picture);
    return 0;
}
