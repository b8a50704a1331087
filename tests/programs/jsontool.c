// Reads JSON texts (RFC 8259) into trees and prints them re-indented with sorted keys, followed by statistics.
//
// usage: jsontool [-q] [-o FILE] PATH...
//   PATH  a JSON file, or a directory, which stands for the *.json files in it, in order of their names
//   -q    statistics only
//   -o    write to FILE instead of standard output
// environment: JSON_INDENT, spaces per level (default 2; 0 prints each text on one line)
// exit code: 0, 2 when a text is malformed (reported as path:line:column: reason), 1 when a file cannot be read or written
//
// Exercises allocation in many small pieces, realloc, qsort, recursion, strtod and the printing of doubles,
// directories and buffered files.

#include "support.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

// Deeper texts are refused, so that a hostile one cannot exhaust the stack.
enum { DEEPEST = 500 };

// ---- Values ------------------------------------------------------------------------------------------------

enum kind { NUL, FALSE_, TRUE_, NUMBER, STRING, ARRAY, OBJECT, KINDS };

static const char *const kind_names[KINDS] = {"null", "false", "true", "number", "string", "array", "object"};

struct string {
    char *bytes; // Not terminated: JSON strings may hold U+0000.
    size_t length;
};

struct value {
    enum kind kind;
    union {
        double number;
        struct string string;
        struct {
            struct value *items;
            size_t count;
        } array;
        struct {
            struct member *members;
            size_t count;
        } object;
    };
};

struct member {
    struct string key;
    size_t position; // In the text; keeps equal keys in their order, qsort being free to swap them.
    struct value value;
};

static void *reallocate(void *block, size_t bytes) {
    void *moved = realloc(block, bytes);
    if (moved == NULL) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return moved;
}

// Makes room for one item more in a growing array: capacities are powers of two, hence follow from the count.
static void *grow(void *items, size_t count, size_t item_size) {
    bool full = count == 0 || (count >= 4 && (count & (count - 1)) == 0);
    return full ? reallocate(items, (count < 4 ? 4 : count * 2) * item_size) : items;
}

static void release(struct value *value) {
    switch (value->kind) {
    case STRING:
        free(value->string.bytes);
        break;
    case ARRAY:
        for (size_t i = 0; i < value->array.count; i++) {
            release(&value->array.items[i]);
        }
        free(value->array.items);
        break;
    case OBJECT:
        for (size_t i = 0; i < value->object.count; i++) {
            free(value->object.members[i].key.bytes);
            release(&value->object.members[i].value);
        }
        free(value->object.members);
        break;
    default:
        break;
    }
}

// ---- Parsing -----------------------------------------------------------------------------------------------

struct parser {
    const char *at, *end; // The text is followed by a NUL byte, so that *at may always be read.
    const char *line_start;
    unsigned line;
    unsigned depth;
    const char *error; // The first problem, with the place at which it was found.
    unsigned error_line, error_column;
};

static bool fail(struct parser *p, const char *reason) {
    if (p->error == NULL) {
        p->error = reason;
        p->error_line = p->line;
        p->error_column = (unsigned)(p->at - p->line_start) + 1;
    }
    return false;
}

static void skip_space(struct parser *p) {
    for (;; p->at++) {
        if (*p->at == '\n') {
            p->line++;
            p->line_start = p->at + 1;
        } else if (*p->at != ' ' && *p->at != '\t' && *p->at != '\r') {
            return;
        }
    }
}

static bool parse_hex4(struct parser *p, uint32_t *unit) {
    *unit = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        char c = *p->at;
        uint32_t digit;
        if (c >= '0' && c <= '9') {
            digit = (uint32_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            digit = (uint32_t)((c | 0x20) - 'a' + 10);
        } else {
            return fail(p, "four hexadecimal digits expected");
        }
        *unit = *unit << 4 | digit;
    }
    return true;
}

static size_t put_utf8(char *out, uint32_t code) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

