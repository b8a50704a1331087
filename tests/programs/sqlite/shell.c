// Runs an SQL script on a database file, statement by statement, and prints the rows, columns separated by '|'.
//
// usage: sqlite DATABASE [SCRIPT]; without SCRIPT reads standard input; DATABASE may be :memory:
// exit code: 0, 1 at the first statement that fails (earlier ones stay done, an open transaction is rolled back)

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite3.h"

static char *read_whole(FILE *file) {
    char *text = NULL;
    size_t room = 0, used = 0;
    do {
        room = room == 0 ? 4096 : room * 2;
        char *moved = realloc(text, room + 1);
        if (moved == NULL) {
            free(text);
            return NULL;
        }
        text = moved;
        used += fread(text + used, 1, room - used, file);
    } while (used == room);
    text[used] = '\0';
    if (ferror(file)) {
        free(text);
        return NULL;
    }
    return text;
}

static void print_column(sqlite3_stmt *statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
        fputs("NULL", stdout);
        break;
    case SQLITE_BLOB: {
        const unsigned char *bytes = sqlite3_column_blob(statement, column);
        int size = sqlite3_column_bytes(statement, column);
        fputs("x'", stdout);
        for (int i = 0; i < size; i++) {
            printf("%02x", bytes[i]);
        }
        fputs("'", stdout);
        break;
    }
    default:
        fputs((const char *)sqlite3_column_text(statement, column), stdout);
    }
}

// Runs one statement to its end and returns SQLite's result code.
static int run_statement(sqlite3_stmt *statement) {
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        int columns = sqlite3_column_count(statement);
        for (int column = 0; column < columns; column++) {
            if (column > 0) {
                putchar('|');
            }
            print_column(statement, column);
        }
        putchar('\n');
    }
    return sqlite3_finalize(statement);
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s DATABASE [SCRIPT]\n", argv[0]);
        return 64;
    }
    FILE *input = argc == 3 ? fopen(argv[2], "r") : stdin;
    char *script = input != NULL ? read_whole(input) : NULL;
    if (script == NULL) {
        fprintf(stderr, "cannot read %s\n", argc == 3 ? argv[2] : "standard input");
        return 1;
    }
    sqlite3 *database = NULL;
    int result = sqlite3_open(argv[1], &database);
    int statements = 0;
    for (const char *rest = script; result == SQLITE_OK && *rest != '\0';) {
        sqlite3_stmt *statement = NULL;
        result = sqlite3_prepare_v2(database, rest, -1, &statement, &rest);
        if (statement != NULL) { // White space and comments make none.
            statements++;
            result = run_statement(statement);
        }
    }
    int exit_code = 0;
    if (result != SQLITE_OK) {
        fflush(stdout);
        fprintf(stderr, "error in statement %d: %s\n", statements, sqlite3_errmsg(database));
        exit_code = 1;
    } else {
        printf("-- %d statements, %d changes\n", statements, sqlite3_total_changes(database));
    }
    sqlite3_close(database);
    free(script);
    if (argc == 3) {
        fclose(input);
    }
    return exit_code;
}
