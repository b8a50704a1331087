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

// ---- The program -------------------------------------------------------------------------------------------

static const char *const names[OPERATIONS] = {
    "halt", "push", "load", "store", "add", "subtract", "multiply", "divide", "modulo", "and", "xor", "shift", "less",
    "equal", "not", "duplicate", "drop", "swap", "jump", "jump-zero", "increment", "peek", "poke", "call", "return",
    "print",
};

// Registers: 0 candidate, 1 divisor, 2 primes so far; 3 what main gives; 4 and 5 count, 6 and 7 the pair, 8 sum of divisors;
// 9 to 11 count, 12 sum of the nest.
static const char source[] =
    "            jump start"
    // Euclid's loop.
    " gcd:       load 7  jump-zero done  load 7  load 6  load 7  modulo  store 7  store 6  jump gcd"
    " done:      return"
    // Primes, by trial division up to the root, into memory.
    " start:     push 2  store 0  push 0  store 2"
    " candidate: load 0  push 400  less  jump-zero counted  push 2  store 1"
    " divisor:   load 0  load 1  duplicate  multiply  less  not  jump-zero prime"
    "            load 0  load 1  modulo  jump-zero next"
    "            increment 1  jump divisor"
    " prime:     load 0  load 2  poke  increment 2"
    " next:      increment 0  jump candidate"
    " counted:   load 2  print"
    // Greatest common divisors of products of the counters and primes.
    "            push 1  store 4"
    " first:     load 4  push 40  less  jump-zero summed  push 1  store 5"
    " second:    load 5  push 30  less  jump-zero first-end"
    "            load 4  push 30  multiply  store 6"
    "            load 5  peek  push 7  multiply  load 3  xor  duplicate  push 1023  and  swap  drop  store 7"
    "            call gcd  load 6  load 8  add  store 8  increment 5  jump second"
    " first-end: increment 4  jump first"
    " summed:    load 8  print"
    // Three loops in each other, with a memory cell in the innermost.
    "            push 0  store 9"
    " outer:     load 9  push 12  less  jump-zero end  push 0  store 10"
    " middle:    load 10  push 12  less  jump-zero outer-end  push 0  store 11"
    " inner:     load 11  push 12  less  jump-zero middle-end"
    "            load 9  push 31  multiply  load 10  load 11  multiply  add  duplicate  peek  load 12  add"
    "            duplicate  store 12  push 3  shift  swap  poke  increment 11  jump inner"
    " middle-end: increment 10  jump middle"
    " outer-end: increment 9  jump outer"
    " end:       load 12  print  load 12  push 1  add  load 8  divide  push 17  subtract  load 2  equal  print  halt";

enum { LABELS = 32, LONGEST = 15 };

struct label {
    char name[LONGEST + 1];
    int32_t address;
};

struct assembler {
    struct label labels[LABELS];
    int label_count;
    int32_t code[CODE];
    int32_t used;
};

static int takes_operand(int operation) {
    return operation == PUSH || operation == LOAD || operation == STORE || operation == JUMP || operation == JUMP_ZERO ||
           operation == INCREMENT || operation == CALL;
}

static int operation_named(const char *word) {
    for (int i = 0; i < OPERATIONS; i++) {
        if (strcmp(names[i], word) == 0) {
            return i;
        }
    }
    fprintf(stderr, "no operation: %s\n", word);
    exit(1);
}

// A number, or where a label stands, which is known from the second pass on.
static int32_t operand_of(const struct assembler *assembler, const char *word) {
    for (int i = 0; i < assembler->label_count; i++) {
        if (strcmp(assembler->labels[i].name, word) == 0) {
            return assembler->labels[i].address;
        }
    }
    return (int32_t)strtol(word, NULL, 10);
}

static void assemble(struct assembler *assembler) {
    int label_count = 0, operand = 0;
    assembler->used = 0;
    for (const char *at = source + strspn(source, " "); *at != '\0'; at += strspn(at, " ")) {
        char word[LONGEST + 1] = {0};
        size_t length = strcspn(at, " ");
        memcpy(word, at, length <= LONGEST ? length : LONGEST);
        at += length;
        if (at[-1] == ':') {
            struct label *label = &assembler->labels[label_count++];
            memcpy(label->name, word, length - 1);
            label->address = assembler->used;
        } else if (operand) {
            assembler->code[assembler->used++] = operand_of(assembler, word);
            operand = 0;
        } else {
            int operation = operation_named(word);
            assembler->code[assembler->used++] = operation;
            operand = takes_operand(operation);
        }
    }
    assembler->label_count = label_count;
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 3);
    static struct assembler assembler;
    assemble(&assembler);
    assemble(&assembler);
    static struct machine machine;
    for (uint64_t round = 0; round < rounds; round++) {
        machine.registers[3] = (uint32_t)machine.checksum;
        run(&machine, assembler.code);
    }
    printf("rounds %" PRIu64 ", steps %" PRIu64 ", primes %" PRIu32 ", divisors %" PRIu32 ", checksum %016" PRIx64 "\n", rounds,
           machine.steps, machine.registers[2], machine.registers[8], machine.checksum);
    return 0;
}
