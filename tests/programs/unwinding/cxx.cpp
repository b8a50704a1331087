// The part of C++'s runtime library that exceptions need (https://itanium-cxx-abi.github.io/cxx-abi/abi-eh.html), for wasm
// with `-fwasm-exceptions`; no package has one. A throw is an exception with the tag `__cpp_exception`, which carries the
// address of an `Exception`. Unwinding is the engine's work, so there is one phase, without a search ahead; each landing pad
// that has types to compare calls `_Unwind_CallPersonality` itself.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

__asm__(".globl __cpp_exception\n"
        ".tagtype __cpp_exception i32\n"
        "__cpp_exception:\n");

enum { CPP_EXCEPTION_TAG = 0 }; // what the compiler calls it

namespace std {
class type_info {
public:
    virtual ~type_info();
    // Whether a handler of this type takes a thrown object; if so, `object` becomes what the handler gets.
    virtual bool takes(const type_info *thrown, void *&) const { return same(thrown); }
    // Whether `base` is a base class, or the class itself; if so, `object` becomes that part of it.
    virtual bool derives(const type_info *base, void *&) const { return same(base); }

protected:
    bool same(const type_info *other) const { return name == other->name || strcmp(name, other->name) == 0; }
    const char *name;
};
type_info::~type_info() {}

[[noreturn]] void terminate() noexcept { abort(); }
} // namespace std

// The compiler makes objects of these classes; their layouts are the ABI's. Fundamental types' objects are made where the
// destructor of their class is.
namespace __cxxabiv1 {
using std::type_info;

class __fundamental_type_info : public type_info {
public:
    ~__fundamental_type_info();
};
__fundamental_type_info::~__fundamental_type_info() {}

// Exact pointer types only. A handler gets the pointer itself.
class __pointer_type_info : public type_info {
public:
    ~__pointer_type_info();
    bool takes(const type_info *thrown, void *&object) const override {
        if (!same(thrown)) return false;
        object = *static_cast<void **>(object);
        return true;
    }
};
__pointer_type_info::~__pointer_type_info() {}

class __class_type_info : public type_info {
public:
    ~__class_type_info();
    bool takes(const type_info *thrown, void *&object) const override { return thrown->derives(this, object); }
};
__class_type_info::~__class_type_info() {}

class __si_class_type_info : public __class_type_info {
public:
    ~__si_class_type_info();
    bool derives(const type_info *sought, void *&object) const override {
        return same(sought) || base->derives(sought, object);
    }

protected:
    const __class_type_info *base;
};
__si_class_type_info::~__si_class_type_info() {}

class __vmi_class_type_info : public __class_type_info {
public:
    ~__vmi_class_type_info();
    bool derives(const type_info *sought, void *&object) const override {
        if (same(sought)) return true;
        for (unsigned i = 0; i < count; i++) {
            long offset = bases[i].offset_flags >> 8;
            char *address = static_cast<char *>(object);
            if (bases[i].offset_flags & 1) offset = *reinterpret_cast<long *>(*reinterpret_cast<char **>(address) + offset);
            void *part = address + offset;
            if (bases[i].offset_flags & 2 && bases[i].type->derives(sought, part)) {
                object = part;
                return true;
            }
        }
        return false;
    }

protected:
    unsigned flags, count;
    struct {
        const __class_type_info *type;
        long offset_flags; // 1: virtual, 2: public
    } bases[1];
};
__vmi_class_type_info::~__vmi_class_type_info() {}
} // namespace __cxxabiv1

namespace {
struct alignas(16) Exception {
    const std::type_info *type;
    void *(*destroy)(void *); // destructors give back their argument
    void *caught;             // what the handler gets
    Exception *outer;         // of those that are being handled
    int handlers;             // negative if it is thrown again out of one of them

    void *object() { return this + 1; }
};

Exception *handled;
int uncaught;

uintptr_t unsigned_leb128(const uint8_t *&at) {
    uintptr_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        value |= static_cast<uintptr_t>(*at & 0x7f) << shift;
        if (*at++ < 0x80) return value;
    }
}

