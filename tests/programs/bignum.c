// Integers of many limbs: products limb by limb, of 32 bits and of 64 bits with a carry of the same size, powers modulo odd
// numbers by Montgomery's method, decimal digits and back. Identities are checked; exit code 1 when one does not hold.
//
// usage: bignum [ROUNDS]

#include "support.h"

#include <inttypes.h>

enum { LIMBS = 9, HALVES = 2 * LIMBS, DIGITS = 20 * LIMBS * 2 };

typedef unsigned __int128 wide;

struct number {
    uint64_t limb[LIMBS]; // The lowest first.
};

struct product {
    uint64_t limb[2 * LIMBS];
};

static void must(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "does not hold: %s\n", what);
        exit(1);
    }
}

// ---- Products ----------------------------------------------------------------------------------------------

static void multiply64(struct product *out, const struct number *a, const struct number *b) {
    memset(out, 0, sizeof *out);
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < LIMBS; j++) {
            wide sum = (wide)a->limb[i] * b->limb[j] + out->limb[i + j] + carry;
            out->limb[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        out->limb[i + LIMBS] = carry;
    }
}

static void multiply32(uint32_t out[2 * HALVES], const uint32_t a[HALVES], const uint32_t b[HALVES]) {
    memset(out, 0, 2 * HALVES * sizeof *out);
    for (int i = 0; i < HALVES; i++) {
        uint32_t carry = 0;
        for (int j = 0; j < HALVES; j++) {
            uint64_t sum = (uint64_t)a[i] * b[j] + out[i + j] + carry;
            out[i + j] = (uint32_t)sum;
            carry = (uint32_t)(sum >> 32);
        }
        out[i + HALVES] = carry;
    }
}

static void to_halves(uint32_t *out, const uint64_t *limbs, int count) {
    for (int i = 0; i < count; i++) {
        out[2 * i] = (uint32_t)limbs[i];
        out[2 * i + 1] = (uint32_t)(limbs[i] >> 32);
    }
}

// ---- Powers modulo an odd number ---------------------------------------------------------------------------

static int less(const struct number *a, const struct number *b) {
    for (int i = LIMBS - 1; i >= 0; i--) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i];
        }
    }
    return 0;
}

static void subtract(struct number *a, const struct number *b) {
    uint64_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        wide difference = (wide)a->limb[i] - b->limb[i] - borrow;
        a->limb[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
}

struct modulus {
    struct number n, square; // The square of 2^(64 LIMBS), modulo n.
    uint64_t inverse;        // -1/n modulo 2^64.
};

// a b / 2^(64 LIMBS) modulo n.
static struct number reduce_product(const struct number *a, const struct number *b, const struct modulus *modulus) {
    uint64_t sum[LIMBS + 2] = {0};
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < LIMBS; j++) {
            wide t = (wide)a->limb[j] * b->limb[i] + sum[j] + carry;
            sum[j] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        wide top = (wide)sum[LIMBS] + carry;
        sum[LIMBS] = (uint64_t)top;
        sum[LIMBS + 1] = (uint64_t)(top >> 64);

        uint64_t factor = sum[0] * modulus->inverse;
        carry = (uint64_t)(((wide)factor * modulus->n.limb[0] + sum[0]) >> 64);
        for (int j = 1; j < LIMBS; j++) {
            wide t = (wide)factor * modulus->n.limb[j] + sum[j] + carry;
            sum[j - 1] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        top = (wide)sum[LIMBS] + carry;
        sum[LIMBS - 1] = (uint64_t)top;
        sum[LIMBS] = sum[LIMBS + 1] + (uint64_t)(top >> 64);
    }
    struct number result;
    memcpy(result.limb, sum, sizeof result.limb);
    if (sum[LIMBS] != 0 || !less(&result, &modulus->n)) {
        subtract(&result, &modulus->n);
    }
    return result;
}

static struct modulus prepare(const struct number *n) {
    struct modulus modulus = {.n = *n};
    uint64_t inverse = 1;
    for (int i = 0; i < 6; i++) { // Each step doubles the bits that are right.
        inverse *= 2 - n->limb[0] * inverse;
    }
    modulus.inverse = -inverse;
    struct number power = {{1}};
    for (int i = 0; i < 2 * 64 * LIMBS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < LIMBS; j++) {
            uint64_t limb = power.limb[j];
            power.limb[j] = limb << 1 | carry;
            carry = limb >> 63;
        }
        if (carry != 0 || !less(&power, n)) {
            subtract(&power, n);
        }
    }
    modulus.square = power;
    return modulus;
}

