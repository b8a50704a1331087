// A bytecode interpreter in the style of threaded code: each operation is a function that ends with a tail call of the next
// one, through a table (`musttail`; `-mtail-call` in wasm). Operands are five registers, passed from one to the next.
//
// usage: dispatch [N], rounds of the bytecode's loop

#include "support.h"

#include <string.h>

#define ARGUMENTS const uint8_t *code, uint64_t *memory, uint64_t a, uint64_t b, uint64_t counter
#define NEXT(a, b, counter) __attribute__((musttail)) return OPERATIONS[*code](code + 1, memory, a, b, counter)

typedef uint64_t Operation(ARGUMENTS);

enum { ADD, XOR, MULTIPLY, ROTATE, SWAP, LOAD, STORE, LITERAL, SKIP_IF_ODD, CALL, LOOP, HALT, OPERATION_COUNT };
enum { CELLS = 64 };

static Operation *const OPERATIONS[OPERATION_COUNT];
static uint64_t calls;

static uint64_t add(ARGUMENTS) { NEXT(a + b, b, counter); }

static uint64_t exclusive_or(ARGUMENTS) { NEXT(a ^ b, b, counter); }

static uint64_t multiply(ARGUMENTS) { NEXT(a * (b | 1), b, counter); }

static uint64_t rotate(ARGUMENTS) {
    unsigned by = *code++ & 63;
    NEXT(by == 0 ? a : a << by | a >> (64 - by), b, counter);
}

static uint64_t swap(ARGUMENTS) { NEXT(b, a, counter); }

static uint64_t load(ARGUMENTS) {
    uint8_t offset = *code++;
    NEXT(a, memory[(b + offset) % CELLS], counter);
}

static uint64_t store(ARGUMENTS) {
    uint8_t offset = *code++;
    memory[(b + offset) % CELLS] = a;
    NEXT(a, b, counter);
}

static uint64_t literal(ARGUMENTS) {
    b = *code++;
    NEXT(a, b, counter);
}

static uint64_t skip_if_odd(ARGUMENTS) {
    code += a % 2 == 1 ? 1 : 0;
    NEXT(a, b, counter);
}

// A normal call in the middle of an operation, of code that ends by itself.
static uint64_t call(ARGUMENTS) {
    static const uint8_t routine[] = {ROTATE, 13, XOR, MULTIPLY, HALT};
    uint64_t result = OPERATIONS[routine[0]](routine + 1, memory, a, b, counter);
    calls++;
    NEXT(result, b, counter);
}

static uint64_t loop(ARGUMENTS) {
    uint8_t back = *code++;
    if (counter > 1) {
        code -= back;
    }
    NEXT(a, b, counter - 1);
}

static uint64_t halt(ARGUMENTS) {
    (void)code, (void)memory, (void)b, (void)counter;
    return a;
}

static Operation *const OPERATIONS[OPERATION_COUNT] = {
    [ADD] = add,         [XOR] = exclusive_or, [MULTIPLY] = multiply, [ROTATE] = rotate,
    [SWAP] = swap,       [LOAD] = load,        [STORE] = store,       [LITERAL] = literal,
    [SKIP_IF_ODD] = skip_if_odd, [CALL] = call, [LOOP] = loop,        [HALT] = halt,
};

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 1000);
    static const uint8_t code[] = {
        LOAD, 7, ADD, ROTATE, 17, SKIP_IF_ODD, SWAP, XOR, CALL, STORE, 31, LITERAL, 9, MULTIPLY, SKIP_IF_ODD, ADD, LOOP, 18, HALT,
    };
    // The loop's operand is the way back to the first operation from behind it.
    _Static_assert(sizeof code == 19, "the distance that the loop goes back");
    uint64_t memory[CELLS], state = 88172645463325252u;
    for (int i = 0; i < CELLS; i++) {
        memory[i] = next_random(&state);
    }
    uint64_t result = OPERATIONS[code[0]](code + 1, memory, 1, 2, rounds);
    uint64_t sum = 0;
    for (int i = 0; i < CELLS; i++) {
        sum = sum * 31 + memory[i];
    }
    printf("%llu rounds, %llu calls: %016llx %016llx\n", (unsigned long long)rounds, (unsigned long long)calls,
           (unsigned long long)result, (unsigned long long)sum);
    return 0;
}
