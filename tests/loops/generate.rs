//! Loops over memory by the number of a seed.

use std::fmt::Write;

/// A sequence of numbers (xorshift64*): the same everywhere.
pub struct Numbers(u64);

impl Numbers {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Numbers {
        Numbers((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % limit
    }

    /// One of some things.
    pub fn of<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len() as u64) as usize]
    }

    /// Whether something happens that does once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// The fields of a module whose function `run` runs one loop. Its parameters: two addresses, a limit, a step.
pub fn module(seed: u64) -> String {
    let mut numbers = Numbers::new(seed);
    let body = if seed.is_multiple_of(3) { unrolled(&mut numbers) } else { body(&mut numbers) };
    format!(
        r#"(memory $near (export "near") 1) (memory $far (export "far") 2)
           (data (memory $near) (i32.const 0) "{data}") (data (memory $near) (i32.const 65000) "{data}")
           (data (memory $far) (i32.const 130600) "{data}")
           (func (export "run") (param $a i32) (param $b i32) (param $n i32) (param $s i32) (result i64)
             (local $i i32) (local $p i32) (local $q i32) (local $sum i64)
             {body}
             (i64.add (local.get $sum) (i64.extend_i32_u (i32.add (local.get $i) (i32.add (local.get $p) (local.get $q))))))"#,
        data = "zeroes?\\00some\\01text\\ff\\fe\\80\\7fM".repeat(20)
    )
}

/// Arguments for `run`: often such that the loop ends next to an end of memory.
pub fn arguments(numbers: &mut Numbers) -> [u32; 4] {
    let address = |numbers: &mut Numbers| match numbers.below(6) {
        0 => numbers.below(200) as u32,
        1 => 65536 - numbers.below(300) as u32,
        2 => 0u32.wrapping_sub(numbers.below(100) as u32),
        3 => 131_072 - numbers.below(300) as u32,
        4 => 65536 - numbers.below(40) as u32 * 16,
        _ => 30_000 + numbers.below(2000) as u32,
    };
    let (a, b) = (address(numbers), address(numbers));
    let limit = match numbers.below(8) {
        0 => 0,
        1 => 0u32.wrapping_sub(numbers.below(40) as u32),
        2 => 0x8000_0000u32.wrapping_sub(20).wrapping_add(numbers.below(40) as u32),
        3 => numbers.below(70_000) as u32,
        4 => numbers.below(32) as u32 * 8,
        _ => numbers.below(90) as u32,
    };
    let step = match numbers.below(6) {
        0 => numbers.below(1 << 32) as u32,
        1 => 0,
        _ => (numbers.below(64) as u32).wrapping_sub(32),
    };
    // Iterations without a rest, the last of which may be the last that is in bounds.
    let whole = 64 * (1 + numbers.below(4)) as u32;
    let reach = whole * numbers.of(&[1, 2, 4, 8, 16, 32]);
    let place = (65536 + numbers.below(5) as u32).wrapping_sub(reach + numbers.below(3) as u32);
    match numbers.below(4) {
        0 => [place, b, whole, step],
        1 => [a, place, whole, step],
        2 => [place, place, whole, step],
        _ => [a, b, limit, step],
    }
}

