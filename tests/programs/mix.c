// A mix of what embedded and system code does all day: linked lists, small integer matrices, a state machine
// over text, and checksums. Each part feeds its result into the input of its next round, so that no part can
// be hoisted out of the loop or dropped.
//
// usage: mix [ITERATIONS]

#include "support.h"

#include <inttypes.h>
#include <string.h>

// ---- CRC ---------------------------------------------------------------------------------------------------

// Bit by bit on purpose: shifts and selects in a dependent chain, where the table version would measure loads.
static uint16_t crc16_step(uint16_t crc, uint8_t byte) {
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 1) ? (uint16_t)((crc >> 1) ^ 0xa001) : (uint16_t)(crc >> 1);
    }
    return crc;
}

static uint16_t crc16_word(uint16_t crc, uint32_t word) {
    for (int i = 0; i < 4; i++) {
        crc = crc16_step(crc, (uint8_t)(word >> (8 * i)));
    }
    return crc;
}

static uint32_t crc32_table[256];

static void crc32_prepare(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) {
            value = (value & 1) ? (value >> 1) ^ 0xedb88320u : value >> 1;
        }
        crc32_table[i] = value;
    }
}

static uint32_t crc32(const uint8_t *bytes, size_t count) {
    uint32_t crc = ~0u;
    for (size_t i = 0; i < count; i++) {
        crc = (crc >> 8) ^ crc32_table[(crc ^ bytes[i]) & 0xff];
    }
    return ~crc;
}

// ---- Linked lists ------------------------------------------------------------------------------------------

enum { LIST_NODES = 400 };

struct node {
    struct node *next;
    int16_t key;
    uint16_t tag;
};

typedef int compare_fn(const struct node *a, const struct node *b);

static int by_key(const struct node *a, const struct node *b) {
    return a->key != b->key ? a->key - b->key : a->tag - b->tag;
}

static int by_tag(const struct node *a, const struct node *b) {
    return a->tag - b->tag;
}

static struct node *merge(struct node *a, struct node *b, compare_fn *compare) {
    struct node head = {0};
    struct node *tail = &head;
    while (a != NULL && b != NULL) {
        struct node **smaller = compare(a, b) <= 0 ? &a : &b;
        tail->next = *smaller;
        tail = *smaller;
        *smaller = tail->next;
    }
    tail->next = a != NULL ? a : b;
    return head.next;
}

// Recursive merge sort; the comparison goes through a pointer, so that wasm sees indirect calls.
static struct node *sort(struct node *list, compare_fn *compare) {
    if (list == NULL || list->next == NULL) {
        return list;
    }
    struct node *slow = list;
    for (struct node *fast = list->next; fast != NULL && fast->next != NULL; fast = fast->next->next) {
        slow = slow->next;
    }
    struct node *second = slow->next;
    slow->next = NULL;
    return merge(sort(list, compare), sort(second, compare), compare);
}

