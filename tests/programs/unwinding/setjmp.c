// setjmp and longjmp for wasm. A jump is an exception with the tag `__c_longjmp`, which carries the address of the buffer and
// the value. A function that calls setjmp catches it, asks whether the buffer was filled by this call of it, and where; if it
// was another, jumps on.

#include <setjmp.h>
#include <stddef.h>

__asm__(".globl __c_longjmp\n"
        ".tagtype __c_longjmp i32\n"
        "__c_longjmp:\n");

enum { C_LONGJMP_TAG = 1 }; // what the compiler calls it

void __wasm_setjmp(jmp_buf buffer, unsigned place, void *frame) {
    buffer->frame = frame;
    buffer->place = place;
}

unsigned __wasm_setjmp_test(jmp_buf buffer, void *frame) {
    return buffer->frame == frame ? buffer->place : 0;
}

_Noreturn void __wasm_longjmp(jmp_buf buffer, int value) {
    buffer->jump.buffer = buffer;
    buffer->jump.value = value == 0 ? 1 : value;
    __builtin_wasm_throw(C_LONGJMP_TAG, &buffer->jump);
}
