// setjmp and longjmp as scripting languages use them: a small interpreter whose errors jump out of whatever is being
// evaluated to the innermost protected call, which cleans up and goes on, or jumps further.
//
// usage: jumps [COUNT], programs that are run

#include "support.h"

#include <inttypes.h>
#include <setjmp.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

enum status { OK, ERROR_SYNTAX, ERROR_DIVISION, ERROR_OVERFLOW, ERROR_DEPTH, ERROR_RAISED, STATUS_COUNT };
enum { MAX_DEPTH = 24, MAX_STACK = 64, MAX_TEXT = 400 };

// One protected call; they form a chain.
struct handler {
    struct handler *previous;
    jmp_buf buffer;
    volatile int status;
};

struct state {
    struct handler *handler;
    const char *at;
    int depth, top;
    int64_t stack[MAX_STACK];
    uint64_t evaluated, cleaned;
};

typedef void function(struct state *, void *);

_Noreturn static void raise_error(struct state *s, int status) {
    s->handler->status = status;
    longjmp(s->handler->buffer, status);
}

// Calls a function. Gives why it was left, and puts the state back to what it was before.
NOINLINE static int protected_call(struct state *s, function *f, void *argument) {
    struct handler handler = {.previous = s->handler, .status = OK};
    int depth = s->depth, top = s->top;
    s->handler = &handler;
    int jumped = setjmp(handler.buffer);
    if (jumped == 0) f(s, argument);
    s->handler = handler.previous;
    if (handler.status != OK) {
        s->cleaned += (uint64_t)(s->top - top);
        s->depth = depth;
        s->top = top;
    }
    return handler.status == jumped ? jumped : -1;
}

static void push(struct state *s, int64_t value) {
    if (s->top == MAX_STACK) raise_error(s, ERROR_DEPTH);
    s->stack[s->top++] = value;
}

static void expression(struct state *s, void *unused);

static void add(struct state *s, int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) raise_error(s, ERROR_OVERFLOW);
    push(s, sum);
}

static void multiply(struct state *s, int64_t a, int64_t b) {
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product)) raise_error(s, ERROR_OVERFLOW);
    push(s, product);
}

static void divide(struct state *s, int64_t a, int64_t b) {
    if (b == 0) raise_error(s, ERROR_DIVISION);
    push(s, b == -1 ? 0 : a / b);
}

static void (*const OPERATORS[128])(struct state *, int64_t, int64_t) = {['+'] = add, ['*'] = multiply, ['/'] = divide};

// expression = digit | "!" digit | "(" expression operator expression ")" | "[" expression "|" expression "]"
// The last gives the second value if the first fails with other than a syntax error.
static void expression(struct state *s, void *unused) {
    (void)unused;
    if (++s->depth > MAX_DEPTH) raise_error(s, ERROR_DEPTH);
    char c = *s->at++;
    if (c >= '0' && c <= '9') {
        push(s, (c - '0') * 1000003);
    } else if (c == '!') {
        push(s, *s->at++);
        raise_error(s, ERROR_RAISED);
    } else if (c == '(') {
        expression(s, NULL);
        char operator= *s->at++;
        if (operator< 0 || OPERATORS[(int)operator] == NULL) raise_error(s, ERROR_SYNTAX);
        expression(s, NULL);
        if (*s->at++ != ')') raise_error(s, ERROR_SYNTAX);
        s->top -= 2;
        OPERATORS[(int)operator](s, s->stack[s->top], s->stack[s->top + 1]);
    } else if (c == '[') {
        const char *start = s->at;
        int status = protected_call(s, expression, NULL);
        if (status == ERROR_SYNTAX) raise_error(s, status);
        if (status != OK) {
            // On to the bar that belongs to this bracket.
            s->at = start;
            for (int open = 0; open != 0 || *s->at != '|'; s->at++) {
                if (*s->at == '\0') raise_error(s, ERROR_SYNTAX);
                open += *s->at == '[' ? 1 : *s->at == ']' ? -1 : 0;
            }
        }
        if (*s->at++ != '|') raise_error(s, ERROR_SYNTAX);
        expression(s, NULL);
        if (*s->at++ != ']') raise_error(s, ERROR_SYNTAX);
        if (status == OK) {
            s->top--;
        } else {
            s->stack[s->top - 1] ^= status;
        }
    } else {
        raise_error(s, ERROR_SYNTAX);
    }
    s->depth--;
    s->evaluated++;
}

