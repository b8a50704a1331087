// What CoreMark asks to know of a platform: here, of anything with C's standard library.
//
// usage: coremark [SEED1 SEED2 SEED3 ITERATIONS]; without seeds the performance run, `0x3415 0x3415 0x66` is the validation run;
// without ITERATIONS as many as take about ten seconds
// Standard output has what does not depend on time, standard error the rest: times, and the score.
#ifndef CORE_PORTME_H
#define CORE_PORTME_H

#include <stddef.h>
#include <stdint.h>

#define HAS_FLOAT 1
#define HAS_TIME_H 1
#define USE_CLOCK 1
#define HAS_STDIO 1
#define HAS_PRINTF 0 // ee_printf is ours
#define SEED_METHOD SEED_ARG
#define MEM_METHOD MEM_MALLOC
#define MEM_LOCATION "heap"
#define MULTITHREAD 1
#define MAIN_HAS_NOARGC 0
#define MAIN_HAS_NORETURN 0
#define COMPILER_VERSION "Clang " __clang_version__

typedef int16_t ee_s16;
typedef uint16_t ee_u16;
typedef int32_t ee_s32;
typedef double ee_f32;
typedef uint8_t ee_u8;
typedef uint32_t ee_u32;
typedef uintptr_t ee_ptr_int;
typedef size_t ee_size_t;
typedef uint64_t CORE_TICKS; // nanoseconds

// Aligns an address to 32 bits.
#define align_mem(address) (void *)(4 + (((ee_ptr_int)(address)-1) & ~(ee_ptr_int)3))

extern ee_u32 default_num_contexts;

typedef struct CORE_PORTABLE_S {
    ee_u8 portable_id;
} core_portable;

void portable_init(core_portable *port, int *argc, char *argv[]);
void portable_fini(core_portable *port);
int ee_printf(const char *format, ...);

#endif
