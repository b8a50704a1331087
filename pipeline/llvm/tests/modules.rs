//! Modules from building to object code, in memory and through text.

use llvm::*;

fn machine(triple: &str) -> TargetMachine {
    let spec = TargetSpec { triple: triple.into(), cpu: String::new(), features: String::new() };
    TargetMachine::new(&spec, CodeGenLevel::Default).unwrap()
}

fn linux() -> TargetMachine {
    machine("x86_64-unknown-linux-gnu")
}

/// `sum(ptr, n)`: adds up `n` (at least 1) i32s, in a loop with a phi for each variable.
fn build_sum<'c>(context: &'c Context, machine: &TargetMachine) -> Module<'c> {
    let module = context.module("sum");
    module.set_target(machine);
    module.add_flag(FlagBehavior::Override, "PIC Level", 2);
    let (i32_type, i64_type) = (context.i32(), context.i64());
    let ty = context.function(i32_type, &[context.ptr(), i64_type], false);
    let sum = module.add_function("sum", ty);
    sum.set_call_conv(CallConv::Fast);
    sum.set_visibility(Visibility::Hidden);
    sum.add_attribute(Position::Function, context.enum_attribute("nounwind"));
    sum.add_attribute(Position::Function, context.string_attribute("target-cpu", "generic"));
    sum.add_attribute(Position::Param(0), context.int_attribute("dereferenceable", 4));

    let entry = sum.append_block("entry");
    let body = sum.append_block("");
    let exit = sum.append_block("");
    let b = context.builder();
    b.position_at_end(entry);
    b.br(body);
    b.position_at_end(body);
    let index = b.phi(i64_type);
    let total = b.phi(i32_type);
    let offset = b.shl(*index, context.const_i64(2));
    let address = b.ptr_add(sum.param(0), offset);
    let element = b.load(i32_type, address);
    element.set_alignment(1);
    element.set_metadata(context.kinds().invariant_load, context.md_node(&[]));
    let domain = context.alias_domain("wasm");
    let memory = context.alias_scope("memory", domain);
    element.set_metadata(context.kinds().alias_scope, context.md_node(&[memory]));
    let next_total = b.add(*total, element);
    let next_index = b.add(*index, context.const_i64(1));
    let more = b.icmp(IntPredicate::Ult, next_index, sum.param(1));
    b.cond_br(more, body, exit).set_metadata(context.kinds().prof, context.branch_weights(&[2000, 1]));
    for (phi, start, next) in [(index, i64_type.null(), next_index), (total, i32_type.null(), next_total)] {
        phi.add_incoming(start, entry);
        phi.add_incoming(next, body);
    }
    b.position_at_end(exit);
    b.ret(next_total);
    module
}

#[test]
fn text_and_memory_give_the_same_object() {
    let machine = linux();
    let context = Context::new();
    let mut module = build_sum(&context, &machine);
    module.verify().unwrap();
    let lowered = module.print();

    let options = PassOptions::default();
    module.run_passes("default<O2>", &machine, options).unwrap();
    let optimized = module.print();
    let object = machine.emit_object(&module).unwrap();
    assert_eq!(&object[..4], b"\x7fELF");

    let other = Context::new();
    let mut from_lowered = Module::parse(&other, "sum", &lowered).unwrap();
    assert_eq!(from_lowered.print(), lowered);
    from_lowered.run_passes("default<O2>", &machine, options).unwrap();
    assert_eq!(from_lowered.print(), optimized);
    assert!(machine.emit_object(&from_lowered).unwrap() == object);

    let from_optimized = Module::parse(&other, "sum", &optimized).unwrap();
    assert!(machine.emit_object(&from_optimized).unwrap() == object);
}

#[test]
fn what_was_built_is_what_is_printed() {
    let machine = linux();
    let context = Context::new();
    let text = build_sum(&context, &machine).print();
    for expected in [
        "target triple = \"x86_64-unknown-linux-gnu\"",
        // Hidden implies `dso_local`, which the text therefore leaves out.
        "define hidden fastcc i32 @sum(ptr dereferenceable(4) %0, i64 %1) #0 {",
        "load i32, ptr %6, align 1, !invariant.load !1, !alias.scope !2",
        "!prof !5",
        "attributes #0 = { nounwind \"target-cpu\"=\"generic\" }",
        "!0 = !{i32 4, !\"PIC Level\", i32 2}",
        "!3 = !{!\"memory\", !4}",
        "!5 = !{!\"branch_weights\", i32 2000, i32 1}",
    ] {
        assert!(text.contains(expected), "no {expected} in\n{text}");
    }
}

#[test]
fn aarch64_is_there_too() {
    let machine = machine("aarch64-unknown-linux-gnu");
    let context = Context::new();
    let assembly = machine.emit_assembly(&build_sum(&context, &machine)).unwrap();
    assert!(assembly.contains("ldr\tw"), "{assembly}");
}

