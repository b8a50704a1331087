// The corners of integer and floating-point arithmetic that C defines, computed at run time: shifts, rotations, bit counts,
// widening products, division by all signs, conversions, rounding, comparisons with NaN, signed zeros, denormals.
// Whoever compiles one of wasm's numeric operators wrongly should see it here first.
//
// usage: numbers [ROUNDS]; ROUNDS more operand pairs, pseudo-random, are folded into a checksum

#include "support.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    // Sign and payload of a NaN are not determined, neither by wasm nor by C. (So copysign never takes a NaN's, below.)
    return x != x ? 0x7ff8000000000000u : bits;
}

static uint32_t bits_of_float(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return x != x ? 0x7fc00000u : bits;
}

static double double_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// All results of one operand pair go through here: printed for the chosen pairs, folded for the random ones.
static int printing;
static uint64_t folded = 0xcbf29ce484222325u;

static void result(const char *name, uint64_t bits) {
    folded = (folded ^ bits) * 0x100000001b3u;
    if (printing) {
        printf(" %s %" PRIx64, name, bits);
    }
}

static void integers32(uint32_t a, uint32_t b) {
    int32_t sa = (int32_t)a, sb = (int32_t)b;
    result("add", a + b);
    result("sub", a - b);
    result("mul", a * b);
    if (b != 0) {
        result("udiv", a / b);
        result("urem", a % b);
        result("sdiv", sa == INT32_MIN && sb == -1 ? 0 : (uint32_t)(sa / sb));
        result("srem", sb == -1 ? 0 : (uint32_t)(sa % sb));
    }
    result("shl", a << (b & 31));
    result("shr", a >> (b & 31));
    result("sar", (uint32_t)(sa >> (b & 31)));
    result("rotl", a << (b & 31) | a >> (-b & 31));
    result("rotr", a >> (b & 31) | a << (-b & 31));
    result("bits", (uint64_t)(a == 0 ? 32 : __builtin_clz(a)) << 16 | (uint64_t)(a == 0 ? 32 : __builtin_ctz(a)) << 8 |
                       (uint64_t)__builtin_popcount(a));
    result("extend", (uint64_t)(int64_t)(int8_t)a ^ (uint64_t)(int64_t)(int16_t)b);
    result("compare", (uint64_t)((a < b) | (a <= b) << 1 | (sa < sb) << 2 | (sa <= sb) << 3 | (a == b) << 4));
    result("wide", (uint64_t)a * b ^ (uint64_t)((int64_t)sa * sb));
}

static void integers64(uint64_t a, uint64_t b) {
    int64_t sa = (int64_t)a, sb = (int64_t)b;
    result("add", a + b);
    result("sub", a - b);
    result("mul", a * b);
    if (b != 0) {
        result("udiv", a / b);
        result("urem", a % b);
        result("sdiv", sa == INT64_MIN && sb == -1 ? 0 : (uint64_t)(sa / sb));
        result("srem", sb == -1 ? 0 : (uint64_t)(sa % sb));
    }
    result("shl", a << (b & 63));
    result("shr", a >> (b & 63));
    result("sar", (uint64_t)(sa >> (b & 63)));
    result("rotl", a << (b & 63) | a >> (-b & 63));
    result("rotr", a >> (b & 63) | a << (-b & 63));
    result("bits", (uint64_t)(a == 0 ? 64 : __builtin_clzll(a)) << 16 |
                       (uint64_t)(a == 0 ? 64 : __builtin_ctzll(a)) << 8 | (uint64_t)__builtin_popcountll(a));
    result("extend", (uint64_t)(int64_t)(int32_t)a);
    result("compare", (uint64_t)((a < b) | (a <= b) << 1 | (sa < sb) << 2 | (sa <= sb) << 3 | (a == b) << 4));
    unsigned __int128 wide = (unsigned __int128)a * b;
    result("high", (uint64_t)(wide >> 64));
    if (b != 0) {
        result("wide-div", (uint64_t)((wide + a) / b));
    }
    result("to-double", bits_of((double)a) ^ bits_of((double)sa));
    result("to-float", (uint64_t)(bits_of_float((float)a) ^ bits_of_float((float)sa)));
}

