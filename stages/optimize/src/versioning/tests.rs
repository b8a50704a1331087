//! Loops in, and whether they have a copy then.

use super::{undo_scalar, version_loops};
use llvm::{Context, Module, Opcode};

/// A function with one loop, or what is behind it. `%a`, `%n` and `%s` are numbers, `%base` is where a memory begins, `%i` counts.
fn function(body: &str) -> String {
    format!(
        r#"define i32 @f(ptr %vmctx, i32 %a, i32 %n, i32 %s, i64 %w) {{
             %slot = getelementptr i8, ptr %vmctx, i64 48
             %base = load ptr, ptr %slot, !invariant.load !0
             br label %loop
           {body}
           }}
           declare i32 @elsewhere()
           declare i32 @llvm.smax.i32(i32, i32) memory(none)
           !0 = !{{}}
           !1 = !{{!"wasm"}}
           !2 = !{{!3}}
           !3 = !{{!"memory", !1}}
           !4 = !{{!5}}
           !5 = !{{!"shared memory", !1}}"#
    )
}

/// A loop of one block: what it does for each `%i` besides loading the `i32` at `%a + 4 * %i`, and how it counts.
fn counting(does: &str, counts: &str) -> String {
    function(&format!(
        "loop:
           %i = phi i32 [ 0, %0 ], [ %next, %loop ]
           %scaled = shl i32 %i, 2
           %index = add i32 %a, %scaled
           %wide = zext i32 %index to i64
           %address = getelementptr inbounds nuw i8, ptr %base, i64 %wide
           %loaded = load volatile i32, ptr %address, align 1, !alias.scope !2
           {does}
           {counts}
           br i1 %more, label %loop, label %end
         end:
           ret i32 0"
    ))
}

/// Up to `%n`.
const UP: &str = "%next = add i32 %i, 1
                  %more = icmp ne i32 %next, %n";

