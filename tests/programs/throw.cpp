// Exceptions of C++: by plain, indirect and virtual calls, through frames with destructors, out of loops, constructors and
// handlers; caught by type, by base class and by anybody, thrown again, and many of them.
//
// usage: throw [COUNT]      so many exceptions of each kind in the loops at the end
//        throw uncaught     ends with an exception that nobody catches

#include "support.h"

#include <inttypes.h>
#include <string.h>

// The library's headers are not there for wasm.
namespace std {
int uncaught_exceptions() noexcept;
}

#define NOINLINE __attribute__((noinline))

namespace {

uint64_t checksum = 0xcbf29ce484222325;

NOINLINE void note(uint64_t value) { checksum = (checksum ^ value) * 0x100000001b3; }

struct Error {
    int code;
    explicit Error(int code) : code(code) { alive++; }
    Error(const Error &other) : code(other.code) { alive++; }
    virtual ~Error() { alive--; }
    virtual const char *name() const { return "Error"; }
    static int alive;
};
int Error::alive = 0;

struct Range : Error {
    uint64_t low, high;
    Range(int code, uint64_t low, uint64_t high) : Error(code), low(low), high(high) {}
    const char *name() const override { return "Range"; }
};

struct Tagged {
    virtual ~Tagged() {}
    uint64_t tag = 77;
};

// `Error` lies behind another base, so that a handler of it gets another address.
struct TaggedRange : Tagged, Range {
    explicit TaggedRange(int code) : Range(code, 5, 6) {}
    const char *name() const override { return "TaggedRange"; }
};

// `Error` is a virtual base, and shared.
struct Left : virtual Error {
    Left() : Error(1) {}
};
struct Right : virtual Error {
    Right() : Error(2) {}
};
struct Shared : Left, Right {
    explicit Shared(int code) : Error(code) {}
    const char *name() const override { return "Shared"; }
};

struct Small {
    int16_t value;
};

// Says when it goes, and whether by an exception.
struct Guard {
    const char *name;
    int exceptions;
    explicit Guard(const char *name) : name(name), exceptions(std::uncaught_exceptions()) {}
    ~Guard() { printf(" %s%s", name, std::uncaught_exceptions() > exceptions ? "!" : ""); }
};

NOINLINE void throw_kind(unsigned kind) {
    switch (kind) {
    case 0: throw 42;
    case 1: throw 42u;
    case 2: throw 2.5;
    case 3: throw "text";
    case 4: throw -(INT64_C(1) << 40);
    case 5: throw Error(5);
    case 6: throw Range(6, 100, 200);
    case 7: throw TaggedRange(7);
    case 8: throw Shared(8);
    case 9: throw Small{9};
    case 10: throw static_cast<Error *>(nullptr);
    default: break;
    }
}

enum { KINDS = 12 };

// Typed handlers, some of which are never reached.
NOINLINE void middle(unsigned kind) {
    Guard guard("middle");
    try {
        throw_kind(kind);
    } catch (int value) {
        printf(" int %d", value);
    } catch (const TaggedRange &error) {
        printf(" %s %d %" PRIu64 " %" PRIu64, error.name(), error.code, error.tag, error.high);
    } catch (const char *text) {
        printf(" \"%s\"", text);
    }
}

NOINLINE void outer(unsigned kind) {
    Guard guard("outer");
    try {
        Guard inside("inside");
        middle(kind);
        printf(" went on");
    } catch (unsigned value) {
        printf(" unsigned %u", value);
    } catch (Range range) {
        printf(" a copy of %s %d %" PRIu64 "..%" PRIu64, range.name(), range.code, range.low, range.high);
    } catch (Error &error) {
        printf(" %s %d", error.name(), error.code);
    } catch (Error *error) {
        printf(" null %d", error == nullptr);
    }
}

void types() {
    for (unsigned kind = 0; kind < KINDS; kind++) {
        printf("kind %u:", kind);
        try {
            outer(kind);
        } catch (double value) {
            printf(" double %g", value);
        } catch (...) {
            printf(" something");
        }
        printf(", %d alive, %d uncaught\n", Error::alive, std::uncaught_exceptions());
    }
}

// Thrown again: the same object, as often as it is caught, from a function that the handler calls, too.
NOINLINE void again(Error &error) {
    error.code *= 10;
    throw;
}

NOINLINE int rethrown(unsigned kind, int depth) {
    Guard guard("frame");
    try {
        if (depth > 0) return rethrown(kind, depth - 1);
        throw_kind(kind);
        return 0;
    } catch (Error &error) {
        if (depth % 2 == 0) again(error);
        error.code++;
        throw;
    } catch (...) {
        Guard in_handler("handler");
        throw;
    }
}

// A handler throws something else, with exceptions caught inside of it; a destructor catches while one passes.
struct Careful {
    unsigned kind;
    ~Careful() {
        try {
            throw_kind(kind);
        } catch (...) {
            printf(" careful of %d", std::uncaught_exceptions());
        }
    }
};

NOINLINE void replaced(unsigned kind) {
    try {
        Careful careful{kind == 3 ? 5u : 3u};
        throw_kind(kind);
    } catch (const Error &error) {
        Guard in_handler("replacing");
        for (int i = 0; i < 3; i++) {
            try {
                if (i == 1) throw error.code + i;
                throw Range(i, 1, 2);
            } catch (int code) {
                printf(" inner %d", code);
            } catch (const Range &range) {
                printf(" range %d of %d", range.code, Error::alive);
            }
        }
        throw Small{static_cast<int16_t>(error.code)};
    }
}

void handlers() {
    printf("rethrown:");
    try {
        rethrown(7, 4);
    } catch (const Range &range) {
        printf(" %s %d", range.name(), range.code);
    }
    printf("\nrethrown:");
    try {
        rethrown(3, 2);
    } catch (const char *text) {
        printf(" %s", text);
    }
    const unsigned kinds[] = {3, 6, 8, 11};
    for (unsigned kind : kinds) {
        printf("\nreplaced:");
        try {
            replaced(kind);
        } catch (Small small) {
            printf(" small %d", small.value);
        } catch (...) {
            printf(" as it was");
        }
    }
    printf("\n%d alive\n", Error::alive);
}

// What is made already is unmade: elements of an array, bases, members.
struct Part {
    static int made, limit;
    int number;
    Part() : number(made) {
        if (made == limit) throw Error(made);
        made++;
    }
    ~Part() { printf(" ~%d", number), made--; }
};
int Part::made = 0, Part::limit = 0;

struct Whole : Part {
    Part members[2];
    Guard guard;
    Part last;
    Whole() try : guard("guard") {
        if (limit == 4) throw Range(4, 0, 0);
    } catch (Error &error) {
        printf(" not whole: %d", error.code);
    }
};

void constructors() {
    for (Part::limit = 0; Part::limit < 6; Part::limit++) {
        printf("limit %d:", Part::limit);
        try {
            Whole *whole = new Whole;
            printf(" whole");
            delete whole;
        } catch (const Error &error) {
            printf(" %s %d", error.name(), error.code);
        }
        printf(" |");
        try {
            delete[] new Part[3];
        } catch (const Error &error) {
            printf(" %s %d", error.name(), error.code);
        }
        printf(", %d made\n", Part::made);
    }
}

// Calls by tables and by virtual functions; some catch on the way.
struct Node {
    virtual ~Node() {}
    virtual uint64_t run(uint64_t input) = 0;
};

struct Leaf : Node {
    uint64_t run(uint64_t input) override {
        if (input % 7 == 3) throw Range(static_cast<int>(input % 1000), input, input + 1);
        if (input % 11 == 5) throw static_cast<int>(input % 500);
        return input * 3;
    }
};

template <typename Caught> struct Handler : Node {
    Node &inner;
    explicit Handler(Node &inner) : inner(inner) {}
    static uint64_t value(int code) { return static_cast<uint64_t>(code); }
    static uint64_t value(const Error &error) { return static_cast<uint64_t>(error.code) << 32; }
    uint64_t run(uint64_t input) override {
        try {
            return inner.run(input) + 1;
        } catch (const Caught &caught) {
            return value(caught);
        }
    }
};

struct Counter {
    uint64_t &count;
    ~Counter() { count++; }
};

using Function = uint64_t (*)(Node &, uint64_t, uint64_t &);

NOINLINE uint64_t direct(Node &node, uint64_t input, uint64_t &) { return node.run(input); }

NOINLINE uint64_t guarded(Node &node, uint64_t input, uint64_t &count) {
    Counter counter{count};
    return node.run(input) + node.run(input + 1);
}

NOINLINE uint64_t lambdas(Node &node, uint64_t input, uint64_t &count) {
    auto call = [&](auto function) {
        Counter counter{count};
        return function(node);
    };
    return call([&](Node &node) { return node.run(input ^ 1); });
}

void calls(uint64_t count) {
    Function volatile functions[] = {direct, guarded, lambdas};
    Leaf leaf;
    Handler<int> ints(leaf);
    Handler<Error> errors(leaf), all(ints);
    Node *nodes[] = {&leaf, &ints, &errors, &all};
    uint64_t state = 11, caught = 0, passed = 0, destroyed = 0;
    double weight = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t random = next_random(&state);
        Node &node = *nodes[random >> 60 & 3];
        try {
            uint64_t result = functions[random % 3](node, random >> 20, destroyed);
            passed++;
            weight += 0.5;
            note(result);
        } catch (const Range &range) {
            caught++;
            weight += static_cast<double>(range.code);
            note(range.low + range.high);
        } catch (int code) {
            caught += 1000000;
            weight -= static_cast<double>(code);
            note(static_cast<uint64_t>(code));
        }
    }
    printf("calls: %" PRIu64 " passed, %" PRIu64 " caught, %" PRIu64 " destroyed, weight %.1f, checksum %016" PRIx64 "\n", passed,
           caught, destroyed, weight, checksum);
}

// Two frames up, past a destructor, many times; the values of the loop stay alive.
NOINLINE uint64_t thrower(uint64_t i) {
    if (i % 2 == 0) throw i;
    return i;
}

NOINLINE uint64_t passer(uint64_t i, uint64_t &count) {
    Counter counter{count};
    return thrower(i) + 1;
}

void loops(uint64_t count) {
    uint64_t a = 1, b = 2, c = 3, destroyed = 0;
    double x = 0.5, y = 1;
    for (uint64_t i = 0; i < 2 * count; i++) {
        try {
            Counter counter{destroyed};
            a += passer(i, destroyed);
            b ^= a << 3;
            x += y;
        } catch (uint64_t value) {
            c += value ^ b;
            y = static_cast<double>(value % 1000);
        }
    }
    note(a ^ b ^ c);
    printf("loops: %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %.1f %.1f %016" PRIx64 "\n", a, b, c, destroyed, x, y, checksum);
}

} // namespace

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "uncaught") == 0) {
        puts("before uncaught");
        fflush(stdout);
        throw_kind(0);
    }
    uint64_t count = count_argument(argc, argv, 1000);
    types();
    handlers();
    constructors();
    calls(count);
    loops(count);
    return 0;
}
