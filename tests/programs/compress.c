// A general-purpose compressor of our own: LZ77 over a 64 KiB window, then canonical Huffman codes per block.
//
// usage: compress compress FILE OUT | decompress FILE OUT | roundtrip FILE | generate FILE BYTES
//   roundtrip  compresses to FILE.z, decompresses that and compares; prints sizes and checksums
//   generate   writes a deterministic pseudo-text
// exit code: 0, 1 for files that cannot be read or written, 3 when a compressed file is damaged or a round trip fails
//
// Exercises byte and bit fiddling, hash tables, big buffers (memory growth), and large reads and writes.
//
// Format: "LZH1", raw size as 8 bytes and CRC-32 of the raw bytes as 4, both little-endian; then one bit stream, first
// bit lowest. A block is: bit "last", two tables of code lengths (4 bits each, a 0 being followed by 4 bits of run
// length - 1), then symbols up to END. Lengths and distances are sent as a bucket number and the bits below the top.

#include "support.h"

#include <stdbool.h>
#include <string.h>

enum {
    WINDOW = 1 << 16,
    HASH_BITS = 16,
    CHAIN = 24,         // Candidates looked at for each position: speed against size.
    GOOD = 64,          // A match this long is taken without looking further.
    SHORTEST = 4,       // What the hash covers; shorter matches hardly pay.
    LONGEST = SHORTEST + 255,
    END = 256,          // Symbol after 256 literals; then the length buckets.
    LENGTH_BUCKETS = 9, // Bucket b > 0 holds the values with b significant bits; bucket 0 the value 0.
    DISTANCE_BUCKETS = 17,
    SYMBOLS = END + 1 + LENGTH_BUCKETS,
    CODE_LIMIT = 15,
    BLOCK_TOKENS = 1 << 16,
    HEADER = 16,
};

static void stop(int exit_code, const char *what, const char *path) {
    fprintf(stderr, "%s: %s\n", path, what);
    exit(exit_code);
}

static void *allocate(size_t bytes) {
    void *block = malloc(bytes == 0 ? 1 : bytes);
    if (block == NULL) {
        stop(1, "out of memory", "compress");
    }
    return block;
}

// ---- CRC-32, eight bytes a step ----------------------------------------------------------------------------

static uint32_t crc_tables[8][256];

static void prepare_crc(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) {
            value = (value & 1) ? (value >> 1) ^ 0xedb88320u : value >> 1;
        }
        crc_tables[0][i] = value;
    }
    for (int table = 1; table < 8; table++) {
        for (int i = 0; i < 256; i++) {
            uint32_t value = crc_tables[table - 1][i];
            crc_tables[table][i] = (value >> 8) ^ crc_tables[0][value & 0xff];
        }
    }
}

