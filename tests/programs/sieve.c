// Primes up to a limit by a segmented sieve of Eratosthenes over odd numbers: byte stores with large strides,
// 64-bit arithmetic, and memory that grows with the limit.
//
// usage: sieve [LIMIT]

#include "support.h"

#include <inttypes.h>
#include <string.h>

// Odd numbers per segment; fits the first-level cache.
enum { SEGMENT = 1 << 15 };

struct prime {
    uint32_t value;
    uint64_t next_multiple; // Odd, at or beyond the current segment's start.
};

int main(int argc, char **argv) {
    uint64_t limit = count_argument(argc, argv, 1000000);
    static uint8_t composite[SEGMENT];
    struct prime *primes = NULL;
    size_t used = 0, room = 0;
    uint64_t count = limit >= 2, sum = limit >= 2 ? 2 : 0, last = limit >= 2 ? 2 : 0, widest = 0, before_gap = 0;

    for (uint64_t start = 3; start <= limit; start += 2 * SEGMENT) {
        uint64_t end = start + 2 * SEGMENT;
        memset(composite, 0, sizeof composite);
        for (size_t i = 0; i < used; i++) {
            uint64_t multiple = primes[i].next_multiple;
            for (; multiple < end; multiple += 2 * (uint64_t)primes[i].value) {
                composite[(multiple - start) / 2] = 1;
            }
            primes[i].next_multiple = multiple;
        }
        for (size_t i = 0; i < SEGMENT; i++) {
            uint64_t n = start + 2 * i;
            if (composite[i] || n > limit) {
                continue;
            }
            count++;
            sum += n;
            if (n - last > widest) {
                widest = n - last;
                before_gap = last;
            }
            last = n;
            if (n > UINT32_MAX || n * n > limit) {
                continue;
            }
            if (used == room) {
                room = room == 0 ? 16 : room * 2;
                primes = realloc(primes, room * sizeof *primes);
                if (primes == NULL) {
                    fputs("out of memory\n", stderr);
                    return 1;
                }
            }
            // Inside this segment the new prime strikes out its own multiples at once.
            uint64_t multiple = n * n;
            for (; multiple < end; multiple += 2 * n) {
                composite[(multiple - start) / 2] = 1;
            }
            primes[used++] = (struct prime){(uint32_t)n, multiple};
        }
    }
    free(primes);
    printf("%" PRIu64 " primes up to %" PRIu64 ", last %" PRIu64 ", sum %" PRIu64 "\n", count, limit, last, sum);
    printf("widest gap %" PRIu64 " after %" PRIu64 "\n", widest, before_gap);
    return 0;
}
