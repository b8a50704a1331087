// setjmp for wasm, which wasi-libc has none of: the compiler makes calls of `jumps.c` out of these (`-wasm-enable-sjlj`).
#ifndef SETJMP_H
#define SETJMP_H

typedef struct {
    void *frame;
    unsigned place;
    struct {
        void *buffer;
        int value;
    } jump;
} jmp_buf[1];

__attribute__((returns_twice)) int setjmp(jmp_buf buffer);
_Noreturn void longjmp(jmp_buf buffer, int value);

#endif
