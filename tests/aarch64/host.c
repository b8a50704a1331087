// Runs compiled images on aarch64, where the runtime itself may not be built: the least that native code needs around it.
//
// It carries out a script, read from a file line by line. Who writes the script knows modules, layouts and containers; this program knows
// what native code asks for while it runs. `abi.h` is written by the same test, out of the ABI's one description, so that a
// structure, a number or the signature of a libcall stands nowhere twice.
//
// Things are numbered in the order in which they are made. A word of the script is a number (`#1f`, hexadecimal) or an address:
// `iN+X` in image N, `cN+X` in context N, `tN` the definition of table N, `mN` that of memory N, `bN` the base of memory N, `gN` the cell of
// global N, `eN` tag N, `h` the context of all host functions.
//
//   image FILE LENGTH TEXT_END READ_ONLY_END  maps an image: code, then constants, then slots
//   slot IMAGE OFFSET SYMBOL                  fills an import slot
//   seal IMAGE                                makes its code executable
//   memory MIN MAX WIDE SHARED                makes a memory, in pages
//   table WORD MIN MAX WORD                   makes a table whose definition lies there, or anywhere if at 0, and its elements
//   global HEX                                makes a cell with these bytes
//   tag NUMBER                                makes a tag of this type
//   context SIZE MEMORIES TABLES TAGS DATA ELEMENTS  makes a context with so many memories, tables, tags and segments
//   word CONTEXT OFFSET WORD                  sets 8 bytes of a context
//   half CONTEXT OFFSET NUMBER                sets 4
//   cell CONTEXT OFFSET HEX                   sets a global's cell
//   uses-memory CONTEXT INDEX MEMORY          what the context's libcalls mean by a memory's index
//   uses-table CONTEXT INDEX TABLE            likewise
//   uses-tag CONTEXT INDEX TAG                likewise
//   data CONTEXT INDEX HEX                    the contents of a data segment
//   elements CONTEXT INDEX COUNT WORD...      those of an element segment
//   init-table CONTEXT TABLE SEGMENT START    runs an active segment
//   init-memory CONTEXT MEMORY SEGMENT START  likewise
//   start RECORD                              calls a start function
//   end                                       ends an instantiation: prints `ok`, or the trap that it met
//   call RECORD RESULTS HEX...                calls a function with slots as arguments; prints slots, or `trap CODE`
//   get WORD                                  prints the cell at an address
//
// After a trap of an instantiation, everything up to its `end` is left out but `data`, `elements` and what makes things.
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "abi.h"

#define STACK_SIZE (8u << 20)
#define STACK_GUARD (1u << 20)

typedef struct {
    struct MemoryDefinition definition;
    uint64_t max_bytes;
    uint64_t reserved;
    int shared;
} Memory;

typedef struct {
    struct TableDefinition *definition;
    uint64_t max;
} Table;

typedef struct {
    uint64_t length;
    void *contents;
} Segment;

typedef struct {
    struct Header *context;
    Memory **memories;
    Table **tables;
    struct Tag **tags;
    Segment *data;
    Segment *elements;
} Instance;

#define MANY 4096
static uint8_t *images[MANY];
static uint64_t image_lengths[MANY], image_texts[MANY], image_constants[MANY];
static Memory *memories[MANY];
static Table *tables[MANY];
static uint8_t *globals[MANY];
static struct Tag *tags[MANY];
static Instance *instances[MANY];
static unsigned image_count, memory_count, table_count, global_count, tag_count, instance_count;

static struct Meter meter;
static const uint8_t poll;
static uint8_t tail_arguments[MAX_PARAMS * SLOT_SIZE] __attribute__((aligned(16)));
static struct Header host __attribute__((aligned(16)));
static uint8_t *stack;
static sigjmp_buf out;
static volatile sig_atomic_t in_guest;

static _Noreturn void give_up(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    _exit(2);
}

static _Noreturn void leave(uint32_t code) { siglongjmp(out, (int)code); }

