// The pancake puzzle: over all permutations of 1..N, reverse prefixes until 1 comes first, and find the longest
// such play. Short unpredictable loops over a small array.
//
// usage: fannkuch [N], N from 2 to 12

#include "support.h"

#include <string.h>

enum { MOST = 12 };

static int play(const uint8_t *permutation, int n) {
    uint8_t stack[MOST];
    int flips = 0;
    memcpy(stack, permutation, (size_t)n);
    while (stack[0] != 1) {
        for (int low = 0, high = stack[0] - 1; low < high; low++, high--) {
            uint8_t swapped = stack[low];
            stack[low] = stack[high];
            stack[high] = swapped;
        }
        flips++;
    }
    return flips;
}

int main(int argc, char **argv) {
    uint64_t argument = count_argument(argc, argv, 8);
    if (argument < 2 || argument > MOST) {
        fputs("N must be from 2 to 12\n", stderr);
        return EXIT_USAGE;
    }
    int n = (int)argument;
    uint8_t permutation[MOST], deepest[MOST];
    int turns[MOST] = {0};
    int most = -1;
    uint64_t visited = 0;
    int64_t alternating = 0;
    for (int i = 0; i < n; i++) {
        permutation[i] = (uint8_t)(i + 1);
    }

    // Heap's algorithm without recursion: one swap leads from each permutation to the next.
    for (int i = 0; i < n;) {
        if (i == 0) {
            int flips = play(permutation, n);
            alternating += visited % 2 == 0 ? flips : -flips;
            visited++;
            if (flips > most) {
                most = flips;
                memcpy(deepest, permutation, (size_t)n);
            }
            i = 1;
        } else if (turns[i] < i) {
            int other = i % 2 == 0 ? 0 : turns[i];
            uint8_t swapped = permutation[other];
            permutation[other] = permutation[i];
            permutation[i] = swapped;
            turns[i]++;
            i = 0;
        } else {
            turns[i] = 0;
            i++;
        }
    }

    printf("%llu permutations of %d, checksum %lld\n", (unsigned long long)visited, n, (long long)alternating);
    printf("longest play %d flips, from", most);
    for (int i = 0; i < n; i++) {
        printf(" %d", deepest[i]);
    }
    putchar('\n');
    return 0;
}