// Bytes of the well-formed UTF-8 sequence at `at`, or 0: overlong forms, surrogates and codes past U+10FFFF are not.
static size_t utf8_length(const unsigned char *at) {
    static const struct {
        unsigned char lead_low, lead_high, second_low, second_high, length;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (at[0] < forms[i].lead_low || at[0] > forms[i].lead_high) {
            continue;
        }
        if (forms[i].length > 1 && (at[1] < forms[i].second_low || at[1] > forms[i].second_high)) {
            return 0;
        }
        for (size_t k = 2; k < forms[i].length; k++) {
            if ((at[k] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return forms[i].length;
    }
    return 0;
}

static bool parse_escape(struct parser *p, char *out, size_t *length) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found = *p->at != '\0' ? strchr(from, *p->at) : NULL;
    if (found != NULL) {
        out[0] = to[found - from];
        *length = 1;
        p->at++;
        return true;
    }
    if (*p->at != 'u') {
        return fail(p, "unknown escape");
    }
    p->at++;
    uint32_t code, low;
    if (!parse_hex4(p, &code)) {
        return false;
    }
    if (code >= 0xdc00 && code < 0xe000) {
        return fail(p, "low surrogate without a high one");
    }
    if (code >= 0xd800 && code < 0xdc00) {
        if (p->at[0] != '\\' || p->at[1] != 'u') {
            return fail(p, "high surrogate without a low one");
        }
        p->at += 2;
        if (!parse_hex4(p, &low)) {
            return false;
        }
        if (low < 0xdc00 || low >= 0xe000) {
            return fail(p, "high surrogate without a low one");
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *length = put_utf8(out, code);
    return true;
}

static bool parse_string(struct parser *p, struct string *string) {
    // An escape is never shorter than what it stands for: the way to the closing quote bounds the size.
    const char *close = p->at + 1;
    while (close < p->end && *close != '"') {
        close += *close == '\\' && close + 1 < p->end ? 2 : 1;
    }
    string->bytes = reallocate(NULL, (size_t)(close - p->at) + 1);
    string->length = 0;
    p->at++;
    for (;;) {
        unsigned char c = (unsigned char)*p->at;
        size_t length;
        if (p->at == p->end) {
            return fail(p, "unterminated string");
        } else if (c == '"') {
            p->at++;
            return true;
        } else if (c < 0x20) {
            return fail(p, "control character in a string");
        } else if (c == '\\') {
            p->at++;
            if (!parse_escape(p, string->bytes + string->length, &length)) {
                return false;
            }
        } else {
            length = utf8_length((const unsigned char *)p->at);
            if (length == 0) {
                return fail(p, "malformed UTF-8");
            }
            memcpy(string->bytes + string->length, p->at, length);
            p->at += length;
        }
        string->length += length;
    }
}

static bool skip_digits(struct parser *p) {
    if (*p->at < '0' || *p->at > '9') {
        return fail(p, "digit expected");
    }
    while (*p->at >= '0' && *p->at <= '9') {
        p->at++;
    }
    return true;
}

// strtod accepts more than JSON does, so the grammar is checked first.
static bool parse_number(struct parser *p, double *number) {
    const char *start = p->at;
    if (*p->at == '-') {
        p->at++;
    }
    if (*p->at == '0') {
        p->at++;
    } else if (!skip_digits(p)) {
        return false;
    }
    if (*p->at == '.') {
        p->at++;
        if (!skip_digits(p)) {
            return false;
        }
    }
    if (*p->at == 'e' || *p->at == 'E') {
        p->at++;
        if (*p->at == '+' || *p->at == '-') {
            p->at++;
        }
        if (!skip_digits(p)) {
            return false;
        }
    }
    *number = strtod(start, NULL);
    return true;
}

static bool parse_word(struct parser *p, const char *word) {
    size_t length = strlen(word);
    if (strncmp(p->at, word, length) != 0) {
        return fail(p, "value expected");
    }
    p->at += length;
    return true;
}

static bool parse_value(struct parser *p, struct value *value);

// After an item: true with `more` set when a comma follows, with it cleared at the closing bracket.
static bool parse_separator(struct parser *p, char close, bool *more) {
    skip_space(p);
    if (*p->at != ',' && *p->at != close) {
        return fail(p, close == ']' ? "',' or ']' expected" : "',' or '}' expected");
    }
    *more = *p->at++ == ',';
    return true;
}

static bool parse_array(struct parser *p, struct value *value) {
    value->array.items = NULL;
    value->array.count = 0;
    p->at++;
    skip_space(p);
    bool more = *p->at != ']';
    p->at += !more;
    while (more) {
        struct value item = {.kind = NUL};
        bool parsed = parse_value(p, &item);
        // Kept also when it failed: releasing the array then releases what there is of the item.
        value->array.items = grow(value->array.items, value->array.count, sizeof item);
        value->array.items[value->array.count++] = item;
        if (!parsed || !parse_separator(p, ']', &more)) {
            return false;
        }
    }
    return true;
}

static bool parse_object(struct parser *p, struct value *value) {
    value->object.members = NULL;
    value->object.count = 0;
    p->at++;
    skip_space(p);
    bool more = *p->at != '}';
    p->at += !more;
    while (more) {
        skip_space(p);
        if (*p->at != '"') {
            return fail(p, "key expected");
        }
        struct member member = {.position = value->object.count, .value = {.kind = NUL}};
        bool parsed = parse_string(p, &member.key);
        if (parsed) {
            skip_space(p);
            parsed = *p->at == ':' || fail(p, "':' expected");
        }
        if (parsed) {
            p->at++;
            parsed = parse_value(p, &member.value);
        }
        value->object.members = grow(value->object.members, value->object.count, sizeof member);
        value->object.members[value->object.count++] = member;
        if (!parsed || !parse_separator(p, '}', &more)) {
            return false;
        }
    }
    return true;
}

static bool parse_value(struct parser *p, struct value *value) {
    skip_space(p);
    if (p->depth == DEEPEST) {
        return fail(p, "nested too deeply");
    }
    p->depth++;
    bool parsed;
    switch (*p->at) {
    case '{':
        value->kind = OBJECT;
        parsed = parse_object(p, value);
        break;
    case '[':
        value->kind = ARRAY;
        parsed = parse_array(p, value);
        break;
    case '"':
        value->kind = STRING;
        parsed = parse_string(p, &value->string);
        break;
    case 'n':
        parsed = parse_word(p, "null");
        break;
    case 't':
        value->kind = TRUE_;
        parsed = parse_word(p, "true");
        break;
    case 'f':
        value->kind = FALSE_;
        parsed = parse_word(p, "false");
        break;
    default:
        if (*p->at == '-' || (*p->at >= '0' && *p->at <= '9')) {
            value->kind = NUMBER;
            parsed = parse_number(p, &value->number);
        } else {
            parsed = fail(p, p->at == p->end ? "unexpected end" : "value expected");
        }
    }
    p->depth--;
    return parsed;
}

// ---- Sorting and printing ----------------------------------------------------------------------------------

static int compare_members(const void *left, const void *right) {
    const struct member *a = left, *b = right;
    size_t common = a->key.length < b->key.length ? a->key.length : b->key.length;
    int order = memcmp(a->key.bytes, b->key.bytes, common);
    if (order != 0) {
        return order;
    }
    if (a->key.length != b->key.length) {
        return a->key.length < b->key.length ? -1 : 1;
    }
    return a->position < b->position ? -1 : 1;
}

static void sort_keys(struct value *value) {
    if (value->kind == ARRAY) {
        for (size_t i = 0; i < value->array.count; i++) {
            sort_keys(&value->array.items[i]);
        }
    } else if (value->kind == OBJECT && value->object.count > 0) {
        qsort(value->object.members, value->object.count, sizeof *value->object.members, compare_members);
        for (size_t i = 0; i < value->object.count; i++) {
            sort_keys(&value->object.members[i].value);
        }
    }
}

struct printer {
    FILE *out;
    int indent;
};

static void print_string(FILE *out, const struct string *string) {
    putc('"', out);
    for (size_t i = 0; i < string->length; i++) {
        unsigned char c = (unsigned char)string->bytes[i];
        switch (c) {
        case '"':
        case '\\':
            putc('\\', out);
            putc(c, out);
            break;
        case '\n':
            fputs("\\n", out);
            break;
        case '\t':
            fputs("\\t", out);
            break;
        default:
            if (c < 0x20) {
                fprintf(out, "\\u%04x", c);
            } else {
                putc(c, out);
            }
        }
    }
    putc('"', out);
}

// As few digits as read back as the same double, but 15 at least.
static void print_number(FILE *out, double number) {
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number) {
            break;
        }
    }
    // A number too large for a double has become infinite, which JSON cannot say.
    fputs(number - number != 0 ? (number > 0 ? "1e999" : "-1e999") : digits, out);
}

static void print_break(const struct printer *printer, int level) {
    if (printer->indent > 0) {
        fprintf(printer->out, "\n%*s", level * printer->indent, "");
    }
}

static void print_value(const struct printer *printer, const struct value *value, int level) {
    FILE *out = printer->out;
    switch (value->kind) {
    case NUMBER:
        print_number(out, value->number);
        break;
    case STRING:
        print_string(out, &value->string);
        break;
    case ARRAY:
        putc('[', out);
        for (size_t i = 0; i < value->array.count; i++) {
            if (i > 0) {
                putc(',', out);
            }
            print_break(printer, level + 1);
            print_value(printer, &value->array.items[i], level + 1);
        }
        if (value->array.count > 0) {
            print_break(printer, level);
        }
        putc(']', out);
        break;
    case OBJECT:
        putc('{', out);
        for (size_t i = 0; i < value->object.count; i++) {
            if (i > 0) {
                putc(',', out);
            }
            print_break(printer, level + 1);
            print_string(out, &value->object.members[i].key);
            fputs(printer->indent > 0 ? ": " : ":", out);
            print_value(printer, &value->object.members[i].value, level + 1);
        }
        if (value->object.count > 0) {
            print_break(printer, level);
        }
        putc('}', out);
        break;
    default:
        fputs(kind_names[value->kind], out);
    }
}

// ---- Statistics --------------------------------------------------------------------------------------------

struct statistics {
    unsigned texts, malformed;
    unsigned long long bytes, counts[KINDS], string_bytes;
    unsigned deepest;
    double sum, least, greatest;
};

static void collect(struct statistics *s, const struct value *value, unsigned depth) {
    s->counts[value->kind]++;
    s->deepest = depth > s->deepest ? depth : s->deepest;
    switch (value->kind) {
    case NUMBER:
        if (s->counts[NUMBER] == 1 || value->number < s->least) {
            s->least = value->number;
        }
        if (s->counts[NUMBER] == 1 || value->number > s->greatest) {
            s->greatest = value->number;
        }
        s->sum += value->number;
        break;
    case STRING:
        s->string_bytes += value->string.length;
        break;
    case ARRAY:
        for (size_t i = 0; i < value->array.count; i++) {
            collect(s, &value->array.items[i], depth + 1);
        }
        break;
    case OBJECT:
        for (size_t i = 0; i < value->object.count; i++) {
            collect(s, &value->object.members[i].value, depth + 1);
        }
        break;
    default:
        break;
    }
}

static void print_statistics(FILE *out, const struct statistics *s) {
    fprintf(out, "texts %u, malformed %u, bytes %llu, depth %u\n", s->texts, s->malformed, s->bytes, s->deepest);
    for (int kind = 0; kind < KINDS; kind++) {
        fprintf(out, "%-7s %llu\n", kind_names[kind], s->counts[kind]);
    }
    fprintf(out, "string bytes %llu\n", s->string_bytes);
    if (s->counts[NUMBER] > 0) {
        fprintf(out, "numbers from %g to %g, sum %.6f, mean %.3e\n", s->least, s->greatest, s->sum,
                s->sum / (double)s->counts[NUMBER]);
    }
}

// ---- Files -------------------------------------------------------------------------------------------------

struct run {
    struct printer printer;
    bool quiet;
    int exit_code;
    struct statistics statistics;
};

static void report(struct run *run, int exit_code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    putc('\n', stderr);
    if (exit_code > run->exit_code) {
        run->exit_code = exit_code;
    }
}

// The whole file and a NUL byte after it; NULL when it cannot be read.
static char *read_whole(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    char *text = NULL;
    size_t room = 0, used = 0;
    do {
        room = room == 0 ? 1000 : room * 2;
        text = reallocate(text, room + 1);
        used += fread(text + used, 1, room - used, file);
    } while (used == room);
    if (ferror(file)) {
        free(text);
        text = NULL;
    } else {
        text[used] = '\0';
        *length = used;
    }
    fclose(file);
    return text;
}

static void process_file(struct run *run, const char *path) {
    size_t length = 0;
    char *text = read_whole(path, &length);
    if (text == NULL) {
        report(run, 1, "%s: cannot read", path);
        return;
    }
    struct parser parser = {.at = text, .end = text + length, .line_start = text, .line = 1};
    struct value root = {.kind = NUL};
    bool parsed = parse_value(&parser, &root);
    if (parsed) {
        skip_space(&parser);
        parsed = parser.at == parser.end || fail(&parser, "text after the value");
    }
    run->statistics.texts++;
    run->statistics.bytes += length;
    if (parsed) {
        collect(&run->statistics, &root, 1);
        if (!run->quiet) {
            sort_keys(&root);
            fprintf(run->printer.out, "== %s\n", path);
            print_value(&run->printer, &root, 0);
            putc('\n', run->printer.out);
        }
    } else {
        run->statistics.malformed++;
        report(run, 2, "%s:%u:%u: %s", path, parser.error_line, parser.error_column, parser.error);
    }
    release(&root);
    free(text);
}

static int compare_names(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void process_directory(struct run *run, const char *path) {
    DIR *directory = opendir(path);
    if (directory == NULL) {
        report(run, 1, "%s: cannot open directory", path);
        return;
    }
    char **names = NULL;
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 5, ".json") != 0) {
            continue;
        }
        size_t whole = strlen(path) + 1 + length + 1;
        names = grow(names, count, sizeof *names);
        names[count] = reallocate(NULL, whole);
        snprintf(names[count], whole, "%s/%s", path, entry->d_name);
        count++;
    }
    closedir(directory);
    if (count > 0) {
        qsort(names, count, sizeof *names, compare_names);
    }
    for (size_t i = 0; i < count; i++) {
        process_file(run, names[i]);
        free(names[i]);
    }
    free(names);
}