// A random expression, with a few mistakes in it.
static char *generate(char *out, char *end, uint64_t *random, int depth) {
    uint64_t r = next_random(random) >> 16;
    if (end - out < 40 || depth == 0 || r % 5 == 0) {
        if (r % 97 == 0) *out++ = '!';
        *out++ = (char)('0' + r / 8 % 10);
        return out;
    }
    int bracket = r % 4 == 0;
    *out++ = bracket ? '[' : '(';
    out = generate(out, end - 20, random, depth - 1);
    *out++ = bracket ? '|' : r % 701 == 1 ? '?' : "+*/"[r / 16 % 3];
    out = generate(out, end - 10, random, depth - 1);
    *out++ = bracket ? ']' : ')';
    return out;
}

// Two buffers in one function, a jump back to either, the second by a function between with a buffer of its own.
static jmp_buf first, second;

NOINLINE static int go_back(int n) {
    jmp_buf own;
    int value = setjmp(own);
    if (value == 0) {
        if (n % 3 == 0) longjmp(first, n);
        if (n % 3 == 1) longjmp(second, n);
        longjmp(own, n);
    }
    return value * 100;
}

NOINLINE static int buffers(int n) {
    volatile int count = 0;
    int64_t kept[4] = {n, n * 2, n * 3, n * 4};
    int a = setjmp(first);
    if (a > 20) return a * 1000 + count;
    int b = setjmp(second);
    if (b > 20) return b * 2000 + count;
    count = count + 1;
    int result = go_back(n + count * 5) + count;
    return result + (int)(kept[0] + kept[1] + kept[2] + kept[3]);
}

// As far as a value of 0 jumps, it arrives as 1; and a jump goes out of a deep recursion with arrays on its way.
NOINLINE static uint32_t deep(jmp_buf buffer, int depth, int value) {
    uint8_t bytes[100];
    memset(bytes, depth, sizeof bytes);
    if (depth == 0) longjmp(buffer, value);
    return deep(buffer, depth - 1, value) + bytes[depth % 100];
}

NOINLINE static int from_deep(int depth, int value) {
    jmp_buf buffer;
    int arrived = setjmp(buffer);
    return arrived != 0 ? arrived : (int)deep(buffer, depth, value);
}

int main(int argc, char **argv) {
    uint64_t count = count_argument(argc, argv, 1000);
    printf("deep: %d %d %d\n", from_deep(0, 0), from_deep(100, -7), from_deep(3000, 12));
    printf("buffers:");
    for (int n = 0; n < 16; n++) printf(" %d", buffers(n));
    printf("\n");
    uint64_t random = 5, statuses[STATUS_COUNT] = {0}, checksum = 0;
    struct state s = {0};
    for (uint64_t i = 0; i < count; i++) {
        char text[MAX_TEXT];
        *generate(text, text + MAX_TEXT - 2, &random, (int)(i % 80)) = '\0';
        s.at = text;
        int status = protected_call(&s, expression, NULL);
        if (status < OK || status >= STATUS_COUNT || s.top != (status == OK) || s.depth != 0 || s.handler != NULL) return 1;
        statuses[status]++;
        if (status == OK) checksum = checksum * 31 + (uint64_t)s.stack[--s.top];
        if (i < 12) printf("%s: %d at %d\n", text, status, (int)(s.at - text));
    }
    printf("statuses:");
    for (int status = 0; status < STATUS_COUNT; status++) printf(" %" PRIu64, statuses[status]);
    printf("\n%" PRIu64 " evaluated, %" PRIu64 " cleaned, checksum %016" PRIx64 "\n", s.evaluated, s.cleaned, checksum);
    return 0;
}
