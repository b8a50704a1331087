// Fast Fourier transforms of complex doubles, radix 2 in place: bit reversal, butterflies with strides from one element to half
// of the array. The roots of unity come from square roots alone, so that no library's sine is involved.
//
// usage: fft [ROUNDS]

#include "support.h"

#include <inttypes.h>
#include <math.h>

enum { BITS = 12, SIZE = 1 << BITS };

struct complex {
    double re, im;
};

static struct complex multiply(struct complex a, struct complex b) {
    return (struct complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static struct complex roots[SIZE / 2]; // exp(-2 pi i k / SIZE)

static void prepare(void) {
    // By halves of angles: the root for 2^bit, from that for twice as much, down from a quarter of the circle.
    struct complex powers[BITS];
    powers[BITS - 2] = (struct complex){0.0, -1.0};
    for (int bit = BITS - 3; bit >= 0; bit--) {
        double cosine = sqrt((1.0 + powers[bit + 1].re) / 2.0);
        powers[bit] = (struct complex){cosine, powers[bit + 1].im / (2.0 * cosine)};
    }
    roots[0] = (struct complex){1.0, 0.0};
    for (int bit = 0; bit < BITS - 1; bit++) {
        for (int k = 0; k < 1 << bit; k++) {
            roots[(1 << bit) + k] = multiply(roots[k], powers[bit]);
        }
    }
}

static void reverse_bits(struct complex *data) {
    uint32_t mirrored = 0;
    for (uint32_t i = 0; i < SIZE; i++) {
        if (i < mirrored) {
            struct complex value = data[i];
            data[i] = data[mirrored];
            data[mirrored] = value;
        }
        // Adds one from the top.
        uint32_t bit = SIZE / 2;
        while ((mirrored & bit) != 0) {
            mirrored ^= bit;
            bit >>= 1;
        }
        mirrored |= bit;
    }
}

static void transform(struct complex *data, int back) {
    reverse_bits(data);
    for (uint32_t half = 1; half < SIZE; half *= 2) {
        uint32_t stride = SIZE / 2 / half;
        for (uint32_t start = 0; start < SIZE; start += 2 * half) {
            for (uint32_t k = 0; k < half; k++) {
                struct complex root = roots[k * stride];
                if (back) {
                    root.im = -root.im;
                }
                struct complex *low = &data[start + k], *high = &data[start + k + half];
                struct complex turned = multiply(*high, root);
                high->re = low->re - turned.re;
                high->im = low->im - turned.im;
                low->re += turned.re;
                low->im += turned.im;
            }
        }
    }
    if (back) {
        for (uint32_t i = 0; i < SIZE; i++) {
            data[i].re /= SIZE;
            data[i].im /= SIZE;
        }
    }
}

// A low-pass filter that also turns what it lets through.
static void filter(struct complex *spectrum, double keep) {
    for (uint32_t i = 0; i < SIZE; i++) {
        uint32_t frequency = i < SIZE / 2 ? i : SIZE - i;
        double weight = frequency < SIZE / 8 ? keep : keep / (1.0 + frequency);
        spectrum[i] = multiply(spectrum[i], (struct complex){0.8 * weight, i < SIZE / 2 ? 0.6 * weight : -0.6 * weight});
    }
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 3);
    static struct complex data[SIZE], copy[SIZE];
    uint64_t random = 77, checksum = 0;
    double worst = 0.0;
    prepare();
    for (int i = 0; i < SIZE; i++) {
        data[i] = (struct complex){next_unit(&random) - 0.5, i % 100 < 50 ? 1.0 : -1.0};
    }
    for (uint64_t round = 0; round < rounds; round++) {
        memcpy(copy, data, sizeof copy);
        transform(data, 0);
        struct complex middle = data[SIZE / 3];
        transform(data, 1);
        for (int i = 0; i < SIZE; i++) {
            double off = fabs(data[i].re - copy[i].re) + fabs(data[i].im - copy[i].im);
            worst = off > worst ? off : worst;
        }
        checksum = fold_double(fold_double(checksum, middle.re), middle.im);
        transform(copy, 0);
        filter(copy, 0.75);
        transform(copy, 1);
        // New noise keeps the values from fading.
        for (int i = 0; i < SIZE; i++) {
            data[i].re = copy[i].re + next_unit(&random) - 0.5;
            data[i].im = copy[i].im + copy[SIZE - 1 - i].re * 0.25;
        }
    }
    double energy = 0.0;
    for (int i = 0; i < SIZE; i++) {
        energy += data[i].re * data[i].re + data[i].im * data[i].im;
        checksum = fold_double(fold_double(checksum, data[i].re), data[i].im);
    }
    printf("rounds %" PRIu64 ", energy %.9f, off by %.3e, checksum %016" PRIx64 "\n", rounds, energy, worst, checksum);
    return 0;
}
