// Virtual calls: shapes of many classes in one array, and trees of expressions that are evaluated, copied, simplified and
// destroyed through virtual functions. Neither exceptions nor type information nor the library's containers.
//
// usage: objects [ROUNDS]

#include "support.h"

#include <inttypes.h>

// What of the library is needed, which is not there for wasm.
void *operator new(size_t size) {
    void *memory = malloc(size);
    if (memory == nullptr) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}
void operator delete(void *memory) noexcept { free(memory); }
void operator delete(void *memory, size_t) noexcept { free(memory); }
extern "C" void __cxa_pure_virtual() { abort(); }

namespace {

// ---- Shapes ------------------------------------------------------------------------------------------------

struct Shape {
    virtual ~Shape() {}
    virtual double area() const = 0;
    virtual double perimeter() const = 0;
    virtual void grow(double by) = 0;
    virtual int corners() const { return 4; }
};

struct Rectangle : Shape {
    double width, height;
    Rectangle(double width, double height) : width(width), height(height) {}
    double area() const override { return width * height; }
    double perimeter() const override { return 2 * (width + height); }
    void grow(double by) override { width += by, height += by / 2; }
};

struct Square final : Rectangle {
    explicit Square(double side) : Rectangle(side, side) {}
    void grow(double by) override { width = height = width + by; }
};

struct Circle final : Shape {
    double radius;
    explicit Circle(double radius) : radius(radius) {}
    double area() const override { return 3.25 * radius * radius; }
    double perimeter() const override { return 6.5 * radius; }
    void grow(double by) override { radius += by; }
    int corners() const override { return 0; }
};

struct Triangle final : Shape {
    double base, height;
    Triangle(double base, double height) : base(base), height(height) {}
    double area() const override { return base * height / 2; }
    double perimeter() const override { return base + 2 * height; }
    void grow(double by) override { base += by; }
    int corners() const override { return 3; }
};

struct Polygon : Shape {
    int sides;
    double side;
    Polygon(int sides, double side) : sides(sides), side(side) {}
    double area() const override { return side * side * sides * 0.75; }
    double perimeter() const override { return side * sides; }
    void grow(double by) override { side += by / sides; }
    int corners() const override { return sides; }
};

// One shape in another, whose inside does not count.
struct Frame final : Shape {
    Shape *outer, *inner;
    Frame(Shape *outer, Shape *inner) : outer(outer), inner(inner) {}
    ~Frame() override { delete outer, delete inner; }
    double area() const override { return outer->area() - inner->area(); }
    double perimeter() const override { return outer->perimeter() + inner->perimeter(); }
    void grow(double by) override { outer->grow(by), inner->grow(by / 4); }
    int corners() const override { return outer->corners() + inner->corners(); }
};

Shape *make_shape(uint64_t &state, int depth) {
    double size = 1 + next_unit(&state);
    switch (next_random(&state) >> 33 & (depth > 0 ? 7 : 3)) {
    case 0: return new Rectangle(size, 2);
    case 1: return new Square(size);
    case 2: return new Circle(size);
    case 3: return new Triangle(size, 3);
    case 4:
    case 5: return new Polygon(5 + static_cast<int>(size * 4), size);
    default: {
        Shape *outer = make_shape(state, depth - 1);
        return new Frame(outer, make_shape(state, depth - 1));
    }
    }
}

enum { SHAPES = 1000 };

double run_shapes(Shape **shapes, double carried, uint64_t &checksum) {
    double total = 0, length = 0;
    for (int i = 0; i < SHAPES; i++) {
        shapes[i]->grow(carried * 0.125);
        total += shapes[i]->area();
        if (shapes[i]->corners() % 2 == 0) length += shapes[i]->perimeter();
    }
    checksum = fold_double(fold_double(checksum, total), length);
    return total > 1e6 ? -1 : length / total;
}

// ---- Expressions -------------------------------------------------------------------------------------------

struct Node {
    virtual ~Node() {}
    virtual uint64_t value(const uint64_t *variables) const = 0;
    virtual Node *copy() const = 0;
    // Gives itself up for a simpler node, or stays.
    virtual Node *simplified() { return this; }
    virtual bool constant() const { return false; }
    virtual uint32_t size() const { return 1; }
};

struct Constant final : Node {
    uint64_t number;
    explicit Constant(uint64_t number) : number(number) {}
    uint64_t value(const uint64_t *) const override { return number; }
    Node *copy() const override { return new Constant(number); }
    bool constant() const override { return true; }
};

struct Variable final : Node {
    unsigned index;
    explicit Variable(unsigned index) : index(index) {}
    uint64_t value(const uint64_t *variables) const override { return variables[index]; }
    Node *copy() const override { return new Variable(index); }
};

struct Binary : Node {
    Node *left, *right;
    Binary(Node *left, Node *right) : left(left), right(right) {}
    ~Binary() override { delete left, delete right; }
    uint32_t size() const override { return 1 + left->size() + right->size(); }
    Node *simplified() override {
        left = left->simplified();
        right = right->simplified();
        if (!left->constant() || !right->constant()) return this;
        Node *folded = new Constant(value(nullptr));
        delete this;
        return folded;
    }
};

// A class for each operation, so that calls have many targets.
template <typename Operation> struct Applied final : Binary {
    Applied(Node *left, Node *right) : Binary(left, right) {}
    uint64_t value(const uint64_t *variables) const override {
        uint64_t first = left->value(variables);
        return Operation::apply(first, right->value(variables));
    }
    Node *copy() const override {
        Node *first = left->copy();
        return new Applied(first, right->copy());
    }
};

struct Add { static uint64_t apply(uint64_t a, uint64_t b) { return a + b; } };
struct Subtract { static uint64_t apply(uint64_t a, uint64_t b) { return a - b; } };
struct Multiply { static uint64_t apply(uint64_t a, uint64_t b) { return a * b; } };
struct Divide { static uint64_t apply(uint64_t a, uint64_t b) { return b == 0 ? a : a / b; } };
struct Exclusive { static uint64_t apply(uint64_t a, uint64_t b) { return a ^ b; } };
struct Rotate { static uint64_t apply(uint64_t a, uint64_t b) { return a << (b & 63) | a >> (-b & 63); } };
struct Less { static uint64_t apply(uint64_t a, uint64_t b) { return a < b; } };

struct Choice final : Node {
    Node *condition, *yes, *no;
    Choice(Node *condition, Node *yes, Node *no) : condition(condition), yes(yes), no(no) {}
    ~Choice() override { delete condition, delete yes, delete no; }
    uint64_t value(const uint64_t *variables) const override {
        return (condition->value(variables) & 1) != 0 ? yes->value(variables) : no->value(variables);
    }
    Node *copy() const override {
        Node *first = condition->copy(), *second = yes->copy();
        return new Choice(first, second, no->copy());
    }
    uint32_t size() const override { return 1 + condition->size() + yes->size() + no->size(); }
};

Node *make_tree(uint64_t &state, int depth) {
    uint64_t random = next_random(&state) >> 20;
    if (depth == 0) {
        if (random % 4 == 0) return new Constant(random % 1000);
        return new Variable(random / 4 % 8);
    }
    // Some are less deep on one side.
    Node *left = make_tree(state, depth - 1), *right = make_tree(state, depth > 1 && random % 16 == 0 ? depth - 2 : depth - 1);
    switch (random % 9) {
    case 0:
    case 1: return new Applied<Add>(left, right);
    case 2: return new Applied<Subtract>(left, right);
    case 3: return new Applied<Multiply>(left, right);
    case 4: return new Applied<Divide>(left, right);
    case 5: return new Applied<Exclusive>(left, right);
    case 6: return new Applied<Rotate>(left, right);
    case 7: return new Applied<Less>(left, right);
    default: return new Choice(new Variable(random / 9 % 8), left, right);
    }
}

} // namespace

