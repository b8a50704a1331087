//! Native code written by hand, as the compiler would write it: the runtime is tested without a compiler.
//!
//! All functions take five `i64` and give one, or are of type `() -> ()`; parameters are in rsi, rdx, rcx, r8, r9 and the result
//! is in rax, so that libcalls find their arguments where they are. A module names in its text the functions that it has.

use abi::container::{Native, Parts};
use abi::layout::{FuncRecord, Header, MemorySlot, TableDefinition};
use abi::libcall::Libcall;
use abi::module::Module as Declarations;
use abi::types::{DefinedFuncIdx, FuncIdx, FuncType, GlobalIdx, MemoryIdx, TableIdx};
use std::arch::global_asm;
use std::sync::Arc;
use vm::{Code, Extern, Func, Instance, Memory, Module, Store, Table, Trap, Value};

/// The shape that the code below expects of contexts: one memory, one own table, one own global, one imported function.
const MEMORY: u32 = Header::SIZE;
const TABLE: u32 = MEMORY + MemorySlot::SIZE;
const GLOBAL: u32 = (TABLE + TableDefinition::SIZE).next_multiple_of(16);
const IMPORT: u32 = GLOBAL + 16;

global_asm!(
    ".p2align 4",
    "vm_test_start:",
    // Wrappers of the type with five parameters.
    "vm_test_entry_five:",
    "push rbp; mov rbp, rsp; push rbx; sub rsp, 8",
    "mov rbx, rdx; mov rax, rsi",
    "mov rsi, [rbx]; mov rdx, [rbx + 16]; mov rcx, [rbx + 32]; mov r8, [rbx + 48]; mov r9, [rbx + 64]",
    "call rax",
    "mov [rbx], rax",
    "add rsp, 8; pop rbx; pop rbp; ret",
    "vm_test_host_five:",
    "push rbp; mov rbp, rsp; sub rsp, 80",
    "mov [rsp], rsi; mov [rsp + 16], rdx; mov [rsp + 32], rcx; mov [rsp + 48], r8; mov [rsp + 64], r9",
    "mov rsi, rsp; mov rax, [rdi + {libcalls}]; call [rax + {host_call}]",
    "mov rax, [rsp]",
    "mov rsp, rbp; pop rbp; ret",
    // Wrappers of the type without parameters.
    "vm_test_entry_unit:",
    "push rbp; mov rbp, rsp",
    "call rsi",
    "pop rbp; ret",
    "vm_test_host_unit:",
    "push rbp; mov rbp, rsp",
    "mov rsi, rsp; mov rax, [rdi + {libcalls}]; call [rax + {host_call}]",
    "pop rbp; ret",
    // add(a, b): their sum.
    "vm_test_add:",
    "push rbp; mov rbp, rsp",
    "lea rax, [rsi + rdx]",
    "pop rbp; ret",
    // load(address)
    "vm_test_load:",
    "push rbp; mov rbp, rsp",
    "mov rax, [rdi + {memory}]; mov rax, [rax + rsi]",
    "pop rbp; ret",
    // clobber(address): loads with all registers and the direction flag in disorder.
    "vm_test_clobber:",
    "push rbp; mov rbp, rsp; push rbx; push r12; push r13; push r14; push r15; sub rsp, 8",
    "mov rax, [rdi + {memory}]",
    "xor ebx, ebx; xor r12d, r12d; xor r13d, r13d; xor r14d, r14d; xor r15d, r15d; std",
    "mov rax, [rax + rsi]",
    "cld; add rsp, 8; pop r15; pop r14; pop r13; pop r12; pop rbx; pop rbp; ret",
    // wild(address): loads from an address of the host.
    "vm_test_wild:",
    "push rbp; mov rbp, rsp",
    "mov rax, [rsi]",
    "pop rbp; ret",
    // call_load(address): calls load.
    "vm_test_call_load:",
    "push rbp; mov rbp, rsp",
    "call vm_test_load",
    "pop rbp; ret",
    // copy(to, from, length, memcpy): calls a runtime symbol.
    "vm_test_copy:",
    "push rbp; mov rbp, rsp",
    "mov rax, [rdi + {memory}]; lea rdi, [rax + rsi]; lea rsi, [rax + rdx]; mov rdx, rcx",
    "call r8",
    "xor eax, eax; pop rbp; ret",
    // recurse(): without end, with an array on the stack.
    "vm_test_recurse:",
    "push rbp; mov rbp, rsp; sub rsp, 32",
    "call vm_test_recurse",
    "mov rsp, rbp; pop rbp; ret",
    // depth(n): recursion n deep, gives n.
    "vm_test_depth:",
    "push rbp; mov rbp, rsp",
    "xor eax, eax; test rsi, rsi; jz 2f",
    "dec rsi; call vm_test_depth; inc rax",
    "2: pop rbp; ret",
    // call_import(...): calls the imported function with the same arguments, and adds 1.
    "vm_test_call_import:",
    "push rbp; mov rbp, rsp",
    "mov rax, [rdi + {import} + {code}]; mov rdi, [rdi + {import} + {context}]; call rax",
    "inc rax; pop rbp; ret",
    // call_table(index, ...): calls an element with index as its first argument.
    "vm_test_call_table:",
    "push rbp; mov rbp, rsp",
    "mov rax, [rdi + {table}]; mov rax, [rax + 8*rsi]; mov rdi, [rax + {context}]; call [rax + {code}]",
    "pop rbp; ret",
    // next_global(): adds 1 to the global and gives it.
    "vm_test_next_global:",
    "push rbp; mov rbp, rsp",
    "mov rax, [rdi + {global}]; inc rax; mov [rdi + {global}], rax",
    "pop rbp; ret",
    // touch(): adds 1 to byte 0 of the memory.
    "vm_test_touch:",
    "push rbp; mov rbp, rsp",
    "mov rax, [rdi + {memory}]; inc byte ptr [rax]",
    "pop rbp; ret",
    // fail(): the trap of `unreachable`, from a function without parameters.
    "vm_test_fail:",
    "push rbp; mov rbp, rsp",
    "mov esi, 0x40A; mov rax, [rdi + {libcalls}]; call [rax + {trap}]",
    "pop rbp; ret",
    libcalls = const Header::FIELDS.libcalls.offset,
    host_call = const Libcall::HostCall.offset(),
    trap = const Libcall::Trap.offset(),
    memory = const MEMORY,
    global = const GLOBAL,
    table = const TABLE,
    import = const IMPORT,
    code = const FuncRecord::FIELDS.code.offset,
    context = const FuncRecord::FIELDS.context.offset,
);