static struct node *reverse(struct node *list) {
    struct node *done = NULL;
    while (list != NULL) {
        struct node *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

static const struct node *find(const struct node *list, int16_t key) {
    while (list != NULL && list->key != key) {
        list = list->next;
    }
    return list;
}

static uint16_t run_lists(uint16_t seed) {
    static struct node pool[LIST_NODES];
    uint64_t random = 0x9e3779b97f4a7c15ULL ^ seed;
    struct node *list = NULL;
    for (int i = 0; i < LIST_NODES; i++) {
        pool[i].key = (int16_t)(next_random(&random) >> 52);
        pool[i].tag = (uint16_t)i;
        pool[i].next = list;
        list = &pool[i];
    }
    uint16_t crc = seed;
    for (int round = 0; round < 4; round++) {
        const struct node *hit = find(list, (int16_t)(next_random(&random) >> 52));
        crc = crc16_word(crc, hit != NULL ? hit->tag : 0xffffu);
        list = sort(list, by_key);
        crc = crc16_word(crc, list->tag);
        list = reverse(list);
        crc = crc16_word(crc, (uint32_t)(uint16_t)list->key);
        if (round & 1) {
            list = sort(list, by_tag);
        }
        list->key ^= (int16_t)(crc & 0x3ff);
    }
    for (const struct node *node = list; node != NULL; node = node->next) {
        crc = crc16_step(crc, (uint8_t)node->key);
    }
    return crc;
}

// ---- Matrices ----------------------------------------------------------------------------------------------

enum { SIZE = 24 };

static void multiply(int32_t out[SIZE][SIZE], int16_t a[SIZE][SIZE], int16_t b[SIZE][SIZE]) {
    for (int row = 0; row < SIZE; row++) {
        for (int column = 0; column < SIZE; column++) {
            int32_t sum = 0;
            for (int k = 0; k < SIZE; k++) {
                sum += a[row][k] * b[k][column];
            }
            out[row][column] = sum;
        }
    }
}

static uint16_t run_matrices(uint16_t seed) {
    static int16_t a[SIZE][SIZE], b[SIZE][SIZE];
    static int32_t product[SIZE][SIZE];
    for (int row = 0; row < SIZE; row++) {
        for (int column = 0; column < SIZE; column++) {
            // Entries below 2^10: 24 products of them stay far from overflow.
            a[row][column] = (int16_t)((seed + row * 31 + column * 7) % 1021 - 510);
            b[row][column] = (int16_t)((seed ^ (row * 13 + column * 57)) % 1019 - 509);
        }
    }
    uint16_t crc = seed;
    for (int round = 0; round < 2; round++) {
        multiply(product, a, b);
        for (int row = 0; row < SIZE; row++) {
            int32_t sum = 0;
            for (int column = 0; column < SIZE; column++) {
                int32_t bits = (product[row][column] >> 3) & 0x3ff;
                sum += bits;
                a[row][column] = (int16_t)(bits - 512);
            }
            crc = crc16_word(crc, (uint32_t)sum);
        }
    }
    return crc;
}

// ---- State machine -----------------------------------------------------------------------------------------

enum state { START, WORD, SIGN, INTEGER, FRACTION, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS, HEX, INVALID, STATES };

static const char *const state_names[STATES] = {
    "start", "word", "sign", "integer", "fraction", "exponent", "exponent-sign", "scientific", "hex", "invalid",
};

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static enum state advance(enum state state, char c, char first) {
    switch (state) {
    case START:
        return is_digit(c) ? INTEGER : c == '.' ? FRACTION : c == '+' || c == '-' ? SIGN : is_letter(c) ? WORD : INVALID;
    case WORD:
        return is_letter(c) || is_digit(c) ? WORD : INVALID;
    case SIGN:
        return is_digit(c) ? INTEGER : c == '.' ? FRACTION : INVALID;
    case INTEGER:
        return is_digit(c)                 ? INTEGER
               : c == '.'                  ? FRACTION
               : c == 'e' || c == 'E'      ? EXPONENT
               : c == 'x' && first == '0'  ? HEX
                                           : INVALID;
    case FRACTION:
        return is_digit(c) ? FRACTION : c == 'e' || c == 'E' ? EXPONENT : INVALID;
    case EXPONENT:
        return is_digit(c) ? EXPONENT_DIGITS : c == '+' || c == '-' ? EXPONENT_SIGN : INVALID;
    case EXPONENT_SIGN:
    case EXPONENT_DIGITS:
        return is_digit(c) ? EXPONENT_DIGITS : INVALID;
    case HEX:
        return is_digit(c) || (c >= 'a' && c <= 'f') ? HEX : INVALID;
    case INVALID:
    case STATES:
        break;
    }
    return INVALID;
}

static const char text[] =
    "0x1f,count,-17,+3.25,6.02e23,1e-9,_tmp,.5,12a,--4,0xfeed,3.,e5,1E+7,9999,x_1,0.0.1,7e,+,0xg,"
    "alpha,beta42,-0.001,0x,2e+,gamma,31415,2.71828e0,!,-.75e-3";

static uint16_t run_states(uint16_t seed, uint32_t totals[STATES]) {
    static char buffer[sizeof text];
    memcpy(buffer, text, sizeof text);
    // Damage a few characters, differently each time, as noise on a line would.
    for (size_t i = seed % 17; i < sizeof text - 1; i += 29) {
        if (buffer[i] != ',') {
            buffer[i] ^= 1;
        }
    }
    uint16_t crc = seed;
    enum state state = START;
    char first = '\0';
    for (size_t i = 0; i < sizeof text; i++) {
        char c = buffer[i];
        if (c == ',' || c == '\0') {
            totals[state]++;
            crc = crc16_step(crc, (uint8_t)state);
            state = START;
        } else {
            if (state == START) {
                first = c;
            }
            state = advance(state, c, first);
        }
    }
    return crc;
}

int main(int argc, char **argv) {
    uint64_t iterations = count_argument(argc, argv, 100);
    uint32_t totals[STATES] = {0};
    uint16_t lists = 0, matrices = 0, states = 0;
    uint32_t whole = 0;
    static uint8_t trace[512];

    crc32_prepare();
    for (uint64_t i = 0; i < iterations; i++) {
        lists = run_lists((uint16_t)(lists + i));
        matrices = run_matrices((uint16_t)(matrices ^ lists));
        states = run_states((uint16_t)(states + matrices), totals);
        trace[i % sizeof trace] = (uint8_t)(lists ^ matrices ^ states);
        whole ^= crc32(trace, sizeof trace);
    }

    printf("iterations %" PRIu64 "\n", iterations);
    printf("lists      %04x\n", (unsigned)lists);
    printf("matrices   %04x\n", (unsigned)matrices);
    printf("states     %04x\n", (unsigned)states);
    for (int i = 0; i < STATES; i++) {
        printf("  %-14s %" PRIu32 "\n", state_names[i], totals[i]);
    }
    printf("all        %08" PRIx32 "\n", whole);
    return 0;
}