intptr_t signed_leb128(const uint8_t *&at) {
    const uint8_t *start = at;
    uintptr_t value = unsigned_leb128(at);
    unsigned bits = 7 * static_cast<unsigned>(at - start);
    return at[-1] & 0x40 && bits < 32 ? static_cast<intptr_t>(value | -1ul << bits) : static_cast<intptr_t>(value);
}

[[noreturn]] void raise(Exception *exception) {
    uncaught++;
    __builtin_wasm_throw(CPP_EXCEPTION_TAG, exception);
}
} // namespace

namespace std {
int uncaught_exceptions() noexcept { return uncaught; }
} // namespace std

extern "C" {
// Where a landing pad and `_Unwind_CallPersonality` exchange what they know.
struct {
    uintptr_t pad; // its number in the function's table
    const uint8_t *table;
    uintptr_t selector; // out: the number of the type that fits in the function's table; 0 if none does
} __wasm_lpad_context;

// Finds the handler of a landing pad that takes an exception.
int _Unwind_CallPersonality(void *thrown) {
    Exception *exception = static_cast<Exception *>(thrown);
    const uint8_t *at = __wasm_lpad_context.table + 2; // no start of pads, types are addresses
    uintptr_t offset = unsigned_leb128(at);
    auto types = reinterpret_cast<const std::type_info *const *>(at + offset);
    at++; // calls in LEB128
    uintptr_t length = unsigned_leb128(at);
    const uint8_t *actions = at + length;
    for (uintptr_t pad = 0; pad < __wasm_lpad_context.pad; pad++) {
        unsigned_leb128(at);
        unsigned_leb128(at);
    }
    unsigned_leb128(at);
    uintptr_t action = unsigned_leb128(at);
    __wasm_lpad_context.selector = 0;
    for (at = actions + action - 1; action != 0;) {
        intptr_t type = signed_leb128(at);
        const uint8_t *here = at;
        intptr_t next = signed_leb128(at);
        if (type > 0) {
            void *object = exception->object();
            if (types[-type] == nullptr || types[-type]->takes(exception->type, object)) {
                exception->caught = object;
                __wasm_lpad_context.selector = static_cast<uintptr_t>(type);
                break;
            }
        }
        if (next == 0) break;
        at = here + next;
    }
    return 0;
}

void *__cxa_allocate_exception(size_t size) noexcept {
    void *exception = calloc(1, sizeof(Exception) + size);
    if (exception == nullptr) std::terminate();
    return static_cast<Exception *>(exception)->object();
}

void __cxa_free_exception(void *object) noexcept { free(static_cast<Exception *>(object) - 1); }

[[noreturn]] void __cxa_throw(void *object, std::type_info *type, void *(*destroy)(void *)) {
    Exception *exception = static_cast<Exception *>(object) - 1;
    exception->type = type;
    exception->destroy = destroy;
    exception->caught = object;
    raise(exception);
}

void *__cxa_get_exception_ptr(void *thrown) noexcept { return static_cast<Exception *>(thrown)->caught; }

void *__cxa_begin_catch(void *thrown) noexcept {
    Exception *exception = static_cast<Exception *>(thrown);
    exception->handlers = abs(exception->handlers) + 1;
    if (handled != exception) {
        exception->outer = handled;
        handled = exception;
    }
    uncaught--;
    return exception->caught;
}

void __cxa_end_catch() {
    Exception *exception = handled;
    bool is_thrown = exception->handlers < 0;
    exception->handlers += is_thrown ? 1 : -1;
    if (exception->handlers != 0) return;
    handled = exception->outer;
    if (is_thrown) return;
    if (exception->destroy != nullptr) exception->destroy(exception->object());
    free(exception);
}

[[noreturn]] void __cxa_rethrow() {
    if (handled == nullptr) std::terminate();
    handled->handlers = -handled->handlers;
    raise(handled);
}

[[noreturn]] void __cxa_pure_virtual() { abort(); }
}

void *operator new(size_t size) {
    void *memory = malloc(size);
    if (memory == nullptr) std::terminate();
    return memory;
}
void *operator new[](size_t size) { return operator new(size); }
void operator delete(void *memory) noexcept { free(memory); }
void operator delete(void *memory, size_t) noexcept { free(memory); }
void operator delete[](void *memory) noexcept { free(memory); }
void operator delete[](void *memory, size_t) noexcept { free(memory); }