#[test]
fn float_constants_keep_every_bit() {
    let context = Context::new();
    for bits in [0x7fa0_0000_u32, 0xff80_0001, 0x7fc0_1234, 0x8000_0000] {
        let constant = context.const_f32_bits(bits);
        assert_eq!(constant.as_const_float_bits(), Some(bits.into()));
    }
    for bits in [0x7ff4_0000_0000_0000_u64, 0xfff0_0000_0000_0001, 1 << 63] {
        let constant = context.const_f64_bits(bits);
        assert_eq!(constant.as_const_float_bits(), Some(bits));
    }

    // Signalling NaNs also survive the text, on the way to the object.
    let module = context.module("nan");
    let single = module.add_global("single", context.f32());
    single.set_initializer(context.const_f32_bits(0x7fa0_0000));
    let double = module.add_global("double", context.f64());
    double.set_initializer(context.const_f64_bits(0xfff0_0000_0000_0001));
    let other = Context::new();
    let parsed = Module::parse(&other, "nan", &module.print()).unwrap();
    let bits = |name| {
        let initializer = parsed.global(name).unwrap().initializer().unwrap();
        initializer.as_const_float_bits().unwrap()
    };
    assert_eq!(bits("single"), 0x7fa0_0000);
    assert_eq!(bits("double"), 0xfff0_0000_0000_0001);
}

#[test]
fn integer_constants_are_cut_to_their_width() {
    let context = Context::new();
    assert_eq!(context.i8().const_int(0x1ff).as_const_int(), Some(0xff));
    assert_eq!(context.const_i32(-1).as_const_int(), Some(0xffff_ffff));
    assert_eq!(context.const_i128(u128::MAX - 1).to_string(), "i128 -2");
}

#[test]
fn calls_carry_convention_attributes_and_tail_kind() {
    let machine = linux();
    let context = Context::new();
    let module = context.module("calls");
    module.set_target(&machine);
    let ty = context.function(context.i32(), &[context.f32()], false);
    let callee = module.add_function("callee", ty);
    callee.set_call_conv(CallConv::Tail);
    let caller = module.add_function("caller", ty);
    caller.set_call_conv(CallConv::Tail);
    let b = context.builder();
    b.position_at_end(caller.append_block(""));
    let sat = b.intrinsic("llvm.fptosi.sat", &[context.i32(), context.f32()], &[caller.param(0)]);
    let pair = context.structure(&[context.i32(), context.f32()], false);
    let pair = b.insert_value(pair.poison(), *sat, 0);
    let arg = b.sitofp(b.extract_value(pair, 0), context.f32());
    let call = b.call_function(callee, &[arg]);
    call.set_tail_call(TailCall::MustTail);
    call.add_attribute(Position::Return, context.enum_attribute("noundef"));
    b.ret(*call);
    module.verify().unwrap();
    assert_eq!(call.callee().as_function(), Some(callee));
    assert_eq!(arg.instruction_opcode(), Some(Opcode::SIToFP));
    assert!(call.to_string().contains("musttail call tailcc noundef i32 @callee(float"));
    machine.emit_object(&module).unwrap();
}

#[test]
fn memory_effects_are_encoded_as_llvm_has_them() {
    let context = Context::new();
    let module = context.module("memory");
    let ty = context.function(context.void(), &[context.ptr()], false);
    for (name, arguments, inaccessible, other, expected) in [
        ("a", Access::None, Access::None, Access::None, "memory(none)"),
        ("b", Access::Read, Access::Read, Access::Read, "memory(read)"),
        ("c", Access::Write, Access::None, Access::None, "memory(argmem: write)"),
        ("d", Access::Read, Access::ReadWrite, Access::None, "memory(argmem: read, inaccessiblemem: readwrite)"),
    ] {
        let effects = MemoryEffects { arguments, inaccessible, other };
        module.add_function(name, ty).add_attribute(Position::Function, context.memory_attribute(effects));
        let text = module.print();
        assert!(text.contains(&format!("{{ {expected} }}")), "{text}");
    }
}

#[test]
fn vectors_and_atomics_verify() {
    let machine = linux();
    let context = Context::new();
    let module = context.module("lanes");
    module.set_target(&machine);
    let v4 = context.vector(context.i32(), 4);
    let ty = context.function(v4, &[v4, context.i32(), context.ptr()], false);
    let function = module.add_function("lanes", ty);
    let [vector, scalar, address] = [0, 1, 2].map(|index| function.param(index));
    let b = context.builder();
    b.position_at_end(function.append_block(""));
    let old = b.atomicrmw(AtomicRmwOp::Add, address, scalar, AtomicOrdering::SeqCst);
    let seq_cst = AtomicOrdering::SeqCst;
    let swapped = b.cmpxchg(address, old, scalar, seq_cst, seq_cst);
    b.fence(seq_cst);
    let loaded = b.load(context.i32(), address);
    loaded.set_atomic_ordering(seq_cst);
    loaded.set_volatile(true);
    let sum = b.add(b.extract_value(swapped, 0), loaded);
    let mixed = b.shuffle_vector(vector, b.splat(sum, 4), &[0, 4, 1, 5]);
    b.ret(b.insert_element(mixed, scalar, context.const_i32(3)));
    module.verify().unwrap();
    let text = module.print();
    assert!(text.contains("load atomic volatile i32, ptr %2 seq_cst, align 4"), "{text}");
    machine.emit_object(&module).unwrap();
}

