// Strings as programs handle them: a text is made of words, split again, its words are counted in a hash table, sorted, joined,
// searched for, replaced, and written in capitals.
//
// usage: words [ROUNDS]

#include "support.h"

#include <inttypes.h>

enum { TEXT = 12000, BUCKETS = 1024, REPORTED = 5 };

static const char *const beginnings[] = {"pre", "un", "mis", "over", "re", "out", "fore", "inter", "", "", ""};
static const char *const stems[] = {"act",  "bind", "call", "draw", "ease",  "form", "grow", "hold", "jump", "know", "lead",
                                    "make", "name", "open", "play", "quote", "read", "sort", "take", "use",  "view", "write"};
static const char *const endings[] = {"s", "ed", "ing", "er", "able", "ly", "ness", "", "", ""};
static const char *const gaps[] = {" ", " ", " ", " ", ", ", ". ", "\n", "; ", " - "};

#define PICK(list, random) ((list)[(random) % (sizeof(list) / sizeof *(list))])

// A string that grows.
struct string {
    char *bytes;
    size_t length, room;
};

static void append(struct string *string, const char *bytes, size_t count) {
    if (string->length + count + 1 > string->room) {
        string->room = (string->length + count + 1) * 2;
        char *moved = realloc(string->bytes, string->room);
        if (moved == NULL) {
            fputs("out of memory\n", stderr);
            exit(1);
        }
        string->bytes = moved;
    }
    memcpy(string->bytes + string->length, bytes, count);
    string->length += count;
    string->bytes[string->length] = '\0';
}

static void append_text(struct string *string, const char *text) {
    append(string, text, strlen(text));
}

static int is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void write_text(struct string *text, uint64_t *random) {
    text->length = 0;
    int first = 1;
    while (text->length < TEXT) {
        uint64_t value = next_random(random) >> 16;
        size_t start = text->length;
        append_text(text, PICK(beginnings, value));
        append_text(text, PICK(stems, value >> 8));
        append_text(text, PICK(endings, value >> 16));
        if (first) {
            text->bytes[start] = upper(text->bytes[start]);
        }
        const char *gap = PICK(gaps, value >> 24);
        append_text(text, gap);
        first = gap[0] == '.';
    }
}

struct word {
    struct word *next;
    uint32_t count, hash;
    char text[];
};

struct table {
    struct word *buckets[BUCKETS];
    uint32_t words;
};

// Counts a word whatever its case.
static void count_word(struct table *table, const char *text, size_t length) {
    uint32_t hash = 5381;
    for (size_t i = 0; i < length; i++) {
        hash = hash * 33 + (uint8_t)lower(text[i]);
    }
    struct word **place = &table->buckets[hash % BUCKETS];
    for (; *place != NULL; place = &(*place)->next) {
        struct word *word = *place;
        if (word->hash == hash && strlen(word->text) == length) {
            size_t i = 0;
            while (i < length && word->text[i] == lower(text[i])) {
                i++;
            }
            if (i == length) {
                word->count++;
                return;
            }
        }
    }
    struct word *word = new_array(1, sizeof *word + length + 1);
    word->count = 1;
    word->hash = hash;
    for (size_t i = 0; i < length; i++) {
        word->text[i] = lower(text[i]);
    }
    *place = word;
    table->words++;
}

static void split(struct table *table, const char *text) {
    while (*text != '\0') {
        const char *end = text;
        while (is_letter(*end)) {
            end++;
        }
        if (end > text) {
            count_word(table, text, (size_t)(end - text));
        }
        text = *end == '\0' ? end : end + 1;
    }
}

static int by_count(const void *left, const void *right) {
    const struct word *a = *(struct word *const *)left, *b = *(struct word *const *)right;
    return a->count != b->count ? (a->count < b->count ? 1 : -1) : strcmp(a->text, b->text);
}

// All words, the most frequent ones first.
static struct word **sorted(const struct table *table) {
    struct word **words = new_array(table->words + 1, sizeof(struct word *));
    uint32_t used = 0;
    for (int i = 0; i < BUCKETS; i++) {
        for (struct word *word = table->buckets[i]; word != NULL; word = word->next) {
            words[used++] = word;
        }
    }
    qsort(words, used, sizeof(struct word *), by_count);
    return words;
}

// `text` with another word in place of each `old`, as in an editor, inside of longer words, too.
static uint32_t replace(struct string *out, const char *text, const char *old, const char *by) {
    uint32_t found = 0;
    out->length = 0;
    for (const char *hit; (hit = strstr(text, old)) != NULL; text = hit + strlen(old)) {
        append(out, text, (size_t)(hit - text));
        append_text(out, by);
        found++;
    }
    append_text(out, text);
    return found;
}

static uint64_t fold_string(uint64_t checksum, const struct string *string) {
    for (size_t i = 0; i < string->length; i++) {
        checksum = (checksum ^ (uint8_t)string->bytes[i]) * 0x100000001b3u;
    }
    return fold_in(checksum, string->length);
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 3);
    uint64_t random = 2024, checksum = 0;
    struct string text = {0}, joined = {0}, replaced = {0};
    for (uint64_t round = 0; round < rounds; round++) {
        random ^= checksum >> 1;
        random += random == 0;
        write_text(&text, &random);
        static struct table table;
        split(&table, text.bytes);
        struct word **words = sorted(&table);
        joined.length = 0;
        for (uint32_t i = 0; i < table.words; i++) {
            char number[32];
            snprintf(number, sizeof number, "=%" PRIu32 "%s", words[i]->count, i + 1 < table.words ? "," : "");
            append_text(&joined, words[i]->text);
            append_text(&joined, number);
        }
        uint32_t found = 0;
        for (int i = 0; i < 4; i++) {
            found += replace(&replaced, text.bytes, PICK(stems, (checksum >> 8) + (unsigned)i), words[i]->text);
            checksum = fold_string(checksum, &replaced);
        }
        for (size_t i = 0; i < text.length; i++) {
            text.bytes[i] = i % 100 < 50 ? upper(text.bytes[i]) : lower(text.bytes[i]);
        }
        checksum = fold_string(fold_string(checksum, &joined), &text);
        if (round + 1 == rounds) {
            printf("%" PRIu32 " words, %" PRIu32 " replaced, the most frequent:", table.words, found);
            for (int i = 0; i < REPORTED; i++) {
                printf(" %s %" PRIu32, words[i]->text, words[i]->count);
            }
            printf("\n%.72s\n", text.bytes);
        }
        for (uint32_t i = 0; i < table.words; i++) {
            free(words[i]);
        }
        free(words);
        memset(&table, 0, sizeof table);
    }
    printf("rounds %" PRIu64 ", checksum %016" PRIx64 "\n", rounds, checksum);
    free(text.bytes);
    free(joined.bytes);
    free(replaced.bytes);
    return 0;
}