/// The functions that pass their arguments on to a libcall, and the end of the image.
macro_rules! libcalls {
    ($($name:ident = $libcall:ident),*) => {
        global_asm!(
            $(
                concat!("vm_test_", stringify!($name), ":"),
                "push rbp; mov rbp, rsp",
                concat!("mov rax, [rdi + {libcalls}]; call [rax + {", stringify!($name), "}]"),
                "pop rbp; ret",
            )*
            "vm_test_end:",
            libcalls = const Header::FIELDS.libcalls.offset,
            $($name = const Libcall::$libcall.offset(),)*
        );
    };
}

libcalls! {
    trap = Trap,
    memory_grow = MemoryGrow,
    memory_copy = MemoryCopy,
    memory_fill = MemoryFill,
    memory_init = MemoryInit,
    data_drop = DataDrop,
    table_grow = TableGrow,
    table_copy = TableCopy,
    table_fill = TableFill,
    table_init = TableInit,
    elem_drop = ElemDrop
}

macro_rules! labels {
    ($($name:ident $symbol:ident;)*) => {
        unsafe extern "C" {
            $(fn $symbol();)*
        }

        /// The address of a label.
        fn label(name: &str) -> usize {
            match name {
                $(stringify!($name) => $symbol as *const () as usize,)*
                _ => panic!("no native function {name}"),
            }
        }
    };
}

labels! {
    start vm_test_start;
    end vm_test_end;
    entry_five vm_test_entry_five;
    host_five vm_test_host_five;
    entry_unit vm_test_entry_unit;
    host_unit vm_test_host_unit;
    add vm_test_add;
    load vm_test_load;
    clobber vm_test_clobber;
    wild vm_test_wild;
    call_load vm_test_call_load;
    copy vm_test_copy;
    recurse vm_test_recurse;
    depth vm_test_depth;
    call_import vm_test_call_import;
    call_table vm_test_call_table;
    next_global vm_test_next_global;
    touch vm_test_touch;
    fail vm_test_fail;
    trap vm_test_trap;
    memory_grow vm_test_memory_grow;
    memory_copy vm_test_memory_copy;
    memory_fill vm_test_memory_fill;
    memory_init vm_test_memory_init;
    data_drop vm_test_data_drop;
    table_grow vm_test_table_grow;
    table_copy vm_test_table_copy;
    table_fill vm_test_table_fill;
    table_init vm_test_table_init;
    elem_drop vm_test_elem_drop;
}

/// What most modules begin with.
const PRELUDE: &str = r#"
    (type $five (func (param i64 i64 i64 i64 i64) (result i64)))
    (type $unit (func))
    (import "host" "call" (func $import (type $five)))
    (memory $memory (export "memory") 1 3)
    (table $table (export "table") 4 10 funcref)
    (global $global (export "global") (mut i64) (i64.const 7))
"#;

