// Ends with the exit code given, in one of several ways, all of which must flush what was printed.
//
// usage: exitcode CODE [return|exit|atexit|_exit]

#include "support.h"

#include <string.h>
#include <unistd.h>

static void say_goodbye(void) {
    puts("goodbye");
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s CODE [return|exit|atexit|_exit]\n", argv[0]);
        return EXIT_USAGE;
    }
    int code = (int)parse_count(argv[1]);
    const char *how = argc > 2 ? argv[2] : "return";
    printf("ending with %d by %s\n", code, how);
    if (strcmp(how, "exit") == 0) {
        exit(code);
    }
    if (strcmp(how, "atexit") == 0) {
        atexit(say_goodbye);
        exit(code);
    }
    if (strcmp(how, "_exit") == 0) {
        // No handlers and no flushing but our own.
        atexit(say_goodbye);
        fflush(stdout);
        _exit(code);
    }
    return code;
}