/// A loop that does the same several times in each iteration, or nearly the same.
fn unrolled(numbers: &mut Numbers) -> String {
    let turns = numbers.of(&[2, 3, 4, 8]);
    let (load, store, size) = numbers.of(&[
        ("i64.load8_u", "i64.store8", 1),
        ("i64.load16_s", "i64.store16", 2),
        ("i64.load32_u", "i64.store32", 4),
        ("i64.load", "i64.store", 8),
    ]);
    let backwards = numbers.once_in(4);
    let (grows, operator) = (numbers.below(4), numbers.of(&["add", "xor", "sub", "mul", "or", "and"]));
    let kinds: Vec<u64> = (0..=numbers.below(2)).map(|_| numbers.below(6)).collect();
    let apart = [numbers.below(3) * size, numbers.below(100) * size];
    // In one of the turns, something may be different.
    let odd = if numbers.once_in(3) { numbers.below(turns) } else { turns };
    let mut statements = Vec::new();
    for turn in 0..turns {
        let place =
            if backwards { turns - 1 - turn } else { turn } * size + u64::from(turn == odd && numbers.once_in(2));
        let number = format!(
            "(i64.extend_i32_u (i32.add (local.get $i) (i32.const {})))",
            turn * grows + u64::from(turn == odd)
        );
        let at = |offset: u64, local: &str| format!("offset={} (local.get {local})", place + offset);
        let loaded = |offset: u64, local: &str| format!("({load} {})", at(offset, local));
        let of = |value: String| format!("(local.set $sum (i64.{operator} (local.get $sum) {value}))");
        let mut turn: Vec<String> = kinds
            .iter()
            .map(|kind| match kind {
                0 => format!("({store} {} {number})", at(0, "$p")),
                1 => format!("({store} {} (i64.add {} {}))", at(0, "$p"), loaded(apart[0], "$p"), loaded(0, "$q")),
                2 => format!("({store} {} (i64.mul {} (local.get $sum)))", at(apart[1], "$p"), loaded(0, "$q")),
                3 => of(loaded(apart[1], "$q")),
                4 => of(format!("(i64.xor {number} {})", loaded(0, "$p"))),
                _ => of(format!("(i64.shr_u {} {})", loaded(apart[0], "$p"), loaded(0, "$q"))),
            })
            .collect();
        if numbers.once_in(12) {
            turn.reverse();
        }
        statements.extend(turn);
    }
    let stride = (turns * size) as i64 * if backwards { -1 } else { 1 };
    let step = turns * grows.max(1);
    let limit = numbers.of(&["(i32.and (local.get $n) (i32.const -24))", "(i32.const 48)", "(local.get $n)"]);
    format!(
        "(local.set $p (local.get $a)) (local.set $q (local.get $b))
         (loop $again {}
           (local.set $p (i32.add (local.get $p) (i32.const {stride}))) (local.set $q (i32.add (local.get $q) (i32.const {stride})))
           (br_if $again (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const {step}))) {limit})))",
        statements.join(" ")
    )
}

fn body(numbers: &mut Numbers) -> String {
    let step = numbers.of(&[1, 1, 1, 2, 3, 4, 4, 8, 16, 24]) * numbers.of(&[1, 1, -1]);
    let start = match numbers.below(5) {
        0 => "(local.get $n)".to_string(),
        1 => "(local.get $a)".to_string(),
        _ => format!("(i32.const {})", numbers.of(&[0, 0, 0, 1, -8, 100, -2_147_483_640])),
    };
    let limit = match numbers.below(4) {
        0 => format!("(i32.const {})", numbers.of(&[0, 0, 1, 64, 96, 1000, -1, 2_147_483_640])),
        1 => "(i32.and (local.get $n) (i32.const -8))".to_string(),
        _ => "(local.get $n)".to_string(),
    };
    let compare = match step {
        0.. => numbers.of(&["ne", "ne", "lt_u", "lt_s", "le_u", "le_s", "gt_s"]),
        _ => numbers.of(&["ne", "ne", "gt_u", "gt_s", "ge_u", "ge_s", "lt_u"]),
    };
    let counter = if numbers.once_in(6) { "(i32.add (local.get $i) (i32.const 3))" } else { "(local.get $i)" };
    let goes_on = format!("(i32.{compare} {counter} {limit})");
    // One access in each iteration moves, so that every loop ends.
    let stride = numbers.of(&[1, 2, 4, 8, 8, 16, 32, 7]) * numbers.of(&[1, 1, 1, -1]);
    let mut statements = vec![statement(numbers, "(local.get $p)", 0, false)];
    let repeated = numbers.of(&[1, 1, 2, 4]);
    for _ in 0..numbers.below(3) {
        let address = address(numbers);
        for copy in 0..repeated {
            statements.push(statement(numbers, &address, copy, true));
        }
    }
    if numbers.once_in(6) {
        statements.push("(br_if $out (i32.eq (i32.load8_u (local.get $p)) (i32.const 77)))".to_string());
    }
    if numbers.once_in(8) {
        let quotient = "(i32.div_u (i32.const 1000) (i32.load8_u (local.get $p)))";
        statements.push(format!("(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u {quotient})))"));
    }
    let split = numbers.below(statements.len() as u64 + 1) as usize;
    let moves = format!(
        "(local.set $p (i32.add (local.get $p) (i32.const {stride}))) (local.set $q (i32.add (local.get $q) (local.get $s)))
         (local.set $i (i32.add (local.get $i) (i32.const {step})))"
    );
    let body = format!("{} {moves} {}", statements[..split].join(" "), statements[split..].join(" "));
    let mut text = format!("(local.set $i {start}) (local.set $p (local.get $a)) (local.set $q (local.get $b))");
    let around = match numbers.once_in(3) {
        true => format!("(block $out (loop $again (br_if $out (i32.eqz {goes_on})) {body} (br $again)))"),
        false => format!("(block $out (loop $again {body} (br_if $again {goes_on})))"),
    };
    let _ = write!(text, " {around}");
    text
}