/// A module of the usual shape with the named functions, all exported, and some more fields.
pub fn module(functions: &[&str], fields: &str) -> Arc<Module> {
    let functions = functions.iter().map(|name| {
        let (ty, body) = if matches!(*name, "touch" | "fail") { ("unit", "") } else { ("five", "i64.const 0") };
        format!("(func ${name} (export \"{name}\") (type ${ty}) {body})\n")
    });
    module_of(&format!("(module $test {PRELUDE} {} {fields})", functions.collect::<String>()))
}

/// A module in text form. Its functions' names are those of native functions.
pub fn module_of(text: &str) -> Arc<Module> {
    let bytes = wat::parse_str(text).expect("well-formed text");
    let declarations = Declarations::decode(&bytes).expect("a module");
    let names = declarations.function_names(&bytes);
    let base = label("start");
    let offset = |name: &str| (label(name) - base) as u32;
    let function = |body: u32| offset(&names[&declarations.function(DefinedFuncIdx(body))]);
    let suffix = |ty: &FuncType| if ty.params.is_empty() { "unit" } else { "five" };
    let wrapper = |kind: &str, ty: &FuncType| offset(&format!("{kind}_{}", suffix(ty)));
    let native = Native {
        parts: Parts { text: 0..offset("end"), ..Parts::default() },
        functions: (0..declarations.bodies.len() as u32).map(function).collect(),
        entries: declarations.types.iter().map(|ty| wrapper("entry", ty)).collect(),
        hosts: declarations.types.iter().map(|ty| wrapper("host", ty)).collect(),
        ..Native::default()
    };
    // SAFETY: the image is part of the test program, and `native` gives the places of its labels. Its functions use those
    // parts of contexts only whose places are checked below, or which the modules of the tests have.
    let code = unsafe { Code::new(Box::new(()), std::ptr::with_exposed_provenance(base), None, native) };
    Arc::new(Module::new(declarations, Arc::new(bytes), code, Some("test".to_string())))
}

/// An instance of a module of the usual shape, whose import is a given function.
pub fn instance_with(store: &mut Store, module: &Arc<Module>, import: Func) -> Instance {
    use abi::layout::Place;
    let layout = module.layout();
    assert_eq!(layout.memory(MemoryIdx(0)), MEMORY);
    assert_eq!(layout.global(GlobalIdx(0)), Place::Inline(GLOBAL));
    assert_eq!(layout.table(TableIdx(0)), Place::Inline(TABLE));
    assert_eq!(layout.record(FuncIdx(0)), Some(IMPORT));
    store.instantiate(module, &[Extern::Func(import)]).expect("an instance")
}

/// An instance whose import gives the sum of its first two arguments.
pub fn instance(store: &mut Store, module: &Arc<Module>) -> Instance {
    let sum = host(store, |_, arguments| Ok(arguments[0] + arguments[1]));
    instance_with(store, module, sum)
}

/// The type of most functions.
pub fn five() -> FuncType {
    use abi::types::ValType::I64;
    FuncType::new([I64; 5], [I64])
}

/// A host function of the usual type.
pub fn host(
    store: &mut Store,
    function: impl Fn(&mut vm::Caller<'_>, [i64; 5]) -> Result<i64, vm::HostError> + Send + Sync + 'static,
) -> Func {
    let function: vm::HostFn = Box::new(move |caller, slots| {
        let arguments = std::array::from_fn(|i| slots[i].i64());
        slots[0].set_i64(function(caller, arguments)?);
        Ok(())
    });
    store.host_func(five(), "test".to_string(), function)
}

/// An exported function.
pub fn func(store: &Store, instance: Instance, name: &str) -> Func {
    match store.export(instance, name) {
        Some(Extern::Func(func)) => func,
        other => panic!("{name} is {other:?}"),
    }
}

/// The exported memory.
pub fn memory(store: &Store, instance: Instance) -> Memory {
    match store.export(instance, "memory") {
        Some(Extern::Memory(memory)) => memory,
        other => panic!("memory is {other:?}"),
    }
}

/// The exported table.
pub fn table(store: &Store, instance: Instance) -> Table {
    match store.export(instance, "table") {
        Some(Extern::Table(table)) => table,
        other => panic!("table is {other:?}"),
    }
}

/// Calls a function of the usual type; missing arguments are zero.
pub fn call_func(store: &mut Store, func: Func, arguments: &[i64]) -> Result<i64, Trap> {
    let value = |i| Value::I64(arguments.get(i).copied().unwrap_or_default());
    let results = store.call(func, &[0, 1, 2, 3, 4].map(value))?;
    match results[..] {
        [Value::I64(result)] => Ok(result),
        _ => panic!("results are {results:?}"),
    }
}

/// Calls an exported function of the usual type.
pub fn call(store: &mut Store, instance: Instance, name: &str, arguments: &[i64]) -> Result<i64, Trap> {
    let func = func(store, instance, name);
    call_func(store, func, arguments)
}
