// Stops the way its argument says. Output before the trap must be seen, that after it must not.
//
// usage: trap none|divide|remainder|overflow|unreachable|bounds|bounds-store|null-call|wrong-call|far-call|recursion|shadow-stack
//   recursion     fills the call stack: wasm locals only, nothing in linear memory
//   shadow-stack  fills the stack that C keeps in linear memory; linked to lie first there, it runs into address 0
// Natively most of these end with a signal and some do something undefined: only the wasm builds are compared.

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Volatile, so that the compiler cannot see the trap coming and replace it by something else.
static volatile int zero = 0, one = 1, minus_one = -1, least = INT_MIN;
static volatile int bottom = -1; // Never reached; without it the compiler complains of endless recursion.
static volatile int sink;
static volatile uintptr_t far_address = 0x7fff0000u;

__attribute__((noinline)) static int recurse(int n) {
    sink = n;
    if (n == bottom) {
        return 0;
    }
    return recurse(n + one) / 3 + n; // Not a tail call, nor can it be made one.
}

__attribute__((noinline)) static int recurse_with_buffer(int n) {
    volatile char buffer[4096];
    buffer[n & 4095] = (char)n;
    if (n == bottom) {
        return 0;
    }
    return recurse_with_buffer(n + one) / 3 + buffer[(n + one) & 4095];
}

static int takes_double(double x) {
    return (int)x;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "none";
    printf("before %s\n", mode);
    fflush(stdout);
    if (strcmp(mode, "divide") == 0) {
        sink = one / zero;
    } else if (strcmp(mode, "remainder") == 0) {
        sink = one % zero;
    } else if (strcmp(mode, "overflow") == 0) {
        sink = least / minus_one;
    } else if (strcmp(mode, "unreachable") == 0) {
        if (one) {
            __builtin_trap();
        }
    } else if (strcmp(mode, "bounds") == 0) {
        sink = *(volatile int *)far_address;
    } else if (strcmp(mode, "bounds-store") == 0) {
        *(volatile int *)far_address = 1;
    } else if (strcmp(mode, "null-call") == 0) {
        int (*volatile function)(int) = NULL;
        sink = function(1);
    } else if (strcmp(mode, "wrong-call") == 0) {
        int (*volatile right)(double) = takes_double;
        int (*volatile wrong)(int) = (int (*)(int))(uintptr_t)right;
        sink = wrong(1);
    } else if (strcmp(mode, "far-call") == 0) {
        int (*volatile function)(int) = (int (*)(int))far_address;
        sink = function(1);
    } else if (strcmp(mode, "recursion") == 0) {
        sink = recurse(0);
    } else if (strcmp(mode, "shadow-stack") == 0) {
        sink = recurse_with_buffer(0);
    } else if (strcmp(mode, "none") != 0) {
        fprintf(stderr, "unknown mode %s\n", mode);
        return 64;
    }
    printf("after %s\n", mode);
    return 0;
}