static void doubles(double a, double b) {
    result("add", bits_of(a + b));
    result("sub", bits_of(a - b));
    result("mul", bits_of(a * b));
    result("div", bits_of(a / b));
    result("sqrt", bits_of(sqrt(a)));
    result("abs", bits_of(fabs(a)));
    result("neg", bits_of(-a));
    result("copysign", bits_of(copysign(a, b != b ? -1.0 : b)));
    result("floor", bits_of(floor(a)));
    result("ceil", bits_of(ceil(a)));
    result("trunc", bits_of(trunc(a)));
    result("nearest", bits_of(rint(a)));
    result("compare", (uint64_t)((a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | (a != b) << 5));
    result("demote", bits_of_float((float)a));
    // Identities that hold for no NaN, for no infinity, or not for -0.
    result("identity", bits_of(a * 1.0) ^ bits_of(a - 0.0) ^ bits_of(a + 0.0) << 1 ^ bits_of(a * 0.0) ^ bits_of(a / a) << 2);
    // Conversions only where C defines them.
    if (a > -2147483649.0 && a < 2147483648.0) {
        result("to-i32", (uint32_t)(int32_t)a);
    }
    if (a > -1.0 && a < 4294967296.0) {
        result("to-u32", (uint32_t)a);
    }
    if (a >= -9223372036854775808.0 && a < 9223372036854775808.0) {
        result("to-i64", (uint64_t)(int64_t)a);
    }
    if (a > -1.0 && a < 18446744073709551616.0) {
        result("to-u64", (uint64_t)a);
    }
}

static void floats(float a, float b) {
    result("add", bits_of_float(a + b));
    result("sub", bits_of_float(a - b));
    result("mul", bits_of_float(a * b));
    result("div", bits_of_float(a / b));
    result("sqrt", bits_of_float(sqrtf(a)));
    result("copysign", bits_of_float(copysignf(a, b != b ? -1.0f : b)));
    result("floor", bits_of_float(floorf(a)));
    result("ceil", bits_of_float(ceilf(a)));
    result("trunc", bits_of_float(truncf(a)));
    result("nearest", bits_of_float(rintf(a)));
    result("compare", (uint64_t)((a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | (a != b) << 5));
    result("promote", bits_of((double)a));
    if (a > -2147483648.0f && a < 2147483648.0f) {
        result("to-i32", (uint32_t)(int32_t)a);
    }
    if (a > -1.0f && a < 18446744073709551616.0f) {
        result("to-u64", (uint64_t)a);
    }
}

static const uint64_t integer_corners[] = {
    0, 1, 2, 7, 31, 63, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000,
    0x123456789abcdef0, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffffe, 0xffffffffffffffff,
};

static const double double_corners[] = {
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 4503599627370497.5, 9007199254740993.0, 2147483647.5, -2147483648.5,
    4294967295.5, 9223372036854774784.0, -9223372036854775808.0, 1.8446744073709550e19, 1e300, -1e300, 1e-300,
    2.2250738585072014e-308, 4.9406564584124654e-324, 3.4028235677973366e38, 1.401298464324817e-45, 7.006492321624085e-46,
    INFINITY, -INFINITY, NAN,
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

// Random bits give mostly huge and tiny values; every other pair is put into a range where the operands interact.
static uint64_t random_double_bits(uint64_t *random) {
    uint64_t bits = next_random(random);
    if (bits & 1) {
        bits = (bits & 0x800fffffffffffffu) | (uint64_t)(1023 - 8 + (bits >> 8 & 63)) << 52;
    }
    return bits;
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 10000);
    printing = 1;
    // Neighbours in the list as pairs; all pairs would print megabytes, so those are only folded.
    for (size_t i = 0; i < COUNT(integer_corners); i++) {
        uint64_t a = integer_corners[i], b = integer_corners[(i + 5) % COUNT(integer_corners)];
        printf("i32 %" PRIx32 " %" PRIx32 ":", (uint32_t)a, (uint32_t)b);
        integers32((uint32_t)a, (uint32_t)b);
        printf("\ni64 %" PRIx64 " %" PRIx64 ":", a, b);
        integers64(a, b);
        putchar('\n');
    }
    for (size_t i = 0; i < COUNT(double_corners); i++) {
        double a = double_corners[i], b = double_corners[(i + 3) % COUNT(double_corners)];
        printf("f64 %" PRIx64 " %" PRIx64 ":", bits_of(a), bits_of(b));
        doubles(a, b);
        printf("\nf32 %" PRIx32 " %" PRIx32 ":", bits_of_float((float)a), bits_of_float((float)b));
        floats((float)a, (float)b);
        putchar('\n');
    }
    printing = 0;
    for (size_t i = 0; i < COUNT(integer_corners); i++) {
        for (size_t k = 0; k < COUNT(integer_corners); k++) {
            integers32((uint32_t)integer_corners[i], (uint32_t)integer_corners[k]);
            integers64(integer_corners[i], integer_corners[k]);
        }
    }
    for (size_t i = 0; i < COUNT(double_corners); i++) {
        for (size_t k = 0; k < COUNT(double_corners); k++) {
            doubles(double_corners[i], double_corners[k]);
            floats((float)double_corners[i], (float)double_corners[k]);
        }
    }
    printf("corners %016" PRIx64 "\n", folded);
    uint64_t random = 7;
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t a = next_random(&random), b = next_random(&random) >> (a & 63);
        integers32((uint32_t)a, (uint32_t)b);
        integers64(a, b);
        doubles(double_of(random_double_bits(&random)), double_of(random_double_bits(&random)));
        floats(float_of((uint32_t)(a >> 32)), float_of((uint32_t)(a & 1 ? b : a)));
    }
    printf("random  %016" PRIx64 " after %" PRIu64 " rounds\n", folded, rounds);
    return 0;
}
