// Prints its arguments and its environment, the latter sorted, each byte that is not printable ASCII escaped.
// argv[0] is left out: the path of the program differs between runs.
//
// usage: args [ARG...]

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static void print_quoted(const char *text) {
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            printf("\\%c", c);
        } else if (c < 0x20 || c > 0x7e) {
            printf("\\x%02x", c);
        } else {
            putchar(c);
        }
    }
    puts("\"");
}

static int compare(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

int main(int argc, char **argv) {
    printf("%d arguments\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        print_quoted(argv[i]);
    }
    if (argv[argc] != NULL) {
        puts("argv does not end with a null pointer");
    }
    size_t count = 0;
    while (environ != NULL && environ[count] != NULL) {
        count++;
    }
    if (count > 0) {
        qsort(environ, count, sizeof *environ, compare);
    }
    printf("%zu variables\n", count);
    for (size_t i = 0; i < count; i++) {
        print_quoted(environ[i]);
    }
    const char *greeting = getenv("GREETING");
    printf("GREETING is %s\n", greeting != NULL ? "set" : "not set");
    return 0;
}
