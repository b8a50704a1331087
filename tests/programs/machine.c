// A bytecode interpreter with one dense switch in a loop, as most interpreters are written: its stack, its registers and its
// program lie in memory. The program it runs counts primes, takes greatest common divisors, and goes through nested loops.
//
// usage: machine [ROUNDS]

#include "support.h"

#include <inttypes.h>

enum operation {
    HALT,
    PUSH,    // a constant
    LOAD,    // a register
    STORE,   // into a register
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    MODULO,
    AND,
    XOR,
    SHIFT,
    LESS,
    EQUAL,
    NOT,
    DUPLICATE,
    DROP,
    SWAP,
    JUMP,      // to an address
    JUMP_ZERO, // if the top of the stack is zero
    INCREMENT, // a register
    PEEK,      // the memory at an address from the stack
    POKE,
    CALL,
    RETURN,
    PRINT, // into the checksum
    OPERATIONS,
};

enum { STACK = 256, REGISTERS = 16, MEMORY = 1024, CODE = 512 };

struct machine {
    uint32_t stack[STACK], calls[STACK], registers[REGISTERS], memory[MEMORY];
    uint64_t steps, checksum;
};

static void run(struct machine *machine, const int32_t *code) {
    uint32_t pc = 0, top = 0, depth = 0;
    uint32_t *stack = machine->stack;
    for (;;) {
        machine->steps++;
        switch ((enum operation)code[pc++]) {
        case HALT: return;
        case PUSH: stack[top++] = (uint32_t)code[pc++]; break;
        case LOAD: stack[top++] = machine->registers[code[pc++]]; break;
        case STORE: machine->registers[code[pc++]] = stack[--top]; break;
        case ADD: top--, stack[top - 1] += stack[top]; break;
        case SUBTRACT: top--, stack[top - 1] -= stack[top]; break;
        case MULTIPLY: top--, stack[top - 1] *= stack[top]; break;
        case DIVIDE: top--, stack[top - 1] = stack[top] == 0 ? 0 : stack[top - 1] / stack[top]; break;
        case MODULO: top--, stack[top - 1] = stack[top] == 0 ? 0 : stack[top - 1] % stack[top]; break;
        case AND: top--, stack[top - 1] &= stack[top]; break;
        case XOR: top--, stack[top - 1] ^= stack[top]; break;
        case SHIFT: top--, stack[top - 1] >>= stack[top] & 31; break;
        case LESS: top--, stack[top - 1] = stack[top - 1] < stack[top]; break;
        case EQUAL: top--, stack[top - 1] = stack[top - 1] == stack[top]; break;
        case NOT: stack[top - 1] = stack[top - 1] == 0; break;
        case DUPLICATE: stack[top] = stack[top - 1], top++; break;
        case DROP: top--; break;
        case SWAP: {
            uint32_t upper = stack[top - 1];
            stack[top - 1] = stack[top - 2];
            stack[top - 2] = upper;
            break;
        }
        case JUMP: pc = (uint32_t)code[pc]; break;
        case JUMP_ZERO: pc = stack[--top] == 0 ? (uint32_t)code[pc] : pc + 1; break;
        case INCREMENT: machine->registers[code[pc++]]++; break;
        case PEEK: stack[top - 1] = machine->memory[stack[top - 1] % MEMORY]; break;
        case POKE: top -= 2, machine->memory[stack[top + 1] % MEMORY] = stack[top]; break;
        case CALL: machine->calls[depth++] = pc + 1, pc = (uint32_t)code[pc]; break;
        case RETURN: pc = machine->calls[--depth]; break;
        case PRINT: machine->checksum = fold_in(machine->checksum, stack[--top]); break;
        case OPERATIONS:
        default: fprintf(stderr, "bad operation %" PRId32 " at %" PRIu32 "\n", code[pc - 1], pc - 1); exit(1);
        }
    }
}

// ---- The program: words of an assembler, jumps to labels that may come later --------------------------------

static int32_t code[CODE];
static uint32_t used;

static uint32_t emit(enum operation operation) {
    code[used++] = operation;
    return used - 1;
}

// Gives where the operand is, for what jumps ahead.
static uint32_t emit_with(enum operation operation, uint32_t operand) {
    emit(operation);
    code[used++] = (int32_t)operand;
    return used - 1;
}

static void emit_all(const enum operation *operations, size_t count) {
    for (size_t i = 0; i < count; i++) {
        emit(operations[i]);
    }
}

// Operations without operands, in order.
#define EMIT(...)                                                              \
    do {                                                                       \
        const enum operation operations_[] = {__VA_ARGS__};                    \
        emit_all(operations_, sizeof operations_ / sizeof *operations_);       \
    } while (0)

// The test whether register `a` is less than the constant; jumps away from the place it gives otherwise.
static uint32_t while_less(uint32_t a, uint32_t limit) {
    emit_with(LOAD, a);
    emit_with(PUSH, limit);
    emit(LESS);
    return emit_with(JUMP_ZERO, 0);
}

static void end_while(uint32_t start, uint32_t exit_operand) {
    emit_with(JUMP, start);
    code[exit_operand] = (int32_t)used;
}