int main(int argc, char **argv) {
    uint64_t rounds = count_argument(argc, argv, 20);
    uint64_t state = 99, checksum = 0, nodes = 0;
    uint64_t variables[8] = {1, 2, 3, 5, 8, 13, 21, 34};
    Shape *shapes[SHAPES];
    for (Shape *&shape : shapes) shape = make_shape(state, 3);
    Node *tree = make_tree(state, 8);
    double carried = 0.5;
    for (uint64_t round = 0; round < rounds; round++) {
        carried = run_shapes(shapes, carried, checksum);
        for (int i = 0; i < 8; i++) {
            variables[i] = tree->value(variables) + static_cast<uint64_t>(i);
            checksum = fold_in(checksum, variables[i]);
        }
        if (round % 8 == 0) {
            delete shapes[checksum % SHAPES];
            shapes[checksum % SHAPES] = make_shape(state, 3);
            Node *simple = tree->copy()->simplified();
            nodes += simple->size();
            checksum = fold_in(checksum, simple->value(variables));
            delete simple;
            delete tree;
            tree = make_tree(state, 8);
        }
    }
    for (Shape *shape : shapes) delete shape;
    delete tree;
    printf("rounds %" PRIu64 ", nodes %" PRIu64 ", carried %.12f, checksum %016" PRIx64 "\n", rounds, nodes, carried, checksum);
    return 0;
}