fn address(numbers: &mut Numbers) -> String {
    match numbers.below(7) {
        0 => "(local.get $p)".to_string(),
        1 => "(local.get $q)".to_string(),
        2 => format!("(i32.add (local.get $b) (i32.shl (local.get $i) (i32.const {})))", numbers.below(4)),
        3 => format!("(i32.sub (local.get $b) (i32.mul (local.get $i) (i32.const {})))", numbers.of(&[1, 3, 8])),
        4 => "(local.get $b)".to_string(),
        5 => format!("(i32.add (local.get $p) (i32.const {}))", numbers.of(&[-1, -8, 8, 64, -200, 30_000])),
        _ => "(i32.and (local.get $p) (i32.const 0xffff))".to_string(),
    }
}

/// Does something with memory, in some iterations or in all. Copies of a statement are next to each other.
fn statement(numbers: &mut Numbers, address: &str, copy: u64, some: bool) -> String {
    let memory = if numbers.once_in(8) { "$far" } else { "$near" };
    if numbers.once_in(5) {
        return vectors(numbers, memory, address, copy);
    }
    let (load, store, size) = numbers.of(&[
        ("i64.load8_u", "i64.store8", 1),
        ("i64.load8_s", "i64.store8", 1),
        ("i64.load16_u", "i64.store16", 2),
        ("i64.load32_s", "i64.store32", 4),
        ("i64.load", "i64.store", 8),
        ("i64.load", "i64.store", 8),
    ]);
    let far = numbers.once_in(10);
    let offset =
        copy * size + if far { numbers.of(&[60_000, 65_528, 65_535, 4_294_967_264]) } else { numbers.below(3) * 8 };
    let load = format!("({load} {memory} offset={offset} {address})");
    let store = |value: &str| format!("({store} {memory} offset={offset} {address} {value})");
    match numbers.below(6) {
        0 => store("(i64.extend_i32_u (local.get $i))"),
        1 => store(&format!("(i64.add {load} (i64.const 5))")),
        2 => store("(local.get $sum)"),
        3 if some => format!("(if (i32.and (local.get $i) (i32.const 1)) (then {}))", store("(i64.const 7)")),
        _ => format!("(local.set $sum (i64.add (local.get $sum) {load}))"),
    }
}

/// The same with vectors, as producers make them of loops.
fn vectors(numbers: &mut Numbers, memory: &str, address: &str, copy: u64) -> String {
    let offset = copy * 16 + if numbers.once_in(10) { 65_520 } else { numbers.below(3) * 16 };
    let load = format!("(v128.load {memory} offset={offset} {address})");
    let store = |value: &str| format!("(v128.store {memory} offset={offset} {address} {value})");
    match numbers.below(4) {
        0 => store(&format!("(i32x4.add {load} (i32x4.splat (local.get $i)))")),
        1 => store(&format!("(i8x16.avgr_u {load} (v128.load {memory} offset=3 (local.get $q)))")),
        2 => store("(i64x2.splat (local.get $sum))"),
        _ => format!("(local.set $sum (i64.add (local.get $sum) (i64x2.extract_lane 1 {load})))"),
    }
}