// Libcalls, with the signatures of `abi.h`.

static Instance *instance_of(struct Header *context) { return (Instance *)context->runtime; }

static void check(uint64_t start, uint64_t length, uint64_t end, uint32_t code) {
    if (start > end || length > end - start) leave(code);
}

void libcall_trap(struct Header *context, uint32_t code) {
    (void)context;
    leave(code);
}

// Functions of the host take what they are given and give nothing.
void libcall_host_call(struct Header *context, void *slots) {
    (void)slots;
    if (context->magic != HOST_MAGIC) give_up("host_call by a context that is not the host's");
}

uint64_t libcall_memory_grow(struct Header *context, uint32_t index, uint64_t delta) {
    Memory *memory = instance_of(context)->memories[index];
    uint64_t old = memory->definition.bytes;
    if (delta > (memory->max_bytes - old) / PAGE_SIZE) return -1;
    if (delta && mprotect((uint8_t *)memory->definition.base + old, delta * PAGE_SIZE, PROT_READ | PROT_WRITE)) return -1;
    memory->definition.bytes = old + delta * PAGE_SIZE;
    return old / PAGE_SIZE;
}

void libcall_memory_copy(struct Header *context, uint32_t to_memory, uint32_t from_memory, uint64_t to, uint64_t from,
                         uint64_t length) {
    struct MemoryDefinition *target = &instance_of(context)->memories[to_memory]->definition;
    struct MemoryDefinition *source = &instance_of(context)->memories[from_memory]->definition;
    check(to, length, target->bytes, TRAP_MemoryOutOfBounds);
    check(from, length, source->bytes, TRAP_MemoryOutOfBounds);
    memmove((uint8_t *)target->base + to, (uint8_t *)source->base + from, length);
}

void libcall_memory_fill(struct Header *context, uint32_t index, uint64_t to, uint32_t value, uint64_t length) {
    struct MemoryDefinition *memory = &instance_of(context)->memories[index]->definition;
    check(to, length, memory->bytes, TRAP_MemoryOutOfBounds);
    memset((uint8_t *)memory->base + to, (uint8_t)value, length);
}

void libcall_memory_init(struct Header *context, uint32_t index, uint32_t segment, uint64_t to, uint32_t from,
                         uint32_t length) {
    struct MemoryDefinition *memory = &instance_of(context)->memories[index]->definition;
    Segment *data = &instance_of(context)->data[segment];
    check(from, length, data->length, TRAP_MemoryOutOfBounds);
    check(to, length, memory->bytes, TRAP_MemoryOutOfBounds);
    memcpy((uint8_t *)memory->base + to, (uint8_t *)data->contents + from, length);
}

void libcall_data_drop(struct Header *context, uint32_t segment) { instance_of(context)->data[segment].length = 0; }

// Nobody else runs: a wait ends at once, or never.
static uint8_t *waiting(struct Header *context, uint32_t index, uint64_t address, uint64_t size, int wait) {
    Memory *memory = instance_of(context)->memories[index];
    check(address, size, memory->definition.bytes, TRAP_MemoryOutOfBounds);
    if (address % size) leave(TRAP_UnalignedAtomic);
    if (wait && !memory->shared) leave(TRAP_ExpectedSharedMemory);
    return (uint8_t *)memory->definition.base + address;
}

static uint32_t waited(int equal, uint64_t timeout) {
    if (equal && (int64_t)timeout < 0) give_up("a wait without end");
    return equal ? 2 : 1;
}

uint32_t libcall_memory_wait32(struct Header *context, uint32_t memory, uint64_t address, uint32_t expected,
                               uint64_t timeout) {
    return waited(*(uint32_t *)waiting(context, memory, address, 4, 1) == expected, timeout);
}

uint32_t libcall_memory_wait64(struct Header *context, uint32_t memory, uint64_t address, uint64_t expected,
                               uint64_t timeout) {
    return waited(*(uint64_t *)waiting(context, memory, address, 8, 1) == expected, timeout);
}

