// A recursive-descent parser and evaluator: a generated program of assignments, conditions, loops and arithmetic becomes a
// syntax tree, which is then run. Each round's results are numbers in the text of the next round.
//
// usage: parser [ROUNDS]

#include "support.h"

#include <inttypes.h>

enum { TEXT = 1 << 14, NODES = 8192, VARIABLES = 26, LONGEST_LOOP = 6 };

// ---- Text --------------------------------------------------------------------------------------------------

struct writer {
    char text[TEXT];
    size_t length;
    uint64_t random;
};

static void put(struct writer *writer, const char *text) {
    size_t length = strlen(text);
    memcpy(writer->text + writer->length, text, length + 1);
    writer->length += length;
}

static uint32_t choose(struct writer *writer, uint32_t count) {
    return (uint32_t)(next_random(&writer->random) >> 33) % count;
}

static void put_expression(struct writer *writer, int depth) {
    static const char *const operators[] = {" + ", " - ", " * ", " / ", " % ", " < ", " == ", " & ", "^", "+", "*"};
    char leaf[24];
    switch (choose(writer, depth > 0 ? 6 : 2)) {
    case 0:
        snprintf(leaf, sizeof leaf, "%" PRIu32, choose(writer, 100000));
        put(writer, leaf);
        break;
    case 1:
        snprintf(leaf, sizeof leaf, "%c", 'a' + (char)choose(writer, VARIABLES));
        put(writer, leaf);
        break;
    case 2:
        put(writer, choose(writer, 2) == 0 ? "-" : "!");
        put_expression(writer, depth - 1);
        break;
    case 3:
        put(writer, "(");
        put_expression(writer, depth - 1);
        put(writer, ")");
        break;
    default:
        put_expression(writer, depth - 1);
        put(writer, operators[choose(writer, sizeof operators / sizeof *operators)]);
        put_expression(writer, depth - 1);
    }
}

static void put_statement(struct writer *writer, int depth) {
    char head[24];
    uint32_t kind = choose(writer, depth > 0 ? 5 : 3);
    if (kind < 3) {
        snprintf(head, sizeof head, "%c = ", 'a' + (char)choose(writer, VARIABLES));
        put(writer, head);
        put_expression(writer, 3);
        put(writer, ";\n");
        return;
    }
    if (kind == 3) {
        put(writer, "if (");
        put_expression(writer, 2);
        put(writer, ") ");
    } else {
        snprintf(head, sizeof head, "repeat %" PRIu32 " ", 1 + choose(writer, LONGEST_LOOP));
        put(writer, head);
    }
    put(writer, "{\n");
    for (uint32_t i = 0; i < 3; i++) {
        put_statement(writer, depth - 1);
    }
    put(writer, "}\n");
    if (kind == 3 && choose(writer, 2) == 0) {
        put(writer, "else { ");
        put_statement(writer, 0);
        put(writer, "}\n");
    }
}

// ---- Tree --------------------------------------------------------------------------------------------------

enum kind { NUMBER, VARIABLE, UNARY, BINARY, ASSIGN, IF, REPEAT, BLOCK };

struct node {
    enum kind kind;
    char operator; // `=` stands for `==`
    uint32_t value; // of a number; which variable; how often
    struct node *first, *second, *third, *next;
};

struct parser {
    const char *at;
    struct node nodes[NODES];
    uint32_t used;
};

static void fail(const struct parser *parser, const char *expected) {
    fprintf(stderr, "expected %s at: %.20s\n", expected, parser->at);
    exit(1);
}

static struct node *new_node(struct parser *parser, enum kind kind) {
    if (parser->used == NODES) {
        fail(parser, "a shorter program");
    }
    struct node *node = &parser->nodes[parser->used++];
    *node = (struct node){.kind = kind};
    return node;
}

static void skip(struct parser *parser) {
    while (*parser->at == ' ' || *parser->at == '\n') {
        parser->at++;
    }
}

static int accept(struct parser *parser, const char *token) {
    skip(parser);
    size_t length = strlen(token);
    if (strncmp(parser->at, token, length) != 0) {
        return 0;
    }
    parser->at += length;
    return 1;
}

static void expect(struct parser *parser, const char *token) {
    if (!accept(parser, token)) {
        fail(parser, token);
    }
}

static struct node *parse_number(struct parser *parser) {
    struct node *node = new_node(parser, NUMBER);
    skip(parser);
    if (*parser->at < '0' || *parser->at > '9') {
        fail(parser, "a number");
    }
    for (; *parser->at >= '0' && *parser->at <= '9'; parser->at++) {
        node->value = node->value * 10 + (uint32_t)(*parser->at - '0');
    }
    return node;
}

// How strongly an operator binds; 0 if this is none.
static int strength(char operator) {
    switch (operator) {
    case '*': case '/': case '%': return 5;
    case '+': case '-': return 4;
    case '<': return 3;
    case '=': return 2;
    case '&': case '^': return 1;
    default: return 0;
    }
}

