//! `abi.h`: what `host.c` must know, out of the ABI's one description.

use abi::layout::{
    DESCRIPTIONS, ELEMENT_SIZE, HOST_MAGIC, INSTANCE_MAGIC, MAX_TABLE_LENGTH, MEMORY_GUARD, MEMORY_RESERVATION,
    PAGE_SIZE,
};
use abi::libcall::{Libcall, NativeType, RUNTIME_SYMBOLS};
use abi::signature::{MAX_PARAMS, SLOT_SIZE};
use abi::trap::TrapCode;

/// Its text.
pub fn text() -> String {
    let mut lines = vec!["#include <stddef.h>".to_string(), "#include <stdint.h>".to_string()];
    let numbers = [
        ("PAGE_SIZE", PAGE_SIZE),
        ("ELEMENT_SIZE", ELEMENT_SIZE.into()),
        ("SLOT_SIZE", SLOT_SIZE.into()),
        ("MAX_PARAMS", MAX_PARAMS.into()),
        ("MAX_TABLE_LENGTH", MAX_TABLE_LENGTH),
        ("MEMORY_RESERVATION", MEMORY_RESERVATION),
        ("MEMORY_GUARD", MEMORY_GUARD),
        ("INSTANCE_MAGIC", INSTANCE_MAGIC),
        ("HOST_MAGIC", HOST_MAGIC),
    ];
    lines.extend(numbers.map(|(name, number)| format!("#define {name} {number:#x}ull")));
    lines.extend(TrapCode::ALL.iter().map(|trap| format!("#define TRAP_{trap:?} {:#x}u", trap.code())));
    for structure in DESCRIPTIONS {
        let fields = structure.fields.iter().map(|(name, field)| match field.size {
            4 => format!("uint32_t {name};"),
            8 => format!("uint64_t {name};"),
            size => panic!("{name} has {size} bytes"),
        });
        let name = structure.name;
        lines.push(format!("struct {name} {{ {} }};", fields.collect::<Vec<_>>().join(" ")));
        lines.push(format!("_Static_assert(sizeof(struct {name}) == {}, \"{name}\");", structure.size));
        lines.extend(structure.fields.iter().map(|(field, place)| {
            format!("_Static_assert(offsetof(struct {name}, {field}) == {}, \"{field}\");", place.offset)
        }));
    }
    let native = |ty: &NativeType| match ty {
        NativeType::I32 => "uint32_t",
        NativeType::I64 => "uint64_t",
        NativeType::Ptr => "void *",
    };
    for libcall in Libcall::ALL {
        let signature = libcall.signature();
        let params: String = signature.params.iter().map(|ty| format!(", {}", native(ty))).collect();
        let result = signature.result.as_ref().map_or("void", native);
        lines.push(format!("{result} libcall_{}(struct Header *{params});", signature.name));
    }
    let list = |names: Vec<&str>| names.iter().map(|name| format!(" X({name})")).collect::<String>();
    lines.push(format!(
        "#define LIBCALLS(X){}",
        list(Libcall::ALL.iter().map(|libcall| libcall.signature().name).collect())
    ));
    lines.push(format!("#define RUNTIME_SYMBOLS(X){}", list(RUNTIME_SYMBOLS.to_vec())));
    lines.join("\n") + "\n"
}