uint32_t libcall_memory_notify(struct Header *context, uint32_t memory, uint64_t address, uint32_t count) {
    (void)count;
    waiting(context, memory, address, 4, 0);
    return 0;
}

static int grow_table(Table *table, uint64_t delta, void *value) {
    uint64_t old = table->definition->length;
    if (delta > table->max - old) return 0;
    void **elements = realloc((void *)table->definition->elements, (old + delta + 1) * ELEMENT_SIZE);
    if (!elements) return 0;
    for (uint64_t i = 0; i < delta; i++) elements[old + i] = value;
    table->definition->elements = (uint64_t)elements;
    table->definition->length = old + delta;
    return 1;
}

uint64_t libcall_table_grow(struct Header *context, uint32_t index, void *value, uint64_t delta) {
    Table *table = instance_of(context)->tables[index];
    uint64_t old = table->definition->length;
    return grow_table(table, delta, value) ? old : (uint64_t)-1;
}

void libcall_table_copy(struct Header *context, uint32_t to_table, uint32_t from_table, uint64_t to, uint64_t from,
                        uint64_t length) {
    struct TableDefinition *target = instance_of(context)->tables[to_table]->definition;
    struct TableDefinition *source = instance_of(context)->tables[from_table]->definition;
    check(to, length, target->length, TRAP_TableOutOfBounds);
    check(from, length, source->length, TRAP_TableOutOfBounds);
    memmove((void **)target->elements + to, (void **)source->elements + from, length * ELEMENT_SIZE);
}

void libcall_table_fill(struct Header *context, uint32_t index, uint64_t to, void *value, uint64_t length) {
    struct TableDefinition *table = instance_of(context)->tables[index]->definition;
    check(to, length, table->length, TRAP_TableOutOfBounds);
    for (uint64_t i = 0; i < length; i++) ((void **)table->elements)[to + i] = value;
}

void libcall_table_init(struct Header *context, uint32_t index, uint32_t segment, uint64_t to, uint32_t from,
                        uint32_t length) {
    struct TableDefinition *table = instance_of(context)->tables[index]->definition;
    Segment *elements = &instance_of(context)->elements[segment];
    check(from, length, elements->length, TRAP_TableOutOfBounds);
    check(to, length, table->length, TRAP_TableOutOfBounds);
    memcpy((void **)table->elements + to, (void **)elements->contents + from, (uint64_t)length * ELEMENT_SIZE);
}

void libcall_elem_drop(struct Header *context, uint32_t segment) { instance_of(context)->elements[segment].length = 0; }

void *libcall_exception_new(struct Header *context, uint32_t index) {
    struct Exception *exception = calloc(1, sizeof *exception);
    exception->tag = (uint64_t)instance_of(context)->tags[index];
    exception->slots = (uint64_t)calloc(MAX_PARAMS, SLOT_SIZE);
    return exception;
}

// Code for aarch64 has no handlers.
void libcall_throw(struct Header *context, void *exception) {
    (void)context;
    leave(exception ? TRAP_UncaughtException : TRAP_NullExceptionReference);
}

#define ADDRESS(name) (void *)libcall_##name,
static void *const libcalls[] = {LIBCALLS(ADDRESS)};

#define SYMBOL(name) {#name, (void *)name},
static const struct {
    const char *name;
    void *address;
} symbols[] = {RUNTIME_SYMBOLS(SYMBOL)};