static struct node *parse_expression(struct parser *parser, int least);

static struct node *parse_operand(struct parser *parser) {
    skip(parser);
    char c = *parser->at;
    if (c == '(') {
        parser->at++;
        struct node *inside = parse_expression(parser, 1);
        expect(parser, ")");
        return inside;
    }
    if (c == '-' || c == '!') {
        parser->at++;
        struct node *node = new_node(parser, UNARY);
        node->operator = c;
        node->first = parse_operand(parser);
        return node;
    }
    if (c >= 'a' && c <= 'z') {
        parser->at++;
        struct node *node = new_node(parser, VARIABLE);
        node->value = (uint32_t)(c - 'a');
        return node;
    }
    return parse_number(parser);
}

static struct node *parse_expression(struct parser *parser, int least) {
    struct node *left = parse_operand(parser);
    for (;;) {
        skip(parser);
        char operator = *parser->at;
        int binds = strength(operator);
        if (binds < least || binds == 0) {
            return left;
        }
        parser->at += operator == '=' ? 2 : 1;
        struct node *node = new_node(parser, BINARY);
        node->operator = operator;
        node->first = left;
        node->second = parse_expression(parser, binds + 1);
        left = node;
    }
}

static struct node *parse_block(struct parser *parser, const char *end);

static struct node *parse_statement(struct parser *parser) {
    struct node *node;
    if (accept(parser, "if")) {
        node = new_node(parser, IF);
        expect(parser, "(");
        node->first = parse_expression(parser, 1);
        expect(parser, ")");
        expect(parser, "{");
        node->second = parse_block(parser, "}");
        if (accept(parser, "else")) {
            expect(parser, "{");
            node->third = parse_block(parser, "}");
        }
    } else if (accept(parser, "repeat")) {
        node = new_node(parser, REPEAT);
        node->value = parse_number(parser)->value;
        expect(parser, "{");
        node->first = parse_block(parser, "}");
    } else {
        node = new_node(parser, ASSIGN);
        node->value = (uint32_t)(*parser->at++ - 'a') % VARIABLES;
        expect(parser, "=");
        node->first = parse_expression(parser, 1);
        expect(parser, ";");
    }
    return node;
}

// The end is a token, or empty for that of the text.
static struct node *parse_block(struct parser *parser, const char *end) {
    struct node *block = new_node(parser, BLOCK);
    struct node **place = &block->first;
    for (skip(parser); *parser->at != *end; skip(parser)) {
        *place = parse_statement(parser);
        place = &(*place)->next;
    }
    expect(parser, end);
    return block;
}

// ---- Evaluation --------------------------------------------------------------------------------------------

static uint32_t apply(char operator, uint32_t a, uint32_t b) {
    switch (operator) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return b == 0 ? 0 : a / b;
    case '%': return b == 0 ? a : a % b;
    case '<': return a < b;
    case '=': return a == b;
    case '&': return a & b;
    default: return a ^ b;
    }
}

static uint32_t evaluate(const struct node *node, const uint32_t *variables) {
    switch (node->kind) {
    case NUMBER: return node->value;
    case VARIABLE: return variables[node->value];
    case UNARY: {
        uint32_t value = evaluate(node->first, variables);
        return node->operator == '-' ? -value : value == 0;
    }
    default: {
        uint32_t left = evaluate(node->first, variables);
        return apply(node->operator, left, evaluate(node->second, variables));
    }
    }
}

static uint64_t execute(const struct node *node, uint32_t *variables) {
    uint64_t statements = 0;
    for (; node != NULL; node = node->next) {
        statements++;
        if (node->kind == ASSIGN) {
            variables[node->value] = evaluate(node->first, variables);
        } else if (node->kind == BLOCK) {
            statements += execute(node->first, variables);
        } else if (node->kind == REPEAT) {
            for (uint32_t i = 0; i < node->value; i++) {
                statements += execute(node->first, variables);
            }
        } else if (evaluate(node->first, variables) % 2 == 1) {
            statements += execute(node->second, variables);
        } else {
            statements += execute(node->third, variables);
        }
    }
    return statements;
}

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 10);
    static struct writer writer;
    static struct parser parser;
    uint32_t variables[VARIABLES] = {0};
    uint64_t nodes = 0, statements = 0, checksum = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        writer.length = 0;
        writer.random = checksum | 1;
        // A statement takes 3 KiB at most.
        while (writer.length < TEXT / 2) {
            put_statement(&writer, 2);
        }
        parser.at = writer.text;
        parser.used = 0;
        struct node *program = parse_block(&parser, "");
        nodes += parser.used;
        for (int i = 0; i < 5; i++) {
            statements += execute(program, variables);
        }
        for (int i = 0; i < VARIABLES; i++) {
            checksum = fold_in(checksum, variables[i]);
        }
    }
    printf("rounds %" PRIu64 ", nodes %" PRIu64 ", statements %" PRIu64 ", checksum %016" PRIx64 "\n", rounds, nodes,
           statements, checksum);
    return 0;
}
