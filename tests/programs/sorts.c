// Sorting by five methods: quicksort and heapsort over integers, merge sort over records by a comparison that is passed in, as
// qsort has it, radix sort, and insertion sort for short pieces. All have to give the same order; exit code 1 if they do not.
//
// usage: sorts [ROUNDS]

#include "support.h"

#include <inttypes.h>

enum { COUNT = 700, SHORT = 12 };

struct record {
    uint32_t key;
    uint16_t place;
    uint8_t name[6];
};

static void insertion_sort(uint32_t *items, size_t count) {
    for (size_t i = 1; i < count; i++) {
        uint32_t item = items[i];
        size_t j = i;
        for (; j > 0 && items[j - 1] > item; j--) {
            items[j] = items[j - 1];
        }
        items[j] = item;
    }
}

static void swap(uint32_t *a, uint32_t *b) {
    uint32_t value = *a;
    *a = *b;
    *b = value;
}

static void quicksort(uint32_t *items, size_t count) {
    while (count > SHORT) {
        // The median of three, in the middle.
        uint32_t *first = items, *middle = items + count / 2, *last = items + count - 1;
        if (*middle < *first) {
            swap(middle, first);
        }
        if (*last < *first) {
            swap(last, first);
        }
        if (*last < *middle) {
            swap(last, middle);
        }
        uint32_t pivot = *middle;
        size_t i = 0, j = count - 1;
        for (;;) {
            while (items[i] < pivot) {
                i++;
            }
            while (items[j] > pivot) {
                j--;
            }
            if (i >= j) {
                break;
            }
            swap(&items[i++], &items[j--]);
        }
        // The shorter side by recursion, so that it stays shallow.
        size_t left = j + 1, right = count - left;
        if (left < right) {
            quicksort(items, left);
            items += left;
            count = right;
        } else {
            quicksort(items + left, right);
            count = left;
        }
    }
    insertion_sort(items, count);
}

static void sift_down(uint32_t *items, size_t root, size_t count) {
    uint32_t item = items[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && items[child] < items[child + 1]) {
            child++;
        }
        if (items[child] <= item) {
            break;
        }
        items[root] = items[child];
    }
    items[root] = item;
}

static void heapsort_items(uint32_t *items, size_t count) {
    for (size_t i = count / 2; i > 0; i--) {
        sift_down(items, i - 1, count);
    }
    for (size_t i = count; i > 1; i--) {
        swap(&items[0], &items[i - 1]);
        sift_down(items, 0, i - 1);
    }
}

static void radix_sort(uint32_t *items, uint32_t *other, size_t count) {
    for (int shift = 0; shift < 32; shift += 8) {
        uint32_t starts[256] = {0};
        for (size_t i = 0; i < count; i++) {
            starts[items[i] >> shift & 0xff]++;
        }
        uint32_t start = 0;
        for (int digit = 0; digit < 256; digit++) {
            uint32_t here = starts[digit];
            starts[digit] = start;
            start += here;
        }
        for (size_t i = 0; i < count; i++) {
            other[starts[items[i] >> shift & 0xff]++] = items[i];
        }
        uint32_t *sorted = other;
        other = items;
        items = sorted;
    }
}

typedef int compare_fn(const void *a, const void *b);

// Items of any size, stable; `room` is as large as the array.
static void merge_sort(void *array, void *room, size_t count, size_t size, compare_fn *compare) {
    if (count < 2) {
        return;
    }
    size_t half = count / 2;
    char *items = array, *out = room, *left = items, *right = items + half * size;
    char *middle = right, *end = items + count * size;
    merge_sort(left, room, half, size, compare);
    merge_sort(right, room, count - half, size, compare);
    while (left < middle && right < end) {
        char **smaller = compare(left, right) <= 0 ? &left : &right;
        memcpy(out, *smaller, size);
        *smaller += size;
        out += size;
    }
    memcpy(out, left, (size_t)(middle - left));
    memcpy(out + (middle - left), right, (size_t)(end - right));
    memcpy(array, room, count * size);
}

static int by_key(const void *left, const void *right) {
    const struct record *a = left, *b = right;
    return (a->key > b->key) - (a->key < b->key);
}

static int by_name(const void *left, const void *right) {
    const struct record *a = left, *b = right;
    int order = memcmp(a->name, b->name, sizeof a->name);
    return order != 0 ? order : a->place - b->place;
}

static int by_place(const void *left, const void *right) {
    return ((const struct record *)left)->place - ((const struct record *)right)->place;
}

static void must_equal(const uint32_t *a, const uint32_t *b, const char *what) {
    if (memcmp(a, b, COUNT * sizeof *a) != 0) {
        fprintf(stderr, "another order: %s\n", what);
        exit(1);
    }
}

// Patterns that algorithms like and dislike: random, few values, ascending, descending, nearly sorted.
static uint32_t pattern(uint64_t round, uint32_t i, uint64_t *random) {
    uint32_t value = (uint32_t)(next_random(random) >> 32);
    switch (round % 5) {
    case 0: return value;
    case 1: return value % 50;
    case 2: return i * 3;
    case 3: return COUNT - i;
    default: return value % 32 == 0 ? value : i << 16;
    }
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 5);
    static uint32_t given[COUNT], a[COUNT], b[COUNT], c[COUNT];
    static struct record records[COUNT], room[COUNT];
    uint64_t random = 31, checksum = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            given[i] = pattern(round, i, &random) ^ (uint32_t)(checksum & 0xff);
            records[i] = (struct record){.key = given[i], .place = (uint16_t)i};
            for (int j = 0; j < 6; j++) {
                records[i].name[j] = (uint8_t)('a' + (given[i] >> (4 * j) & 7));
            }
        }
        memcpy(a, given, sizeof given);
        quicksort(a, COUNT);
        memcpy(b, given, sizeof given);
        heapsort_items(b, COUNT);
        must_equal(a, b, "heapsort");
        memcpy(b, given, sizeof given);
        radix_sort(b, c, COUNT);
        must_equal(a, b, "radix sort");

        compare_fn *const orders[] = {by_name, by_place, by_key};
        for (int i = 0; i < 3; i++) {
            merge_sort(records, room, COUNT, sizeof *records, orders[(round + (unsigned)i) % 3]);
            checksum = fold_in(checksum, records[checksum % COUNT].place);
        }
        qsort(records, COUNT, sizeof *records, by_name);
        checksum = fold_in(checksum, records[checksum % COUNT].place);
        merge_sort(records, room, COUNT, sizeof *records, by_key);
        for (uint32_t i = 0; i < COUNT; i++) {
            c[i] = records[i].key;
            checksum = fold_in(checksum, (uint64_t)a[i] << 16 | records[i].place);
        }
        must_equal(a, c, "merge sort");
    }
    printf("rounds %" PRIu64 ", smallest %" PRIu32 ", median %" PRIu32 ", greatest %" PRIu32 ", checksum %016" PRIx64 "\n",
           rounds, a[0], a[COUNT / 2], a[COUNT - 1], checksum);
    return 0;
}