// Faults: an access to a memory's reservation, or to the end of the stack. Anything else is a mistake.
static void fault(int signal, siginfo_t *info, void *context) {
    uint8_t *address = info->si_addr;
    uint64_t pc = ((ucontext_t *)context)->uc_mcontext.pc;
    if (in_guest && signal == SIGSEGV) {
        if (address >= stack && address < stack + STACK_GUARD) leave(TRAP_CallStackExhausted);
        for (unsigned i = 0; i < memory_count; i++) {
            uint8_t *base = (uint8_t *)memories[i]->definition.base;
            if (address >= base && address < base + memories[i]->reserved) leave(TRAP_MemoryOutOfBounds);
        }
    }
    for (unsigned i = 0; i < image_count; i++)
        if (pc >= (uint64_t)images[i] && pc < (uint64_t)images[i] + image_lengths[i])
            give_up("signal %d at offset %#lx of image %u, address %p", signal, pc - (uint64_t)images[i], i, (void *)address);
    give_up("signal %d outside of images, at %#lx, address %p", signal, pc, (void *)address);
}

static uint32_t call(struct FuncRecord *record, void *slots) {
    int code = sigsetjmp(out, 1);
    if (code == 0) {
        in_guest = 1;
        ((void (*)(void *, void *, void *))record->entry)((void *)record->context, (void *)record->code, slots);
    }
    in_guest = 0;
    return (uint32_t)code;
}

// Reading the script.

static char *rest;

static char *next(void) {
    char *word = strtok_r(NULL, " \n", &rest);
    if (!word) give_up("a line is too short");
    return word;
}

static uint64_t number(void) {
    char *word = next(), *end;
    uint64_t value = strtoull(word, &end, 16);
    if (end == word || *end) give_up("`%s` is no number", word);
    return value;
}

static uint64_t value_of(const char *word) {
    char *end;
    uint64_t first = strtoull(word + 1, &end, 16), offset = 0;
    if (*end == '+') offset = strtoull(end + 1, &end, 16);
    if (*end) give_up("`%s` is no word", word);
    switch (word[0]) {
    case '#': return first;
    case 'i': return (uint64_t)images[first] + offset;
    case 'c': return (uint64_t)instances[first]->context + offset;
    case 't': return (uint64_t)tables[first]->definition;
    case 'm': return (uint64_t)&memories[first]->definition;
    case 'b': return (uint64_t)memories[first]->definition.base;
    case 'g': return (uint64_t)globals[first];
    case 'e': return (uint64_t)tags[first];
    case 'h': return (uint64_t)&host;
    default: give_up("`%s` is no word", word);
    }
}

static uint64_t word(void) { return value_of(next()); }

// Bytes in the order of memory, after an `x`.
static uint64_t bytes(uint8_t *to, const char *hex) {
    uint64_t count = 0;
    if (*hex++ != 'x') give_up("bytes begin with x");
    for (; hex[0] && hex[1]; hex += 2, count++) {
        unsigned byte;
        sscanf(hex, "%2x", &byte);
        to[count] = (uint8_t)byte;
    }
    return count;
}

static void print_slot(const uint8_t *slot) {
    putchar(' ');
    for (unsigned i = 0; i < SLOT_SIZE; i++) printf("%02x", slot[i]);
}

