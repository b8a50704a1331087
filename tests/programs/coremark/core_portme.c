// See core_portme.h.

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "coremark.h"

ee_u32 default_num_contexts = 1;

static CORE_TICKS started, stopped;

static CORE_TICKS now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (CORE_TICKS)time.tv_sec * 1000000000 + (CORE_TICKS)time.tv_nsec;
}

void start_time(void) { started = now(); }
void stop_time(void) { stopped = now(); }
CORE_TICKS get_time(void) { return stopped - started; }
secs_ret time_in_secs(CORE_TICKS ticks) { return (secs_ret)ticks / 1e9; }

void *portable_malloc(size_t size) {
    void *memory = malloc(size);
    if (memory == NULL) {
        fputs("no memory for CoreMark\n", stderr);
        exit(1);
    }
    return memory;
}
void portable_free(void *memory) { free(memory); }

void portable_init(core_portable *port, int *argc, char *argv[]) {
    (void)argc, (void)argv;
    port->portable_id = 1;
}
void portable_fini(core_portable *port) { port->portable_id = 0; }

// Whether a message, or what continues it, tells how long the run took.
static bool tells_time(const char *format) {
    static const char *const beginnings[] = {"Total ", "Iterations/Sec", "CoreMark 1.0", " / "};
    static bool score;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (strncmp(format, beginnings[i], strlen(beginnings[i])) == 0) {
            score = format[strlen(format) - 1] != '\n';
            return true;
        }
    }
    bool ends_score = score && strcmp(format, "\n") == 0;
    score = false;
    return ends_score;
}

int ee_printf(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int printed = vfprintf(tells_time(format) ? stderr : stdout, format, arguments);
    va_end(arguments);
    return printed;
}