static uint32_t read32(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void write32(uint8_t *p, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t crc32(const uint8_t *bytes, size_t count) {
    uint32_t crc = ~0u;
    for (; count >= 8; bytes += 8, count -= 8) {
        uint32_t low = read32(bytes) ^ crc, high = read32(bytes + 4);
        crc = 0;
        for (int i = 0; i < 4; i++) {
            crc ^= crc_tables[7 - i][low >> (8 * i) & 0xff] ^ crc_tables[3 - i][high >> (8 * i) & 0xff];
        }
    }
    for (; count > 0; bytes++, count--) {
        crc = (crc >> 8) ^ crc_tables[0][(crc ^ *bytes) & 0xff];
    }
    return ~crc;
}

// ---- Huffman codes -----------------------------------------------------------------------------------------

struct leaf {
    uint32_t weight;
    uint16_t symbol;
};

static int compare_leaves(const void *left, const void *right) {
    const struct leaf *a = left, *b = right;
    return a->weight != b->weight ? (a->weight < b->weight ? -1 : 1) : a->symbol - b->symbol;
}

// Code lengths for the given weights; symbols of weight 0 get length 0. When a code would be too long, the weights are
// flattened and it is tried again: a little worse than the optimum, and much simpler.
static void code_lengths(const uint32_t *weights, int count, uint8_t *lengths) {
    struct leaf leaves[SYMBOLS];
    uint32_t node_weights[SYMBOLS];
    // The first `used` are the leaves, then the inner nodes in the order of their making.
    uint16_t parents[2 * SYMBOLS];
    uint8_t depths[2 * SYMBOLS];
    int used = 0;

    memset(lengths, 0, (size_t)count);
    for (int i = 0; i < count; i++) {
        if (weights[i] > 0) {
            leaves[used++] = (struct leaf){weights[i], (uint16_t)i};
        }
    }
    if (used == 1) {
        lengths[leaves[0].symbol] = 1;
        return;
    }
    while (used > 1) {
        qsort(leaves, (size_t)used, sizeof *leaves, compare_leaves);
        // Two queues, both in rising order: the leaves, and the inner nodes as they are made.
        int leaf = 0, node = 0, made = 0;
        while (made < used - 1) {
            uint32_t sum = 0;
            for (int child = 0; child < 2; child++) {
                int taken;
                if (node < made && (leaf == used || node_weights[node] < leaves[leaf].weight)) {
                    taken = used + node;
                    sum += node_weights[node++];
                } else {
                    taken = leaf;
                    sum += leaves[leaf++].weight;
                }
                parents[taken] = (uint16_t)(used + made);
            }
            node_weights[made++] = sum;
        }
        int deepest = 0;
        depths[2 * used - 2] = 0;
        for (int i = 2 * used - 3; i >= 0; i--) {
            depths[i] = (uint8_t)(depths[parents[i]] + 1);
            deepest = depths[i] > deepest ? depths[i] : deepest;
        }
        if (deepest <= CODE_LIMIT) {
            for (int i = 0; i < used; i++) {
                lengths[leaves[i].symbol] = depths[i];
            }
            return;
        }
        for (int i = 0; i < used; i++) {
            leaves[i].weight = leaves[i].weight / 4 + 1;
        }
    }
}

// Canonical codes, bit-reversed because the stream begins with the lowest bit. False when the lengths say more codes
// than fit, as only a damaged file can.
static bool assign_codes(const uint8_t *lengths, int count, uint16_t *codes) {
    uint32_t per_length[CODE_LIMIT + 1] = {0}, next[CODE_LIMIT + 2] = {0};
    for (int i = 0; i < count; i++) {
        per_length[lengths[i]]++;
    }
    per_length[0] = 0;
    for (int length = 1; length <= CODE_LIMIT; length++) {
        next[length + 1] = (next[length] + per_length[length]) << 1;
        if (next[length] + per_length[length] > 1u << length) {
            return false;
        }
    }
    for (int i = 0; i < count; i++) {
        uint32_t code = lengths[i] > 0 ? next[lengths[i]]++ : 0, reversed = 0;
        for (int bit = 0; bit < lengths[i]; bit++) {
            reversed |= (code >> bit & 1) << (lengths[i] - 1 - bit);
        }
        codes[i] = (uint16_t)reversed;
    }
    return true;
}

static int bucket_of(uint32_t value) {
    return value == 0 ? 0 : 32 - __builtin_clz(value);
}

// ---- Compressing -------------------------------------------------------------------------------------------

struct bit_writer {
    uint8_t *out;
    size_t used;
    uint64_t pending;
    int pending_bits;
};

static void put_bits(struct bit_writer *w, uint32_t value, int bits) {
    w->pending |= (uint64_t)value << w->pending_bits;
    w->pending_bits += bits;
    while (w->pending_bits >= 8) {
        w->out[w->used++] = (uint8_t)w->pending;
        w->pending >>= 8;
        w->pending_bits -= 8;
    }
}

// A literal when distance is 0.
struct token {
    uint16_t literal_or_length;
    uint16_t distance_minus_1;
    bool is_match;
};

struct block {
    struct token tokens[BLOCK_TOKENS];
    size_t count;
    uint32_t symbol_weights[SYMBOLS], distance_weights[DISTANCE_BUCKETS];
};

static void put_lengths(struct bit_writer *w, const uint8_t *lengths, int count) {
    for (int i = 0; i < count;) {
        put_bits(w, lengths[i], 4);
        if (lengths[i++] == 0) {
            int run = 0;
            while (run < 15 && i < count && lengths[i] == 0) {
                run++;
                i++;
            }
            put_bits(w, (uint32_t)run, 4);
        }
    }
}

static void put_low_bits(struct bit_writer *w, uint32_t value, int bucket) {
    if (bucket > 1) {
        put_bits(w, value & ((1u << (bucket - 1)) - 1), bucket - 1);
    }
}

static void put_block(struct bit_writer *w, struct block *block, bool last) {
    uint8_t symbol_lengths[SYMBOLS], distance_lengths[DISTANCE_BUCKETS];
    uint16_t symbol_codes[SYMBOLS], distance_codes[DISTANCE_BUCKETS];
    block->symbol_weights[END] = 1;
    code_lengths(block->symbol_weights, SYMBOLS, symbol_lengths);
    code_lengths(block->distance_weights, DISTANCE_BUCKETS, distance_lengths);
    assign_codes(symbol_lengths, SYMBOLS, symbol_codes);
    assign_codes(distance_lengths, DISTANCE_BUCKETS, distance_codes);

    put_bits(w, last, 1);
    put_lengths(w, symbol_lengths, SYMBOLS);
    put_lengths(w, distance_lengths, DISTANCE_BUCKETS);
    for (size_t i = 0; i < block->count; i++) {
        const struct token *token = &block->tokens[i];
        if (!token->is_match) {
            put_bits(w, symbol_codes[token->literal_or_length], symbol_lengths[token->literal_or_length]);
            continue;
        }
        uint32_t length = token->literal_or_length - (uint32_t)SHORTEST, distance = token->distance_minus_1;
        int bucket = bucket_of(length), symbol = END + 1 + bucket;
        put_bits(w, symbol_codes[symbol], symbol_lengths[symbol]);
        put_low_bits(w, length, bucket);
        bucket = bucket_of(distance);
        put_bits(w, distance_codes[bucket], distance_lengths[bucket]);
        put_low_bits(w, distance, bucket);
    }
    put_bits(w, symbol_codes[END], symbol_lengths[END]);
    block->count = 0;
    memset(block->symbol_weights, 0, sizeof block->symbol_weights);
    memset(block->distance_weights, 0, sizeof block->distance_weights);
}

static void add_token(struct bit_writer *w, struct block *block, struct token token) {
    if (token.is_match) {
        block->symbol_weights[END + 1 + bucket_of(token.literal_or_length - (uint32_t)SHORTEST)]++;
        block->distance_weights[bucket_of(token.distance_minus_1)]++;
    } else {
        block->symbol_weights[token.literal_or_length]++;
    }
    block->tokens[block->count++] = token;
    if (block->count == BLOCK_TOKENS) {
        put_block(w, block, false);
    }
}

// For each hash the latest position, and for each position of the window the one before with the same hash.
// Positions are stored plus one: 0 means none.
struct matcher {
    const uint8_t *bytes;
    size_t size;
    uint32_t latest[1 << HASH_BITS];
    uint32_t previous[WINDOW];
};

static void insert(struct matcher *m, size_t at) {
    if (at + SHORTEST <= m->size) {
        uint32_t hash = read32(m->bytes + at) * 2654435761u >> (32 - HASH_BITS);
        m->previous[at % WINDOW] = m->latest[hash];
        m->latest[hash] = (uint32_t)at + 1;
    }
}

static size_t common_length(const uint8_t *a, const uint8_t *b, size_t most) {
    size_t length = 0;
    while (length < most && a[length] == b[length]) {
        length++;
    }
    return length;
}

// The longest match for the bytes at `at`, which must not be inserted yet: its length, 0 for none, and its distance.
static size_t longest_match(const struct matcher *m, size_t at, size_t *distance) {
    if (at + SHORTEST > m->size) {
        return 0;
    }
    size_t most = m->size - at < LONGEST ? m->size - at : LONGEST, best = SHORTEST - 1;
    const uint8_t *here = m->bytes + at;
    uint32_t candidate = m->latest[read32(here) * 2654435761u >> (32 - HASH_BITS)];
    for (int tries = CHAIN; tries > 0 && candidate > 0; tries--) {
        size_t position = candidate - 1;
        if (at - position > WINDOW) {
            break;
        }
        const uint8_t *there = m->bytes + position;
        if (best < most && there[best] == here[best]) {
            size_t length = common_length(here, there, most);
            if (length > best) {
                best = length;
                *distance = at - position;
                if (length >= GOOD) {
                    break;
                }
            }
        }
        uint32_t before = m->previous[position % WINDOW];
        if (before >= candidate) {
            break; // The slot has been taken over by a newer position.
        }
        candidate = before;
    }
    return best >= SHORTEST ? best : 0;
}

// The file format's bytes for `raw`, to be freed by the caller.
static uint8_t *compress(const uint8_t *raw, size_t size, size_t *compressed_size) {
    struct bit_writer writer = {.used = HEADER};
    struct matcher *matcher = allocate(sizeof *matcher);
    struct block *block = allocate(sizeof *block);
    memset(matcher, 0, sizeof *matcher);
    memset(block, 0, sizeof *block);
    matcher->bytes = raw;
    matcher->size = size;
    // At worst every byte is a literal of CODE_LIMIT bits, and each block has its tables and END.
    writer.out = allocate(HEADER + size * 2 + (size / BLOCK_TOKENS + 2) * 512);

    memcpy(writer.out, "LZH1", 4);
    write32(writer.out + 4, (uint32_t)size);
    write32(writer.out + 8, (uint32_t)((uint64_t)size >> 32));
    write32(writer.out + 12, crc32(raw, size));

    size_t distance = 0, next_distance = 0;
    size_t length = longest_match(matcher, 0, &distance);
    for (size_t at = 0; at < size;) {
        insert(matcher, at);
        // One step of laziness: a literal now, if the next position has a longer match.
        size_t next_length = at + 1 < size && length < GOOD ? longest_match(matcher, at + 1, &next_distance) : 0;
        if (length == 0 || next_length > length) {
            add_token(&writer, block, (struct token){.literal_or_length = raw[at]});
            at++;
            length = next_length;
            distance = next_distance;
            continue;
        }
        add_token(&writer, block, (struct token){(uint16_t)length, (uint16_t)(distance - 1), true});
        for (size_t i = 1; i < length; i++) {
            insert(matcher, at + i);
        }
        at += length;
        length = at < size ? longest_match(matcher, at, &distance) : 0;
    }
    put_block(&writer, block, true);
    put_bits(&writer, 0, 7);
    free(matcher);
    free(block);
    *compressed_size = writer.used;
    return writer.out;
}

// ---- Decompressing -----------------------------------------------------------------------------------------

// Reads zeros past the end, counted in `beyond`; the caller checks that before it believes what it has read.
struct bit_reader {
    const uint8_t *at, *end;
    uint64_t pending;
    int pending_bits;
    size_t beyond;
};

static void refill(struct bit_reader *r) {
    while (r->pending_bits <= 56) {
        if (r->at < r->end) {
            r->pending |= (uint64_t)*r->at++ << r->pending_bits;
        } else {
            r->beyond++;
        }
        r->pending_bits += 8;
    }
}

static uint32_t take_bits(struct bit_reader *r, int bits) {
    uint32_t value = (uint32_t)(r->pending & ((1ull << bits) - 1));
    r->pending >>= bits;
    r->pending_bits -= bits;
    return value;
}

// For the next CODE_LIMIT bits of the stream: the symbol, and the length of its code (0: no code begins so).
struct decoder {
    uint16_t symbols[1 << CODE_LIMIT];
    uint8_t lengths[1 << CODE_LIMIT];
};

static bool get_decoder(struct bit_reader *r, struct decoder *decoder, int count) {
    uint8_t lengths[SYMBOLS] = {0};
    uint16_t codes[SYMBOLS];
    for (int i = 0; i < count;) {
        refill(r);
        lengths[i] = (uint8_t)take_bits(r, 4);
        i += lengths[i] == 0 ? 1 + (int)take_bits(r, 4) : 1;
    }
    if (!assign_codes(lengths, count, codes)) {
        return false;
    }
    memset(decoder->lengths, 0, sizeof decoder->lengths);
    for (int i = 0; i < count; i++) {
        if (lengths[i] > 0) {
            for (uint32_t code = codes[i]; code < 1u << CODE_LIMIT; code += 1u << lengths[i]) {
                decoder->symbols[code] = (uint16_t)i;
                decoder->lengths[code] = lengths[i];
            }
        }
    }
    return true;
}

static int take_symbol(struct bit_reader *r, const struct decoder *decoder) {
    uint32_t ahead = (uint32_t)r->pending & ((1u << CODE_LIMIT) - 1);
    int length = decoder->lengths[ahead];
    if (length == 0) {
        return -1;
    }
    take_bits(r, length);
    return decoder->symbols[ahead];
}

static uint32_t take_value(struct bit_reader *r, int bucket) {
    return bucket <= 1 ? (uint32_t)bucket : 1u << (bucket - 1) | take_bits(r, bucket - 1);
}

// The raw bytes, to be freed by the caller; NULL when the file is damaged.
static uint8_t *decompress(const uint8_t *file, size_t file_size, size_t *raw_size) {
    if (file_size < HEADER || memcmp(file, "LZH1", 4) != 0) {
        return NULL;
    }
    uint64_t wanted = read32(file + 4) | (uint64_t)read32(file + 8) << 32;
    // No match makes more than LONGEST bytes from two bits: a size beyond that is not worth allocating for.
    if (wanted / (4 * LONGEST) > file_size) {
        return NULL;
    }
    size_t size = (size_t)wanted, used = 0;
    uint8_t *raw = allocate(size);
    struct decoder *symbols = allocate(sizeof *symbols), *distances = allocate(sizeof *distances);
    struct bit_reader reader = {.at = file + HEADER, .end = file + file_size};
    bool good = true, last = false;
    while (good && !last) {
        refill(&reader);
        last = take_bits(&reader, 1);
        good = get_decoder(&reader, symbols, SYMBOLS) && get_decoder(&reader, distances, DISTANCE_BUCKETS);
        while (good) {
            // 57 bits at least: enough for the longest symbol and what follows it.
            refill(&reader);
            int symbol = take_symbol(&reader, symbols);
            if (symbol == END) {
                break;
            }
            if (symbol >= 0 && symbol < END && used < size) {
                raw[used++] = (uint8_t)symbol;
                continue;
            }
            if (symbol < 0 || symbol < END) {
                good = false;
                break;
            }
            size_t length = take_value(&reader, symbol - END - 1) + SHORTEST;
            int bucket = take_symbol(&reader, distances);
            size_t distance = bucket < 0 ? 0 : (size_t)take_value(&reader, bucket) + 1;
            good = distance > 0 && distance <= used && length <= size - used;
            if (good && distance >= length) {
                memcpy(raw + used, raw + used - distance, length);
                used += length;
            } else if (good) {
                // Source and target overlap: the match repeats itself, byte by byte.
                for (size_t i = 0; i < length; i++, used++) {
                    raw[used] = raw[used - distance];
                }
            }
        }
        // Up to 8 bytes may have been read ahead without being used.
        good = good && reader.beyond <= 8;
    }
    free(symbols);
    free(distances);
    if (!good || used != size || crc32(raw, size) != read32(file + 12)) {
        free(raw);
        return NULL;
    }
    *raw_size = size;
    return raw;
}

// ---- Pseudo-text -------------------------------------------------------------------------------------------

enum { WORDS = 4096, SYLLABLES = 32, LONGEST_WORD = 16 };

static void generate(const char *path, uint64_t bytes) {
    static const char *const syllables[SYLLABLES] = {
        "ka", "lo", "mi", "ren", "ta", "su", "vo", "el", "an", "dor", "gi", "pe", "nu", "sha", "ti", "or",
        "be", "qua", "is", "ma", "tre", "un", "fo", "li", "zan", "hu", "wer", "ce", "bri", "ol", "ny", "da",
    };
    static char words[WORDS][LONGEST_WORD];
    uint64_t random = 42;
    for (int i = 0; i < WORDS; i++) {
        // Frequent words, which come first, are short.
        int parts = 1 + (i > 32) + (i > 512 && next_random(&random) >> 63);
        for (int part = 0; part < parts; part++) {
            strcat(words[i], syllables[next_random(&random) >> 59]);
        }
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        stop(1, "cannot write", path);
    }
    bool sentence_start = true;
    for (uint64_t left = bytes; left > 0;) {
        // The product of two uniform numbers leans to small values, as word frequencies do.
        uint64_t r = next_random(&random);
        uint32_t index = (uint32_t)((r >> 52) * (r >> 40 & 0xfff) >> 12);
        char word[LONGEST_WORD + 4];
        strcpy(word, words[index]);
        if (sentence_start) {
            word[0] = (char)(word[0] - 'a' + 'A');
        }
        uint32_t dice = (uint32_t)(r & 0xff);
        sentence_start = dice < 24;
        strcat(word, dice < 4 ? ".\n" : dice < 24 ? ". " : dice < 40 ? ", " : " ");
        size_t length = strlen(word);
        length = length < left ? length : (size_t)left;
        if (fwrite(word, 1, length, file) != length) {
            stop(1, "cannot write", path);
        }
        left -= length;
    }
    if (fclose(file) != 0) {
        stop(1, "cannot write", path);
    }
}

// ---- Files -------------------------------------------------------------------------------------------------

static uint8_t *read_whole(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        stop(1, "cannot read", path);
    }
    long end = ftell(file);
    if (end < 0 || end > INT32_MAX) { // Positions are kept in 32 bits.
        stop(1, "cannot read, or too large", path);
    }
    uint8_t *bytes = allocate((size_t)end);
    rewind(file);
    if (fread(bytes, 1, (size_t)end, file) != (size_t)end) {
        stop(1, "cannot read", path);
    }
    fclose(file);
    *size = (size_t)end;
    return bytes;
}

static void write_whole(const char *path, const uint8_t *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        stop(1, "cannot write", path);
    }
}

