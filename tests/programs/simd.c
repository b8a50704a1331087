// 128-bit vectors through the compiler's vector extension, which becomes SSE2 natively and, with -msimd128, wasm's v128.
// Every operation is checked against the same thing done lane by lane; exit code 1 when they differ.
//
// usage: simd [ROUNDS]

#include "support.h"

#include <inttypes.h>
#include <string.h>

typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef int64_t i64x2 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));

static uint64_t folded = 1;

static void fold(const void *vector) {
    uint64_t halves[2];
    memcpy(halves, vector, sizeof halves);
    folded = (folded ^ halves[0]) * 0x100000001b3u;
    folded = (folded ^ halves[1]) * 0x100000001b3u;
}

static void must_equal(const void *vector, const void *lanes, const char *what) {
    if (memcmp(vector, lanes, 16) != 0) {
        fprintf(stderr, "lanes differ: %s\n", what);
        exit(1);
    }
    fold(vector);
}

// The volatile temporary keeps the compiler from making a vector operation of the lane-wise loop as well.
#define CHECK(type, lane_type, a, b, operator)                                 \
    do {                                                                       \
        type vector_ = (a)operator(b);                                         \
        lane_type lanes_[16 / sizeof(lane_type)];                              \
        for (size_t i_ = 0; i_ < 16 / sizeof(lane_type); i_++) {               \
            volatile lane_type lane_ = (lane_type)((a)[i_] operator(b)[i_]);   \
            lanes_[i_] = lane_;                                                \
        }                                                                      \
        must_equal(&vector_, lanes_, #type " " #operator);                     \
    } while (0)

// Comparisons give -1 or 0 a lane.
#define CHECK_COMPARE(type, lane_type, a, b, operator)                         \
    do {                                                                       \
        type vector_ = (type)((a)operator(b));                                 \
        lane_type lanes_[16 / sizeof(lane_type)];                              \
        for (size_t i_ = 0; i_ < 16 / sizeof(lane_type); i_++) {               \
            volatile lane_type lane_ = (a)[i_] operator(b)[i_] ? -1 : 0;       \
            lanes_[i_] = lane_;                                                \
        }                                                                      \
        must_equal(&vector_, lanes_, #type " compare " #operator);             \
    } while (0)

static void integers(u64x2 x, u64x2 y) {
    u8x16 a8 = (u8x16)x, b8 = (u8x16)y;
    CHECK(u8x16, uint8_t, a8, b8, +);
    CHECK(u8x16, uint8_t, a8, b8, -);
    CHECK(u8x16, uint8_t, a8, b8, &);
    CHECK(u8x16, uint8_t, a8, b8, |);
    CHECK(u8x16, uint8_t, a8, b8, ^);
    CHECK_COMPARE(i8x16, int8_t, a8, b8, <);
    CHECK_COMPARE(i8x16, int8_t, (i8x16)a8, (i8x16)b8, >);
    CHECK_COMPARE(i8x16, int8_t, a8, b8, ==);

    u16x8 a16 = (u16x8)x, b16 = (u16x8)y;
    CHECK(u16x8, uint16_t, a16, b16, +);
    u16x8 product = a16 * b16, products;
    for (int i = 0; i < 8; i++) { // Not by CHECK: C promotes 16 bits to int, and that product may overflow.
        volatile uint16_t lane = (uint16_t)((uint32_t)a16[i] * b16[i]);
        products[i] = lane;
    }
    must_equal(&product, &products, "u16x8 *");
    CHECK_COMPARE(i16x8, int16_t, (i16x8)a16, (i16x8)b16, <=);

    u32x4 a32 = (u32x4)x, b32 = (u32x4)y, by32 = b32 & 31;
    CHECK(u32x4, uint32_t, a32, b32, +);
    CHECK(u32x4, uint32_t, a32, b32, *);
    CHECK(u32x4, uint32_t, a32, by32, <<);
    CHECK(u32x4, uint32_t, a32, by32, >>);
    CHECK(i32x4, int32_t, (i32x4)a32, (i32x4)by32, >>);
    CHECK_COMPARE(i32x4, int32_t, a32, b32, >=);

    u64x2 by64 = y & 63;
    CHECK(u64x2, uint64_t, x, y, +);
    CHECK(u64x2, uint64_t, x, y, *);
    CHECK(u64x2, uint64_t, x, by64, >>);
    CHECK_COMPARE(i64x2, int64_t, (i64x2)x, (i64x2)y, <);

    // Lanes moved about.
    u8x16 mixed = __builtin_shufflevector(a8, b8, 0, 31, 2, 29, 4, 27, 6, 25, 8, 23, 10, 21, 12, 19, 14, 17);
    u8x16 expected;
    for (int i = 0; i < 16; i++) {
        expected[i] = i % 2 == 0 ? a8[i] : b8[16 - i];
    }
    must_equal(&mixed, &expected, "shuffle");
    u32x4 turned = __builtin_shufflevector(a32, a32, 1, 2, 3, 0);
    fold(&turned);
}

static void floats(u64x2 x, u64x2 y) {
    // Small integers plus a fraction: exact sums, rounded products, no NaN.
    f32x4 a = __builtin_convertvector((i32x4)x >> 12, f32x4) * 0.125f;
    f32x4 b = __builtin_convertvector((i32x4)y >> 16, f32x4) + 0.5f;
    CHECK(f32x4, float, a, b, +);
    CHECK(f32x4, float, a, b, -);
    CHECK(f32x4, float, a, b, *);
    CHECK(f32x4, float, a, b, /);
    CHECK_COMPARE(i32x4, int32_t, a, b, <);

    f64x2 c = {(double)(int64_t)x[0] * 0x1p-20, (double)(int64_t)x[1] * 0x1p-40};
    f64x2 d = {(double)(int64_t)y[0] * 0x1p-33 + 0.5, (double)(int64_t)y[1] * 0x1p-11 + 0.5};
    CHECK(f64x2, double, c, d, +);
    CHECK(f64x2, double, c, d, *);
    CHECK(f64x2, double, c, d, /);
    CHECK_COMPARE(i64x2, int64_t, c, d, <=);

    i32x4 back = __builtin_convertvector(a * 0.01f, i32x4);
    i32x4 expected;
    for (int i = 0; i < 4; i++) {
        volatile float lane = a[i] * 0.01f;
        expected[i] = (int32_t)lane;
    }
    must_equal(&back, &expected, "conversion to integers");
}

// A kernel of the kind that vectors are for: clamped weighted sums over bytes.
static uint32_t blend(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t count, uint16_t weight) {
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i += 16) {
        u8x16 va, vb;
        memcpy(&va, a + i, 16);
        memcpy(&vb, b + i, 16);
        u16x8 low = __builtin_convertvector(__builtin_shufflevector(va, va, 0, 1, 2, 3, 4, 5, 6, 7), u16x8) * weight +
                    __builtin_convertvector(__builtin_shufflevector(vb, vb, 0, 1, 2, 3, 4, 5, 6, 7), u16x8) * (uint16_t)(256 - weight);
        u16x8 high = __builtin_convertvector(__builtin_shufflevector(va, va, 8, 9, 10, 11, 12, 13, 14, 15), u16x8) * weight +
                     __builtin_convertvector(__builtin_shufflevector(vb, vb, 8, 9, 10, 11, 12, 13, 14, 15), u16x8) * (uint16_t)(256 - weight);
        u8x16 mixed = __builtin_shufflevector((u8x16)low, (u8x16)high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        memcpy(out + i, &mixed, 16);
        sum += mixed[0] + (uint32_t)mixed[15] * 256;
    }
    return sum;
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 1000);
    static uint8_t a[4096], b[4096], out[4096];
    uint64_t random = 5;
    uint32_t blended = 0;
    for (size_t i = 0; i < sizeof a; i++) {
        a[i] = (uint8_t)next_random(&random);
        b[i] = (uint8_t)(i * 3);
    }
    for (uint64_t i = 0; i < rounds; i++) {
        u64x2 x = {next_random(&random), next_random(&random)}, y = {next_random(&random), next_random(&random)};
        integers(x, y);
        floats(x, y);
        blended = blended * 31 + blend(out, a, i % 2 == 0 ? b : out, sizeof a, (uint16_t)(i % 257));
    }
    printf("lanes %016" PRIx64 ", blended %08" PRIx32 "\n", folded, blended);
    return 0;
}