// Registers 0 to 3: candidate, divisor, primes so far, seed (which main sets before each run).
static void assemble_primes(void) {
    emit_with(PUSH, 2), emit_with(STORE, 0);
    emit_with(PUSH, 0), emit_with(STORE, 2);
    uint32_t outer = used, outer_exit = while_less(0, 400);
    emit_with(PUSH, 2), emit_with(STORE, 1);
    uint32_t inner = used;
    emit_with(LOAD, 0); emit_with(LOAD, 1); EMIT(DUPLICATE, MULTIPLY, LESS, NOT);
    uint32_t is_prime = emit_with(JUMP_ZERO, 0);
    emit_with(LOAD, 0); emit_with(LOAD, 1); EMIT(MODULO);
    uint32_t composite = emit_with(JUMP_ZERO, 0);
    emit_with(INCREMENT, 1);
    emit_with(JUMP, inner);
    code[is_prime] = (int32_t)used;
    emit_with(LOAD, 0); emit_with(LOAD, 2); EMIT(POKE);
    emit_with(INCREMENT, 2);
    code[composite] = (int32_t)used;
    emit_with(INCREMENT, 0);
    end_while(outer, outer_exit);
    emit_with(LOAD, 2); EMIT(PRINT);
}

// Euclid's loop over pairs: registers 4 and 5 count, 6 and 7 are the pair; as a subroutine, whose address it gives.
static uint32_t assemble_gcd(void) {
    uint32_t start = used;
    emit_with(LOAD, 7);
    uint32_t end = emit_with(JUMP_ZERO, 0);
    emit_with(LOAD, 7); emit_with(LOAD, 6); emit_with(LOAD, 7); EMIT(MODULO);
    emit_with(STORE, 7), emit_with(STORE, 6);
    emit_with(JUMP, start);
    code[end] = (int32_t)used;
    EMIT(RETURN);
    return start;
}

static void assemble_pairs(uint32_t gcd) {
    emit_with(PUSH, 1), emit_with(STORE, 4);
    uint32_t outer = used, outer_exit = while_less(4, 40);
    emit_with(PUSH, 1), emit_with(STORE, 5);
    uint32_t inner = used, inner_exit = while_less(5, 30);
    emit_with(LOAD, 4); emit_with(PUSH, 30); EMIT(MULTIPLY); emit_with(STORE, 6);
    emit_with(LOAD, 5); EMIT(PEEK); emit_with(PUSH, 7); EMIT(MULTIPLY);
    emit_with(LOAD, 3); EMIT(XOR, DUPLICATE); emit_with(PUSH, 1023); EMIT(AND, SWAP, DROP);
    emit_with(STORE, 7);
    emit_with(CALL, gcd);
    emit_with(LOAD, 6); emit_with(LOAD, 8); EMIT(ADD); emit_with(STORE, 8);
    emit_with(INCREMENT, 5);
    end_while(inner, inner_exit);
    emit_with(INCREMENT, 4);
    end_while(outer, outer_exit);
    emit_with(LOAD, 8); EMIT(PRINT);
}

// Three loops in each other, with a memory cell in the innermost: registers 9 to 11 count, 12 sums up.
static void assemble_nest(void) {
    emit_with(PUSH, 0), emit_with(STORE, 9);
    uint32_t first = used, first_exit = while_less(9, 12);
    emit_with(PUSH, 0), emit_with(STORE, 10);
    uint32_t second = used, second_exit = while_less(10, 12);
    emit_with(PUSH, 0), emit_with(STORE, 11);
    uint32_t third = used, third_exit = while_less(11, 12);
    emit_with(LOAD, 9); emit_with(PUSH, 31); EMIT(MULTIPLY);
    emit_with(LOAD, 10); emit_with(LOAD, 11); EMIT(MULTIPLY, ADD, DUPLICATE, PEEK);
    emit_with(LOAD, 12); EMIT(ADD, DUPLICATE);
    emit_with(STORE, 12);
    emit_with(PUSH, 3); EMIT(SHIFT, SWAP, POKE);
    emit_with(INCREMENT, 11);
    end_while(third, third_exit);
    emit_with(INCREMENT, 10);
    end_while(second, second_exit);
    emit_with(INCREMENT, 9);
    end_while(first, first_exit);
    emit_with(LOAD, 12); EMIT(PRINT);
    emit_with(LOAD, 12); emit_with(PUSH, 1); EMIT(ADD);
    emit_with(LOAD, 8); EMIT(DIVIDE); emit_with(PUSH, 17); EMIT(SUBTRACT);
    emit_with(LOAD, 2); EMIT(EQUAL, PRINT, HALT);
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 3);
    uint32_t ahead = emit_with(JUMP, 0);
    uint32_t gcd = assemble_gcd();
    code[ahead] = (int32_t)used;
    assemble_primes();
    assemble_pairs(gcd);
    assemble_nest();

    static struct machine machine;
    for (uint64_t round = 0; round < rounds; round++) {
        machine.registers[3] = (uint32_t)machine.checksum;
        run(&machine, code);
    }
    printf("rounds %" PRIu64 ", steps %" PRIu64 ", primes %" PRIu32 ", divisors %" PRIu32 ", checksum %016" PRIx64 "\n", rounds,
           machine.steps, machine.registers[2], machine.registers[8], machine.checksum);
    return 0;
}