static uint64_t pages(uint64_t size) { return (size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE; }

static void make_image(void) {
    FILE *file = fopen(next(), "rb");
    uint64_t length = number();
    uint8_t *image = mmap(NULL, pages(length + 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!file || image == MAP_FAILED || fread(image, 1, length, file) != length) give_up("an image cannot be mapped");
    fclose(file);
    images[image_count] = image;
    image_lengths[image_count] = length;
    image_texts[image_count] = pages(number());
    image_constants[image_count] = pages(number());
    image_count++;
}

static void fill_slot(void) {
    uint64_t image = number(), offset = number();
    const char *name = next();
    for (unsigned i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (!strcmp(symbols[i].name, name)) {
            *(void **)(images[image] + offset) = symbols[i].address;
            return;
        }
    give_up("there is no symbol %s", name);
}

static void seal_image(void) {
    uint64_t image = number(), text = image_texts[image], constants = image_constants[image];
    __builtin___clear_cache((char *)images[image], (char *)images[image] + text);
    if (text && mprotect(images[image], text, PROT_READ | PROT_EXEC)) give_up("code cannot be made executable");
    if (constants > text && mprotect(images[image] + text, constants - text, PROT_READ)) give_up("constants stay writable");
}

static void make_memory(void) {
    uint64_t min = number(), max = number(), wide = number();
    Memory *memory = calloc(1, sizeof *memory);
    memory->shared = (int)number();
    uint64_t limit = (1ull << 32) / PAGE_SIZE;
    memory->max_bytes = (max < limit ? max : limit) * PAGE_SIZE;
    memory->reserved = wide ? memory->max_bytes + MEMORY_GUARD : MEMORY_RESERVATION;
    uint8_t *base = mmap(NULL, memory->reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED || (min && mprotect(base, min * PAGE_SIZE, PROT_READ | PROT_WRITE)))
        give_up("a memory of %lu pages cannot be made", min);
    memory->definition.base = (uint64_t)base;
    memory->definition.bytes = min * PAGE_SIZE;
    memories[memory_count++] = memory;
}

static void make_table(void) {
    uint64_t at = word(), min = number(), max = number(), value = word();
    Table *table = calloc(1, sizeof *table);
    table->definition = at ? (void *)at : calloc(1, sizeof *table->definition);
    table->max = max < MAX_TABLE_LENGTH ? max : MAX_TABLE_LENGTH;
    if (!grow_table(table, min, (void *)value)) give_up("a table of %lu elements cannot be made", min);
    tables[table_count++] = table;
}

static void make_context(void) {
    uint64_t size = number();
    Instance *instance = calloc(1, sizeof *instance);
    struct Header *context = aligned_alloc(16, size);
    memset(context, 0, size);
    *context = host;
    context->magic = INSTANCE_MAGIC;
    context->runtime = (uint64_t)instance;
    instance->context = context;
    instance->memories = calloc(number() + 1, sizeof(Memory *));
    instance->tables = calloc(number() + 1, sizeof(Table *));
    instance->tags = calloc(number() + 1, sizeof(struct Tag *));
    instance->data = calloc(number() + 1, sizeof(Segment));
    instance->elements = calloc(number() + 1, sizeof(Segment));
    instances[instance_count++] = instance;
}

static uint8_t *place(void) {
    uint64_t instance = number();
    return (uint8_t *)instances[instance]->context + number();
}

static void fill_data(void) {
    uint64_t instance = number(), index = number();
    const char *hex = next();
    Segment *data = &instances[instance]->data[index];
    data->contents = malloc(strlen(hex) / 2 + 1);
    data->length = bytes(data->contents, hex);
}

static void fill_elements(void) {
    uint64_t instance = number(), index = number(), count = number();
    Segment *elements = &instances[instance]->elements[index];
    elements->contents = malloc((count + 1) * ELEMENT_SIZE);
    elements->length = count;
    for (uint64_t i = 0; i < count; i++) ((uint64_t *)elements->contents)[i] = word();
}

static uint32_t init_table(void) {
    uint64_t instance = number(), table = number(), segment = number(), start = number();
    struct Header *context = instances[instance]->context;
    int code = sigsetjmp(out, 1);
    if (code == 0) {
        libcall_table_init(context, table, segment, start, 0, instances[instance]->elements[segment].length);
        libcall_elem_drop(context, segment);
    }
    return (uint32_t)code;
}

static uint32_t init_memory(void) {
    uint64_t instance = number(), memory = number(), segment = number(), start = number();
    struct Header *context = instances[instance]->context;
    int code = sigsetjmp(out, 1);
    if (code == 0) {
        libcall_memory_init(context, memory, segment, start, 0, instances[instance]->data[segment].length);
        libcall_data_drop(context, segment);
    }
    return (uint32_t)code;
}

static void call_function(void) {
    static uint8_t slots[MAX_PARAMS * SLOT_SIZE] __attribute__((aligned(16)));
    struct FuncRecord *record = (struct FuncRecord *)word();
    uint64_t results = number();
    memset(slots, 0xAA, sizeof slots);
    char *argument;
    for (unsigned i = 0; (argument = strtok_r(NULL, " \n", &rest)); i++) bytes(slots + i * SLOT_SIZE, argument);
    uint32_t code = call(record, slots);
    printf(code ? "trap %x" : "values", code);
    for (uint64_t i = 0; !code && i < results; i++) print_slot(slots + i * SLOT_SIZE);
    putchar('\n');
}

static void *run(void *path) {
    stack_t alternate = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
    struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&alternate, NULL);
    const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) sigaction(faults[i], &action, NULL);

    FILE *script = fopen(path, "r");
    if (!script) give_up("no script");
    char *line = NULL;
    size_t capacity = 0;
    uint32_t failed = 0;
    while (getline(&line, &capacity, script) > 0) {
        char *command = strtok_r(line, " \n", &rest);
        if (!command) continue;
        if (image_count == MANY || memory_count == MANY || table_count == MANY || global_count == MANY || tag_count == MANY ||
            instance_count == MANY)
            give_up("the script makes too much");
#define IS(name) (!strcmp(command, name))
        if (IS("image")) make_image();
        else if (IS("slot")) fill_slot();
        else if (IS("seal")) seal_image();
        else if (IS("memory")) make_memory();
        else if (IS("table")) make_table();
        else if (IS("global")) {
            globals[global_count] = aligned_alloc(16, SLOT_SIZE);
            bytes(globals[global_count++], next());
        } else if (IS("tag")) {
            tags[tag_count] = calloc(1, sizeof(struct Tag));
            tags[tag_count++]->type_id = (uint32_t)number();
        } else if (IS("context")) make_context();
        else if (IS("word")) {
            uint8_t *at = place();
            *(uint64_t *)at = word();
        } else if (IS("half")) {
            uint8_t *at = place();
            *(uint32_t *)at = (uint32_t)number();
        } else if (IS("cell")) {
            uint8_t *at = place();
            bytes(at, next());
        } else if (IS("uses-memory")) {
            uint64_t instance = number(), index = number();
            instances[instance]->memories[index] = memories[number()];
        } else if (IS("uses-table")) {
            uint64_t instance = number(), index = number();
            instances[instance]->tables[index] = tables[number()];
        } else if (IS("uses-tag")) {
            uint64_t instance = number(), index = number();
            instances[instance]->tags[index] = tags[number()];
        } else if (IS("data")) fill_data();
        else if (IS("elements")) fill_elements();
        else if (IS("init-table")) failed = failed ? failed : init_table();
        else if (IS("init-memory")) failed = failed ? failed : init_memory();
        else if (IS("start")) failed = failed ? failed : call((struct FuncRecord *)word(), NULL);
        else if (IS("end")) {
            printf(failed ? "trap %x\n" : "ok\n", failed);
            failed = 0;
        } else if (IS("call")) call_function();
        else if (IS("get")) {
            uint8_t *cell = (uint8_t *)word();
            printf("values");
            print_slot(cell);
            putchar('\n');
        } else give_up("there is no command %s", command);
        // What was done is seen, whatever comes next.
        fflush(stdout);
    }
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 2) give_up("usage: host SCRIPT");
    host.magic = HOST_MAGIC;
    host.libcalls = (uint64_t)libcalls;
    host.tail_arguments = (uint64_t)tail_arguments;
    host.meter = (uint64_t)&meter;
    host.poll = (uint64_t)&poll;
    meter.gas = UINT64_MAX;
    stack = mmap(NULL, STACK_GUARD + STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack, STACK_GUARD, PROT_NONE)) give_up("no stack");
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack + STACK_GUARD, STACK_SIZE);
    if (pthread_create(&thread, &attributes, run, arguments[1])) give_up("no thread");
    pthread_join(thread, NULL);
    return 0;
}
