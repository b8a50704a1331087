// Calls of all kinds: deep and double recursion, tables of functions, functions with many or mixed parameters, structures by
// value, variable arguments, and a small bytecode interpreter with one handler function per instruction.
//
// usage: calls [ROUNDS]

#include "support.h"

#include <inttypes.h>
#include <stdarg.h>

// Volatile pointers and noinline keep calls that the compiler would otherwise do away with.
#define NOINLINE __attribute__((noinline))

NOINLINE static uint32_t fibonacci(uint32_t n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

NOINLINE static uint32_t ackermann(uint32_t m, uint32_t n) {
    return m == 0 ? n + 1 : ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

NOINLINE static uint32_t is_odd(uint32_t n);

NOINLINE static uint32_t is_even(uint32_t n) {
    return n == 0 ? 1 : is_odd(n - 1) ^ (n & 0x10000);
}

NOINLINE static uint32_t is_odd(uint32_t n) {
    return n == 0 ? 0 : is_even(n - 1) ^ (n & 0x20000);
}

// More parameters than any machine passes in registers, of all four types.
NOINLINE static double many(int32_t a, int64_t b, float c, double d, int32_t e, int64_t f, float g, double h, int32_t i,
                            int64_t j, float k, double l, int32_t m, int64_t n, float o, double p, double q, double r,
                            int32_t s, int32_t t) {
    return a - (double)b + c * d - e + (double)f - g * h + i - (double)j + k * l - m + (double)n - o * p + q - r + s * t;
}

struct vector {
    double x, y, z;
};

struct small {
    int32_t key;
    float weight;
};

NOINLINE static struct vector cross(struct vector a, struct vector b) {
    return (struct vector){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

NOINLINE static struct small heavier(struct small a, struct small b) {
    return a.weight > b.weight ? a : b;
}

// The format says the types: i, l, d.
NOINLINE static double sum_of(const char *format, ...) {
    va_list arguments;
    double sum = 0;
    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        switch (*format) {
        case 'i':
            sum += va_arg(arguments, int);
            break;
        case 'l':
            sum += (double)va_arg(arguments, long long);
            break;
        default:
            sum += va_arg(arguments, double);
        }
    }
    va_end(arguments);
    return sum;
}

// ---- A stack machine whose instructions are functions ------------------------------------------------------

struct machine {
    int64_t stack[16];
    int top, at;
    int64_t registers[4];
    uint64_t steps;
};

struct instruction {
    int (*run)(struct machine *machine, int32_t operand); // 0 stops the machine.
    int32_t operand;
};

static int op_push(struct machine *m, int32_t operand) {
    m->stack[m->top++] = operand;
    return 1;
}

static int op_load(struct machine *m, int32_t operand) {
    m->stack[m->top++] = m->registers[operand];
    return 1;
}

static int op_store(struct machine *m, int32_t operand) {
    m->registers[operand] = m->stack[--m->top];
    return 1;
}

static int op_add(struct machine *m, int32_t operand) {
    (void)operand;
    m->top--;
    m->stack[m->top - 1] = (int64_t)((uint64_t)m->stack[m->top - 1] + (uint64_t)m->stack[m->top]);
    return 1;
}

static int op_multiply(struct machine *m, int32_t operand) {
    (void)operand;
    m->top--;
    m->stack[m->top - 1] = (int64_t)((uint64_t)m->stack[m->top - 1] * (uint64_t)m->stack[m->top]);
    return 1;
}

static int op_remainder(struct machine *m, int32_t operand) {
    m->stack[m->top - 1] = (int64_t)((uint64_t)m->stack[m->top - 1] % (uint64_t)operand);
    return 1;
}

static int op_jump_if(struct machine *m, int32_t operand) {
    if (m->stack[--m->top] != 0) {
        m->at = operand;
    }
    return 1;
}

static int op_stop(struct machine *m, int32_t operand) {
    (void)m;
    (void)operand;
    return 0;
}

// Register 0 counts down; register 1 runs through a multiplicative congruence.
static const struct instruction program[] = {
    {op_load, 1}, {op_push, 48271}, {op_multiply, 0}, {op_push, 11}, {op_add, 0},     {op_remainder, 2147483647}, {op_store, 1},
    {op_load, 0}, {op_push, -1},    {op_add, 0},      {op_store, 0}, {op_load, 0},    {op_jump_if, 0},            {op_stop, 0},
};

static int64_t run_machine(int64_t turns, uint64_t *steps) {
    struct machine machine = {.registers = {turns, 1}};
    const struct instruction *instruction;
    do {
        instruction = &program[machine.at++];
        machine.steps++;
    } while (instruction->run(&machine, instruction->operand));
    *steps += machine.steps;
    return machine.registers[1];
}

// ---- A table of operations, chosen by data -----------------------------------------------------------------

static double op_sum(double a, double b) {
    return a + b;
}

static double op_difference(double a, double b) {
    return a - b;
}

static double op_mean(double a, double b) {
    return (a + b) / 2;
}

static double op_larger(double a, double b) {
    return a > b ? a : b;
}

static double (*const operations[])(double, double) = {op_sum, op_difference, op_mean, op_larger};

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 1);
    uint64_t random = 3, steps = 0;
    double folded = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        uint32_t recursion = fibonacci(20) + ackermann(2, 60) + is_even(5000);
        double mixed = many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, (double)round, 18, 19, 20);
        struct vector turned = cross((struct vector){1, 2, (double)round}, (struct vector){-4, 5, 6});
        struct small heavy = heavier((struct small){1, 0.5f}, (struct small){2, (float)round});
        double variable = sum_of("idlidl", 1, 2.5, 1LL << 40, -7, -0.25, -(1LL << 35));
        int64_t machine = run_machine(3000, &steps);
        double chosen = 0;
        for (int i = 0; i < 3000; i++) {
            chosen = operations[next_random(&random) >> 62](chosen, next_unit(&random));
        }
        if (round == 0) {
            printf("recursion %" PRIu32 "\nmixed %.17g\n", recursion, mixed);
            printf("structures %g %g %g, %d\n", turned.x, turned.y, turned.z, (int)heavy.key);
            printf("variable %.17g\nmachine %" PRId64 "\nchosen %.17g\n", variable, machine, chosen);
        }
        folded = folded / 3 + recursion + mixed + turned.x + heavy.key + variable + (double)machine + chosen;
    }
    printf("after %" PRIu64 " rounds %.17g, %" PRIu64 " steps\n", rounds, folded, steps);
    return 0;
}