int main(int argc, char **argv) {
    struct run run = {.printer = {.out = stdout, .indent = 2}};
    const char *output = NULL, *indent = getenv("JSON_INDENT");
    if (indent != NULL) {
        uint64_t spaces = parse_count(indent);
        run.printer.indent = spaces > 16 ? 16 : (int)spaces;
    }
    int first = 1;
    for (; first < argc && argv[first][0] == '-'; first++) {
        if (strcmp(argv[first], "-q") == 0) {
            run.quiet = true;
        } else if (strcmp(argv[first], "-o") == 0 && first + 1 < argc) {
            output = argv[++first];
        } else {
            break;
        }
    }
    if (first >= argc || argv[first][0] == '-') {
        fprintf(stderr, "usage: %s [-q] [-o FILE] PATH...\n", argv[0]);
        return EXIT_USAGE;
    }
    if (output != NULL && (run.printer.out = fopen(output, "w")) == NULL) {
        fprintf(stderr, "%s: cannot write\n", output);
        return 1;
    }
    for (int i = first; i < argc; i++) {
        struct stat status;
        if (stat(argv[i], &status) != 0) {
            report(&run, 1, "%s: not found", argv[i]);
        } else if (S_ISDIR(status.st_mode)) {
            process_directory(&run, argv[i]);
        } else {
            process_file(&run, argv[i]);
        }
    }
    print_statistics(run.printer.out, &run.statistics);
    if (fflush(run.printer.out) != 0 || (output != NULL && fclose(run.printer.out) != 0)) {
        report(&run, 1, "cannot write the result");
    }
    return run.exit_code;
}