/// The module once loops have their copies, and how many do.
fn versioned<'c>(context: &'c Context, text: &str) -> (Module<'c>, usize) {
    let module = Module::parse(context, "test", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let count = module.functions().map(|function| version_loops(context, function)).sum();
    module.verify().unwrap_or_else(|error| panic!("{error}\n{}", module.print()));
    (module, count)
}

/// How many loads and stores are volatile, and how many of memory are not.
fn accesses(module: &Module<'_>) -> (usize, usize) {
    let context = module.context();
    let instructions = module.functions().flat_map(|function| function.blocks()).flat_map(|block| block.instructions());
    let memory = instructions.filter(|one| {
        let access = matches!(one.instruction_opcode(), Some(Opcode::Load | Opcode::Store));
        access && one.has_metadata(context.kinds().alias_scope) && one.ty() != context.i64()
    });
    let (volatile, plain): (Vec<_>, Vec<_>) = memory.partition(|one| one.is_volatile());
    (volatile.len(), plain.len())
}

#[test]
fn loops_with_known_addresses_and_an_end_have_a_copy() {
    let steps = |step: i32, predicate: &str, limit: &str| {
        format!("%next = add i32 %i, {step}\n %more = icmp {predicate} i32 %next, {limit}")
    };
    let cases = [
        ("up to a limit", "", UP.to_string()),
        ("by twos", "", steps(2, "ne", "%n")),
        ("down", "", steps(-1, "ne", "%n")),
        ("down by threes", "", steps(-3, "sgt", "%n")),
        ("less, unsigned", "", steps(1, "ult", "%n")),
        ("less or equal, signed", "", steps(4, "sle", "%n")),
        ("to a number", "", steps(1, "ne", "1000")),
        ("the limit first", "", "%next = add i32 %i, 1\n %more = icmp ugt i32 %n, %next".to_string()),
        ("with a pure call", "%most = call i32 @llvm.smax.i32(i32 %loaded, i32 %n)", UP.to_string()),
        ("with a store", "store volatile i32 %i, ptr %address, align 1, !alias.scope !2", UP.to_string()),
    ];
    for (name, does, counts) in cases {
        assert_eq!(versioned(&Context::new(), &counting(does, &counts)).1, 1, "{name}");
    }
}

#[test]
fn other_loops_are_left_alone() {
    let access = |index: &str| {
        format!(
            "{index}
             %wide2 = zext i32 %index2 to i64
             %address2 = getelementptr inbounds nuw i8, ptr %base, i64 %wide2
             %loaded2 = load volatile i32, ptr %address2, align 1, !alias.scope !2"
        )
    };
    let up = UP.to_string();
    let cases = [
        ("a call", "%called = call i32 @elsewhere()".to_string(), up.clone()),
        ("an address out of memory", access("%index2 = add i32 %loaded, 4"), up.clone()),
        ("a product of counters", access("%index2 = mul i32 %i, %i"), up.clone()),
        ("too large a step", access("%index2 = mul i32 %i, 2000000"), up.clone()),
        ("another volatile access", "store volatile i32 0, ptr %vmctx".to_string(), up.clone()),
        ("an access to who knows what", "store i32 0, ptr %vmctx".to_string(), up.clone()),
        ("shared memory", "%other = load volatile i32, ptr %address, align 1, !alias.scope !4".to_string(), up.clone()),
        (
            "an atomic access",
            "%other = load atomic i32, ptr %address seq_cst, align 4, !alias.scope !2".to_string(),
            up.clone(),
        ),
        ("a fence", "fence seq_cst".to_string(), up.clone()),
        (
            "another pointer",
            "%p = getelementptr i8, ptr %vmctx, i64 4\n %x = load i32, ptr %p, !alias.scope !2".to_string(),
            up,
        ),
        ("no end", String::new(), "%next = add i32 %i, 1\n %more = icmp ne i32 %loaded, 0".to_string()),
        ("an end that moves", String::new(), "%next = add i32 %i, 1\n %more = icmp ne i32 %next, %loaded".to_string()),
        ("the wrong way", String::new(), "%next = add i32 %i, -1\n %more = icmp ult i32 %next, %n".to_string()),
        ("no step", String::new(), "%next = add i32 %i, 0\n %more = icmp ne i32 %next, %n".to_string()),
        (
            "a test of a test",
            String::new(),
            "%next = add i32 %i, 1\n %d = icmp eq i32 %next, %n\n %more = icmp eq i1 %d, 0".to_string(),
        ),
        ("floats", String::new(), "%next = add i32 %i, 1\n %more = fcmp olt float 1.0, 2.0".to_string()),
    ];
    for (name, does, counts) in cases {
        assert_eq!(versioned(&Context::new(), &counting(&does, &counts)).1, 0, "{name}");
    }
}

#[test]
fn exempt_functions_are_left_alone() {
    let text = counting("", UP).replacen("i64 %w) {", "i64 %w) noinline optnone {", 1);
    assert_eq!(versioned(&Context::new(), &text).1, 0);
}

#[test]
fn a_value_used_behind_the_loop_wants_a_phi() {
    let text = counting("", UP).replace("ret i32 0", "ret i32 %loaded");
    assert_eq!(versioned(&Context::new(), &text).1, 0);
    let text = counting("", UP).replace("ret i32 0", "%last = phi i32 [ %loaded, %loop ]\n ret i32 %last");
    assert_eq!(versioned(&Context::new(), &text).1, 1);
}

#[test]
fn only_the_copy_is_free() {
    let context = Context::new();
    let (module, _) =
        versioned(&context, &counting("store volatile i32 %i, ptr %address, align 1, !alias.scope !2", UP));
    assert_eq!(accesses(&module), (2, 2), "{}", module.print());
}

#[test]
fn a_step_may_be_any_value() {
    let context = Context::new();
    let text = function(
        "loop:
           %at = phi i32 [ %a, %0 ], [ %then, %loop ]
           %i = phi i32 [ 0, %0 ], [ %next, %loop ]
           %wide = zext i32 %at to i64
           %address = getelementptr inbounds nuw i8, ptr %base, i64 %wide
           store volatile i32 %i, ptr %address, align 1, !alias.scope !2
           %then = add i32 %at, %s
           %next = add i32 %i, 1
           %more = icmp slt i32 %next, %n
           br i1 %more, label %loop, label %end
         end:
           ret i32 0",
    );
    assert_eq!(versioned(&context, &text).1, 1);
}

/// What LLVM makes of `zext(trunc(x))` where it knows that the lowest bit is zero.
#[test]
fn masks_stand_for_32_bits() {
    let wide = |mask: u64, step: u64| {
        function(&format!(
            "loop:
               %i = phi i64 [ %w, %0 ], [ %next, %loop ]
               %half = and i64 %i, {mask}
               %address = getelementptr inbounds nuw i8, ptr %base, i64 %half
               store volatile i16 0, ptr %address, align 1, !alias.scope !2
               %next = add i64 %i, {step}
               %low = and i64 %next, {mask}
               %more = icmp ne i64 %low, 0
               br i1 %more, label %loop, label %end
             end:
               ret i32 0"
        ))
    };
    let count = |mask, step| versioned(&Context::new(), &wide(mask, step)).1;
    assert_eq!(count(0xffff_fffe, 2), 1);
    assert_eq!(count(0xffff_fffe, 1), 0, "the lowest bit changes");
    assert_eq!(count(0xffff_fff5, 16), 0, "not the lowest bits");
    assert_eq!(count(0xff_ffff, 2), 0, "not 32 bits");
}

/// Four times the same, as producers unroll: the copy does it once.
fn unrolled(third_offset: u64, third_number: u64, behind: &str) -> String {
    let turns = [(0, 1), (4, 1), (third_offset, third_number), (12, 1)].into_iter().enumerate().map(
        |(turn, (offset, number))| {
            format!(
                "%p{turn} = getelementptr inbounds nuw i8, ptr %address, i64 {offset}
             %l{turn} = load volatile i32, ptr %p{turn}, align 1, !alias.scope !2
             %m{turn} = add nsw i32 %l{turn}, {number}
             store volatile i32 %m{turn}, ptr %p{turn}, align 1, !alias.scope !2"
            )
        },
    );
    function(&format!(
        "loop:
           %at = phi i32 [ %a, %0 ], [ %then, %loop ]
           %wide = zext i32 %at to i64
           %address = getelementptr inbounds nuw i8, ptr %base, i64 %wide
           {}
           %then = add i32 %at, 16
           %more = icmp ne i32 %then, %n
           br i1 %more, label %loop, label %end
         end:
           {behind}",
        turns.collect::<Vec<_>>().join("\n")
    ))
}

#[test]
fn the_copy_of_an_unrolled_loop_is_rolled_up() {
    let plain = |text: &str| {
        let context = Context::new();
        let (module, count) = versioned(&context, text);
        assert_eq!((count, accesses(&module).0), (1, 8), "{}", module.print());
        accesses(&module).1
    };
    assert_eq!(plain(&unrolled(8, 1, "ret i32 0")), 2);
    assert_eq!(plain(&unrolled(8, 1, "%v = phi i32 [ %then, %loop ]\n ret i32 %v")), 2, "numbers are known behind it");
    assert_eq!(plain(&unrolled(8, 1, "%v = phi i32 [ %l3, %loop ]\n ret i32 %v")), 8, "what was loaded is not");
    assert_eq!(plain(&unrolled(8, 2, "ret i32 0")), 8, "one adds another number");
    assert_eq!(plain(&unrolled(4, 1, "ret i32 0")), 8, "one goes elsewhere");
}

#[test]
fn sums_are_rolled_up() {
    let sum = |operation: &str| {
        let turns = (0..4).map(|turn| {
            let before = if turn == 0 { "%sum".to_string() } else { format!("%s{}", turn - 1) };
            format!(
                "%p{turn} = getelementptr inbounds nuw i8, ptr %address, i64 {}
                 %l{turn} = load volatile double, ptr %p{turn}, align 1, !alias.scope !2
                 %s{turn} = {operation} double {before}, %l{turn}",
                8 * turn
            )
        });
        let text = function(&format!(
            "loop:
               %at = phi i32 [ %a, %0 ], [ %then, %loop ]
               %sum = phi double [ 0.0, %0 ], [ %s3, %loop ]
               %wide = zext i32 %at to i64
               %address = getelementptr inbounds nuw i8, ptr %base, i64 %wide
               {}
               %then = add i32 %at, 32
               %more = icmp ne i32 %then, %n
               br i1 %more, label %loop, label %end
             end:
               %all = phi double [ %s3, %loop ]
               %result = fptosi double %all to i32
               ret i32 %result",
            turns.collect::<Vec<_>>().join("\n")
        ));
        let context = Context::new();
        accesses(&versioned(&context, &text).0)
    };
    assert_eq!(sum("fadd"), (4, 1));
    assert_eq!(sum("fmul"), (4, 1));
}

/// Two loops, one behind the other: the first one's way out is what is in front of the second.
#[test]
fn neighbours_have_a_copy_each() {
    let text = counting("", UP).replace(
        "ret i32 0",
        "br label %again
         again:
           %j = phi i32 [ 0, %end ], [ %then, %again ]
           %at = zext i32 %j to i64
           %place = getelementptr inbounds nuw i8, ptr %base, i64 %at
           store volatile i8 0, ptr %place, align 1, !alias.scope !2
           %then = add i32 %j, 1
           %on = icmp ult i32 %then, %s
           br i1 %on, label %again, label %out
         out:
           ret i32 0",
    );
    assert_eq!(versioned(&Context::new(), &text).1, 2);
}

#[test]
fn copies_without_vectors_are_given_up() {
    let context = Context::new();
    let (module, count) = versioned(&context, &counting("", UP));
    assert_eq!((count, module.functions().map(|function| undo_scalar(&context, function)).sum::<usize>()), (1, 0));
    let guards = module.functions().flat_map(|function| function.blocks()).filter_map(|block| block.terminator());
    let never = guards.filter(|last| last.operand_count() == 3 && last.operand(0) == Some(context.const_bool(false)));
    assert_eq!(never.count(), 1, "{}", module.print());
}

#[test]
fn copies_with_vectors_stay() {
    let context = Context::new();
    let vectors = "%lanes = load volatile <4 x i32>, ptr %address, align 1, !alias.scope !2
                   %sums = add <4 x i32> %lanes, splat (i32 1)
                   store volatile <4 x i32> %sums, ptr %address, align 1, !alias.scope !2";
    let (module, count) = versioned(&context, &counting(vectors, UP));
    assert_eq!((count, module.functions().map(|function| undo_scalar(&context, function)).sum::<usize>()), (1, 1));
}