#[test]
fn distinct_nodes_refer_to_themselves() {
    let context = Context::new();
    let name = context.md_string("scope");
    let (first, second) = (context.md_distinct(&[name]), context.md_distinct(&[name]));
    assert_ne!(first, second);
    let module = context.module("distinct");
    module.add_metadata_flag(FlagBehavior::Warning, "first", first);
    assert!(module.print().contains("!1 = distinct !{!1, !\"scope\"}"));
}

#[test]
fn an_owned_module_moves_to_another_thread() {
    let mut owned = OwnedModule::new(|context| -> Result<_, Error> { Ok(build_sum(context, &linux())) }).unwrap();
    std::thread::spawn(move || {
        owned.with_mut(|module| module.run_passes("instcombine", &linux(), PassOptions::default())).unwrap();
        assert!(owned.with(|module| module.function("sum").is_some()));
    })
    .join()
    .unwrap();
}

/// A function with a switch of `cases` cases to one block, where a phi of as many values stands.
fn build_join<'c>(context: &'c Context, machine: &TargetMachine, cases: u64) -> Module<'c> {
    let module = context.module("join");
    module.set_target(machine);
    let i64_type = context.i64();
    let join = module.add_function("join", context.function(i64_type, &[i64_type], false));
    let [entry, default, end] = ["entry", "default", "end"].map(|name| join.append_block(name));
    let b = context.builder();
    b.position_at_end(entry);
    let switch = b.switch(join.param(0), default, 0);
    b.position_at_end(end);
    let phi = b.phi(i64_type);
    b.ret(*phi);
    for case in 0..cases {
        let block = join.append_block("");
        switch.add_case(context.const_i64(case as i64), block);
        b.position_at_end(block);
        b.br(end);
        phi.add_incoming(join.param(0), block);
    }
    b.position_at_end(default);
    b.unreachable();
    module
}

#[test]
fn a_settled_module_is_like_one_read_from_its_text() {
    /// Adds an edge, as a pass may.
    fn grow(module: &Module<'_>) -> String {
        let join = module.function("join").unwrap();
        let phi = join.blocks().find_map(|block| block.first_instruction()?.as_phi()).unwrap();
        phi.add_incoming(join.param(0), join.entry().unwrap());
        module.print()
    }
    let machine = linux();
    let mut differed = false;
    for cases in 1..20 {
        let (context, other, third) = (Context::new(), Context::new(), Context::new());
        let mut settled = build_join(&context, &machine, cases);
        let spare = build_join(&other, &machine, cases);
        settled.settle();
        settled.verify().unwrap();
        let text = settled.print();
        let read = Module::parse(&third, "join", &text).unwrap();
        assert_eq!(text, read.print());
        let grown = grow(&read);
        assert_eq!(grown, grow(&settled), "{cases} cases");
        // Without it, growing shows whether there was room.
        let read = Module::parse(&third, "join", &spare.print()).unwrap();
        differed |= grow(&read) != grow(&spare);
    }
    assert!(differed, "LLVM leaves no spare room any more: settling is not needed");
}

#[test]
fn what_a_function_promises_can_be_read() {
    let text = r#"
        target datalayout = "e-i64:64-n8:16:32:64-S128"
        target triple = "x86_64-unknown-linux-gnu"
        source_filename = "one"
        declare i32 @personality(...)
        define void @plain(ptr nonnull %0) "frame-pointer"="all" "no-builtins" uwtable(sync) personality ptr @personality {
          ret void
        }"#;
    let context = Context::new();
    let module = Module::parse(&context, "text", text).unwrap();
    let plain = module.function("plain").unwrap();
    let mut keys: Vec<_> =
        plain.attributes(Position::Function).iter().filter_map(|attribute| attribute.string_key()).collect();
    keys.sort();
    assert_eq!(keys, ["frame-pointer", "no-builtins"]);
    assert_eq!(plain.attributes(Position::Function).len(), 3);
    assert_eq!(plain.attributes(Position::Param(0)), [context.enum_attribute("nonnull")]);
    assert_eq!(plain.find_attribute(Position::Function, "uwtable"), Some(context.int_attribute("uwtable", 1)));
    assert_eq!(plain.find_attribute(Position::Function, "nounwind"), None);
    assert_eq!(plain.personality(), module.function("personality"));
    assert_eq!(module.function("personality").unwrap().personality(), None);

    let other = context.module("other");
    other.set_target_like(&module);
    assert_eq!((other.triple(), other.data_layout()), (module.triple(), module.data_layout()));
    assert!(other.print().contains(r#"source_filename = "one""#));
}