static int roundtrip(const char *path) {
    char packed_path[1024];
    size_t size, packed_size, read_size, restored_size;
    snprintf(packed_path, sizeof packed_path, "%s.z", path);
    uint8_t *raw = read_whole(path, &size);
    uint8_t *packed = compress(raw, size, &packed_size);
    write_whole(packed_path, packed, packed_size);
    uint8_t *read_back = read_whole(packed_path, &read_size);
    uint8_t *restored = decompress(read_back, read_size, &restored_size);
    printf("raw        %zu bytes, CRC %08lx\n", size, (unsigned long)crc32(raw, size));
    printf("compressed %zu bytes, CRC %08lx\n", packed_size, (unsigned long)crc32(packed, packed_size));
    bool equal = restored != NULL && restored_size == size && memcmp(restored, raw, size) == 0;
    puts(equal ? "restored   equal" : "restored   NOT equal");
    free(raw);
    free(packed);
    free(read_back);
    free(restored);
    return equal ? 0 : 3;
}

int main(int argc, char **argv) {
    prepare_crc();
    const char *mode = argc > 1 ? argv[1] : "";
    size_t size, out_size;
    if (strcmp(mode, "roundtrip") == 0 && argc == 3) {
        return roundtrip(argv[2]);
    }
    if (strcmp(mode, "generate") == 0 && argc == 4) {
        generate(argv[2], parse_count(argv[3]));
        return 0;
    }
    if (strcmp(mode, "compress") == 0 && argc == 4) {
        uint8_t *raw = read_whole(argv[2], &size);
        uint8_t *packed = compress(raw, size, &out_size);
        write_whole(argv[3], packed, out_size);
        free(raw);
        free(packed);
        return 0;
    }
    if (strcmp(mode, "decompress") == 0 && argc == 4) {
        uint8_t *packed = read_whole(argv[2], &size);
        uint8_t *raw = decompress(packed, size, &out_size);
        if (raw == NULL) {
            stop(3, "damaged", argv[2]);
        }
        write_whole(argv[3], raw, out_size);
        free(packed);
        free(raw);
        return 0;
    }
    fprintf(stderr, "usage: %s compress FILE OUT | decompress FILE OUT | roundtrip FILE | generate FILE BYTES\n", argv[0]);
    return EXIT_USAGE;
}