static struct number power(const struct number *base, wide exponent, const struct modulus *modulus) {
    struct number one = {{1}};
    struct number result = reduce_product(&one, &modulus->square, modulus);
    struct number factor = reduce_product(base, &modulus->square, modulus);
    for (int bit = 127; bit >= 0; bit--) {
        result = reduce_product(&result, &result, modulus);
        if ((exponent >> bit & 1) != 0) {
            result = reduce_product(&result, &factor, modulus);
        }
    }
    return reduce_product(&result, &one, modulus);
}

// ---- Decimal digits ----------------------------------------------------------------------------------------

// Divides by a short number and gives the remainder.
static uint32_t divide_short(uint32_t *halves, int count, uint32_t by) {
    uint64_t rest = 0;
    for (int i = count - 1; i >= 0; i--) {
        rest = rest << 32 | halves[i];
        halves[i] = (uint32_t)(rest / by);
        rest %= by;
    }
    return (uint32_t)rest;
}

// Writes from the end of the buffer on and gives where the number starts.
static const char *to_decimal(char buffer[DIGITS + 1], const uint64_t *limbs, int count) {
    uint32_t halves[2 * HALVES];
    to_halves(halves, limbs, count);
    char *at = buffer + DIGITS;
    *at = '\0';
    for (int length = 2 * count; length > 0;) {
        uint32_t nine = divide_short(halves, length, 1000000000);
        for (int i = 0; i < 9; i++, nine /= 10) {
            *--at = (char)('0' + nine % 10);
        }
        while (length > 0 && halves[length - 1] == 0) {
            length--;
        }
    }
    while (*at == '0' && at[1] != '\0') {
        at++;
    }
    return at;
}

static void from_decimal(uint64_t *limbs, int count, const char *text) {
    memset(limbs, 0, (size_t)count * sizeof *limbs);
    for (; *text != '\0'; text++) {
        uint64_t carry = (uint64_t)(*text - '0');
        for (int i = 0; i < count; i++) {
            wide sum = (wide)limbs[i] * 10 + carry;
            limbs[i] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
    }
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 5);
    uint64_t random = 41, checksum = 0;
    char buffer[DIGITS + 1];
    struct number mersenne;
    memset(&mersenne, 0xff, sizeof mersenne);
    mersenne.limb[LIMBS - 1] = 0x1ff;
    printf("2^521 - 1 = %s\n", to_decimal(buffer, mersenne.limb, LIMBS));

    for (uint64_t round = 0; round < rounds; round++) {
        struct number a, b;
        for (int i = 0; i < LIMBS; i++) {
            a.limb[i] = next_random(&random) ^ checksum;
            b.limb[i] = next_random(&random);
        }
        a.limb[LIMBS - 1] >>= 1;
        b.limb[LIMBS - 1] |= UINT64_C(1) << 63;
        b.limb[0] |= 1;

        struct product product, back;
        uint32_t a32[HALVES], b32[HALVES], product32[2 * HALVES], halves[2 * HALVES];
        multiply64(&product, &a, &b);
        to_halves(a32, a.limb, LIMBS);
        to_halves(b32, b.limb, LIMBS);
        multiply32(product32, a32, b32);
        to_halves(halves, product.limb, 2 * LIMBS);
        must(memcmp(halves, product32, sizeof halves) == 0, "products by 32 and by 64 bits are the same");

        const char *digits = to_decimal(buffer, product.limb, 2 * LIMBS);
        from_decimal(back.limb, 2 * LIMBS, digits);
        must(memcmp(&product, &back, sizeof product) == 0, "decimal digits and back");

        struct modulus modulus = prepare(&b);
        uint64_t x = next_random(&random), y = product.limb[LIMBS];
        struct number ax = power(&a, (wide)x * y, &modulus), step = power(&a, x, &modulus), ay = power(&step, y, &modulus);
        must(memcmp(&ax, &ay, sizeof ax) == 0, "a^(x y) = (a^x)^y");
        checksum = fold_in(checksum, strlen(digits));
        for (int i = 0; i < LIMBS; i++) {
            checksum = fold_in(fold_in(checksum, product.limb[2 * i]), ax.limb[i]);
        }
        if (round + 1 == rounds) {
            printf("the last power: %s\n", to_decimal(buffer, ax.limb, LIMBS));
        }
    }
    printf("rounds %" PRIu64 ", checksum %016" PRIx64 "\n", rounds, checksum);
    return 0;
}
