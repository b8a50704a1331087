// Kernels with vectors of 128 bits, by the compiler's vector extension (`-msimd128`): the Mandelbrot set by two lanes of
// doubles, its counts blurred, compared and multiplied by four lanes of 32 bits, and packed into bytes.
//
// usage: mandel [WIDTH]     of the picture, in which a row has a multiple of four points

#include "support.h"

#include <inttypes.h>

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef int64_t i64x2 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));

enum { LIMIT = 200, ROUNDS = 20 };

// How many steps two points stay near zero.
static i64x2 escape(f64x2 x, f64x2 y) {
    f64x2 a = {0.0, 0.0}, b = {0.0, 0.0};
    i64x2 steps = {0, 0};
    for (int i = 0; i < LIMIT; i++) {
        f64x2 aa = a * a, bb = b * b;
        i64x2 inside = aa + bb <= 4.0;
        if ((inside[0] | inside[1]) == 0) {
            break;
        }
        steps -= inside;
        b = 2.0 * a * b + y;
        a = aa - bb + x;
    }
    return steps;
}

static void draw(int32_t *counts, int32_t width, int32_t height) {
    for (int32_t row = 0; row < height; row++) {
        double y = 2.5 * row / height - 1.25;
        for (int32_t column = 0; column < width; column += 2) {
            f64x2 x = {3.0 * column / width - 2.25, 3.0 * (column + 1) / width - 2.25};
            i64x2 steps = escape(x, (f64x2){y, y});
            counts[row * width + column] = (int32_t)steps[0];
            counts[row * width + column + 1] = (int32_t)steps[1];
        }
    }
}

static i32x4 load(const int32_t *from) {
    i32x4 vector;
    memcpy(&vector, from, sizeof vector);
    return vector;
}

static void store(int32_t *to, i32x4 vector) {
    memcpy(to, &vector, sizeof vector);
}

// The mean of a point and its neighbours, the point itself taken eight times; margins of four points stay.
static void blur(int32_t *out, const int32_t *in, int32_t width, int32_t height) {
    for (int32_t row = 1; row < height - 1; row++) {
        for (int32_t column = 4; column < width - 4; column += 4) {
            const int32_t *p = in + row * width + column;
            i32x4 sum = load(p) * 8 + load(p - 1) + load(p + 1);
            for (int32_t side = -1; side <= 1; side += 2) {
                const int32_t *q = p + side * width;
                sum += load(q - 1) + load(q) + load(q + 1);
            }
            store(out + row * width + column, sum >> 4);
        }
    }
}

static uint32_t dot(const int32_t *a, const int32_t *b, int32_t count) {
    u32x4 sum = {0, 0, 0, 0};
    for (int32_t i = 0; i < count; i += 4) {
        sum += (u32x4)load(a + i) * (u32x4)load(b + i);
    }
    return sum[0] + sum[1] + sum[2] + sum[3];
}

// Lanes are taken by comparison: the greater of two, unless it is above the limit.
static void combine(int32_t *out, const int32_t *a, const int32_t *b, int32_t count, int32_t limit) {
    for (int32_t i = 0; i < count; i += 4) {
        i32x4 left = load(a + i), right = load(b + i);
        i32x4 choose = left > right;
        i32x4 greater = (left & choose) | (right & ~choose);
        i32x4 above = greater > limit;
        store(out + i, (greater & ~above) | ((left ^ right) & above & 0xff));
    }
}

// The low bytes of sixteen counts in one vector, and these summed up with their order reversed.
static u8x16 pack(const int32_t *counts, int32_t count) {
    u8x16 sum = {0};
    for (int32_t i = 0; i + 16 <= count; i += 16) {
        u8x16 a = (u8x16)load(counts + i), b = (u8x16)load(counts + i + 4), c = (u8x16)load(counts + i + 8),
              d = (u8x16)load(counts + i + 12);
        u8x16 ab = __builtin_shufflevector(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
        u8x16 cd = __builtin_shufflevector(c, d, 0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
        u8x16 all = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        sum = __builtin_shufflevector(sum, sum, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0) + (all ^ (sum >> 3));
    }
    return sum;
}

int main(int argc, char **argv) {
    int32_t width = (int32_t)bounded_argument(argc, argv, 64, 16, 8000) / 4 * 4;
    int32_t height = width * 3 / 4, count = width * height;
    int32_t *counts = new_array((size_t)count, sizeof *counts), *soft = new_array((size_t)count, sizeof *soft);
    draw(counts, width, height);
    uint64_t inside = 0, checksum = 0;
    for (int32_t i = 0; i < count; i++) {
        inside += counts[i] == LIMIT;
        checksum = fold_in(checksum, (uint32_t)counts[i]);
    }
    printf("%" PRId32 " x %" PRId32 ", inside %" PRIu64 ", checksum %016" PRIx64 "\n", width, height, inside, checksum);
    for (int32_t round = 0; round < ROUNDS; round++) {
        blur(soft, counts, width, height);
        checksum = fold_in(checksum, dot(soft, counts, count));
        combine(counts, soft, counts, count, LIMIT - round - (int32_t)(checksum & 3));
        uint64_t halves[2];
        u8x16 packed = pack(counts, count);
        memcpy(halves, &packed, sizeof halves);
        checksum = fold_in(fold_in(checksum, halves[0]), halves[1]);
    }
    printf("after %d rounds %016" PRIx64 "\n", ROUNDS, checksum);
    free(counts);
    free(soft);
    return 0;
}
