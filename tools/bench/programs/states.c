// A scanner: sorts the characters of pseudo-random text into words, numbers, strings and comments. Branches that no predictor knows.

enum { START, WORD, NUMBER, FRACTION, STRING, ESCAPE, SLASH, COMMENT };

static const char alphabet[] = "abcdefghijklmnop 0123456789.\"\\/\n_+-  ";

int run(int length) {
    unsigned seed = 12345;
    int state = START;
    int words = 0, numbers = 0, strings = 0, comments = 0, others = 0;
    for (int i = 0; i < length; i++) {
        seed = seed * 1664525 + 1013904223;
        char c = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        int is_letter = (c >= 'a' && c <= 'z') || c == '_', is_digit = c >= '0' && c <= '9';
        switch (state) {
        case WORD:
            if (is_letter || is_digit)
                break;
            words++;
            goto start;
        case NUMBER:
            if (is_digit)
                break;
            if (c == '.') {
                state = FRACTION;
                break;
            }
            numbers++;
            goto start;
        case FRACTION:
            if (is_digit)
                break;
            numbers += 2;
            goto start;
        case STRING:
            if (c == '\\') {
                state = ESCAPE;
            } else if (c == '"') {
                strings++;
                state = START;
            }
            break;
        case ESCAPE:
            state = STRING;
            break;
        case SLASH:
            if (c == '/') {
                state = COMMENT;
                break;
            }
            others++;
            goto start;
        case COMMENT:
            if (c == '\n') {
                comments++;
                state = START;
            }
            break;
        default:
        start:
            if (is_letter)
                state = WORD;
            else if (is_digit)
                state = NUMBER;
            else if (c == '"')
                state = STRING;
            else if (c == '/')
                state = SLASH;
            else {
                others++;
                state = START;
            }
        }
    }
    return words + 3 * numbers + 5 * strings + 7 * comments + 11 * others;
}
