//! NaNs, bit by bit: every operator on floats gives the same in native code, however it was optimized, as in the interpreter,
//! but for what optimization does to several operators, or to one whose operands it knows.

use artifact::{Feature, Level};
use driver::{Request, Silent};
use engine::{Instance, Linker, Mode, Module, Store, Value, function};

/// The bits of the numbers of one width: zeros, numbers, infinities, and NaNs of each kind and sign.
const F32: [u64; 14] = [
    0,
    0x8000_0000,
    0x3f80_0000,
    0xbfc0_0000,
    0x0000_0001,
    0x7f7f_ffff,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_0000,
    0xffc0_0000,
    0x7fc1_2345,
    0xffe0_0001,
    0x7f80_0001,
    0xffa5_4321,
];
const F64: [u64; 14] = [
    0,
    0x8000_0000_0000_0000,
    0x3ff0_0000_0000_0000,
    0xbff8_0000_0000_0000,
    0x0000_0000_0000_0001,
    0x7fef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000,
    0x7ff8_1234_5678_9abc,
    0xfffc_0000_0000_0001,
    0x7ff0_0000_0000_0001,
    0xfff4_3210_0fed_cba9,
];

/// How floats lie in a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    F32,
    F64,
    F32x4,
    F64x2,
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Shape::F32 => "f32",
            Shape::F64 => "f64",
            Shape::F32x4 | Shape::F64x2 => "v128",
        }
    }

    fn bits(self) -> u32 {
        match self {
            Shape::F32 | Shape::F32x4 => 32,
            Shape::F64 | Shape::F64x2 => 64,
        }
    }

    fn lanes(self) -> usize {
        match self {
            Shape::F32 | Shape::F64 => 1,
            Shape::F32x4 => 4,
            Shape::F64x2 => 2,
        }
    }

    fn numbers(self) -> &'static [u64] {
        if self.bits() == 32 { &F32 } else { &F64 }
    }

    /// The bit that makes a NaN quiet.
    fn quiet(self) -> u64 {
        if self.bits() == 32 { 1 << 22 } else { 1 << 51 }
    }

    /// Bits without the sign.
    fn size(self, bits: u64) -> u64 {
        bits & (u64::MAX >> (65 - self.bits()))
    }

    fn is_nan(self, bits: u64) -> bool {
        let infinity = if self.bits() == 32 { 0x7f80_0000 } else { 0x7ff0_0000_0000_0000 };
        self.size(bits) > infinity
    }

    fn is_canonical(self, bits: u64) -> bool {
        let canonical = if self.bits() == 32 { 0x7fc0_0000 } else { 0x7ff8_0000_0000_0000 };
        self.size(bits) == canonical
    }

    /// A value of lanes.
    fn value(self, lanes: &[u64]) -> Value {
        match self {
            Shape::F32 => Value::F32(lanes[0] as u32),
            Shape::F64 => Value::F64(lanes[0]),
            Shape::F32x4 | Shape::F64x2 => {
                let join = |all, &lane| all << self.bits() | u128::from(lane);
                Value::V128(lanes.iter().rev().fold(0u128, join).to_le_bytes())
            }
        }
    }

    /// The lanes of a value.
    fn split(self, value: Value) -> Vec<u64> {
        let all = match value {
            Value::F32(bits) => bits.into(),
            Value::F64(bits) => bits.into(),
            Value::V128(bytes) => u128::from_le_bytes(bytes),
            other => panic!("{other:?} is no float"),
        };
        (0..self.lanes() as u32)
            .map(|lane| (all >> (lane * self.bits())) as u64 & u64::MAX >> (64 - self.bits()))
            .collect()
    }
}

struct Operator {
    name: String,
    from: Shape,
    to: Shape,
    arity: usize,
}

impl Operator {
    /// Whether it gives a NaN made quiet for one that is not. The others do something with bits, or give an operand as it is.
    fn is_arithmetic(&self) -> bool {
        !["abs", "neg", "copysign", "pmin", "pmax", "relaxed_min", "relaxed_max"]
            .iter()
            .any(|name| self.name.ends_with(name))
    }

    fn text(&self) -> String {
        let params = [self.from.name(); 3][..self.arity].join(" ");
        let gets: String = (0..self.arity).map(|index| format!("(local.get {index})")).collect();
        format!("(func (export \"{0}\") (param {params}) (result {1}) ({0} {gets}))\n", self.name, self.to.name())
    }
}

fn operators() -> Vec<Operator> {
    let mut operators = Vec::new();
    for (shape, prefix) in [(Shape::F32, "f32"), (Shape::F64, "f64"), (Shape::F32x4, "f32x4"), (Shape::F64x2, "f64x2")]
    {
        let mut add = |arity, names: &[&str]| {
            let operator = |name: &&str| Operator { name: format!("{prefix}.{name}"), from: shape, to: shape, arity };
            operators.extend(names.iter().map(operator));
        };
        add(1, &["abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"]);
        add(2, &["add", "sub", "mul", "div", "min", "max"]);
        match shape.lanes() {
            1 => add(2, &["copysign"]),
            _ => {
                add(2, &["pmin", "pmax", "relaxed_min", "relaxed_max"]);
                add(3, &["relaxed_madd", "relaxed_nmadd"]);
            }
        }
    }
    let mut convert = |name: &str, from, to| operators.push(Operator { name: name.to_string(), from, to, arity: 1 });
    convert("f32.demote_f64", Shape::F64, Shape::F32);
    convert("f64.promote_f32", Shape::F32, Shape::F64);
    convert("f32x4.demote_f64x2_zero", Shape::F64x2, Shape::F32x4);
    convert("f64x2.promote_low_f32x4", Shape::F32x4, Shape::F64x2);
    operators
}

/// All combinations of numbers, in rows of lanes: for each operand its lanes.
fn operands(operator: &Operator) -> Vec<Vec<Vec<u64>>> {
    let numbers = operator.from.numbers();
    let combinations: Vec<Vec<u64>> = (0..numbers.len().pow(operator.arity as u32))
        .map(|index| {
            (0..operator.arity as u32).map(|digit| numbers[index / numbers.len().pow(digit) % numbers.len()]).collect()
        })
        .collect();
    let rows = combinations.chunks(operator.from.lanes()).map(|row| {
        let lane = |operand: usize, lane: usize| row[lane.min(row.len() - 1)][operand];
        (0..operator.arity)
            .map(|operand| (0..operator.from.lanes()).map(|index| lane(operand, index)).collect())
            .collect()
    });
    rows.collect()
}

fn request(level: Level) -> Request {
    let mut request = tests::request(level);
    request.options.features.0.insert(Feature::RelaxedSimd);
    request
}

/// A module's instances by all engines. The first is interpreted.
fn engines(text: &str) -> Vec<(String, Store, Instance)> {
    let bytes = tests::wat(text);
    let mut old = request(Level::O2);
    old.options.target.cpu_features.clear();
    let requests = [Level::O0, Level::O1, Level::O2, Level::O3].map(|level| (format!("O{level}"), request(level)));
    let native = requests.into_iter().chain([("O2 for any processor".to_string(), old)]).map(|(title, request)| {
        let file = driver::compile(&bytes, &request, &Silent).unwrap_or_else(|error| panic!("{title}: {error}")).file;
        (title, Module::from_bytes_in(file, Mode::Aot))
    });
    let interpreted = tests::interpreted(bytes.clone(), &[Feature::RelaxedSimd]);
    let modules = [("interpreter".to_string(), interpreted)].into_iter().chain(native);
    let instance = |(title, module): (String, Result<Module, _>)| {
        let mut store = Store::new();
        let module = module.unwrap_or_else(|error| panic!("{title}: {error}"));
        let instance = Linker::new().instantiate(&mut store, &module).expect("an instance");
        (title, store, instance)
    };
    modules.map(instance).collect()
}

fn result(store: &mut Store, instance: Instance, name: &str, arguments: &[Value]) -> Value {
    let func = function(store, instance, name).expect("the function is exported");
    store.call(func, arguments).expect("no trap")[0]
}

/// Whether the specification allows a NaN as the result of operands (section 4.3.3).
fn is_allowed(operator: &Operator, operands: &[u64], result: u64) -> bool {
    let nans: Vec<u64> = operands.iter().copied().filter(|&bits| operator.from.is_nan(bits)).collect();
    match nans.iter().all(|&bits| operator.from.is_canonical(bits)) {
        true => operator.to.is_canonical(result),
        false => result & operator.to.quiet() != 0,
    }
}

#[test]
fn operators_give_the_same_nans_by_all_engines() {
    let operators = operators();
    let text: String = operators.iter().map(Operator::text).collect();
    let mut engines = engines(&format!("(module {text})"));
    for operator in &operators {
        for row in operands(operator) {
            let arguments: Vec<Value> = row.iter().map(|lanes| operator.from.value(lanes)).collect();
            let mut results = engines.iter_mut().map(|(title, store, instance)| {
                (title, operator.to.split(result(store, *instance, &operator.name, &arguments)))
            });
            let (_, expected) = results.next().expect("the interpreter comes first");
            for (title, actual) in results {
                assert_eq!(
                    actual, expected,
                    "{title}: {} of {row:x?}: {actual:x?}, interpreted {expected:x?}",
                    operator.name
                );
            }
            for (lane, &result) in expected.iter().enumerate() {
                // Lanes without an operand are zero.
                let operands: Vec<u64> = row.iter().filter_map(|lanes| lanes.get(lane).copied()).collect();
                if operator.is_arithmetic() && operator.to.is_nan(result) {
                    assert!(is_allowed(operator, &operands, result), "{} of {operands:x?}: {result:#x}", operator.name);
                }
            }
        }
    }
}

/// In these places LLVM exchanges operands, moves or drops negations, and computes with constants. Then another NaN operand may
/// win than in the interpreter, or the sign of a NaN be another one; whether there is a NaN, and that it is quiet and has the
/// payload of an operand or none, is the same.
const PLACES: [(&str, &str); 14] = [
    ("loaded", "(F.store (i32.const 8) (local.get 0)) (OP (F.load (i32.const 8)) (local.get 1))"),
    ("loaded second", "(F.store (i32.const 8) (local.get 1)) (OP (local.get 0) (F.load (i32.const 8)))"),
    ("exchanged", "(OP (local.get 1) (local.get 0))"),
    ("both ways", "(F.store (i32.const 8) (OP (local.get 0) (local.get 1))) (OP (local.get 1) (local.get 0))"),
    ("first negated", "(OP (F.neg (local.get 0)) (local.get 1))"),
    ("second negated", "(OP (local.get 0) (F.neg (local.get 1)))"),
    ("both negated", "(OP (F.neg (local.get 0)) (F.neg (local.get 1)))"),
    ("result negated", "(F.neg (OP (local.get 0) (local.get 1)))"),
    ("of sizes", "(OP (F.abs (local.get 0)) (F.abs (local.get 1)))"),
    ("with a number", "(OP (F.neg (local.get 0)) (F.const 2))"),
    ("with a NaN", "(OP (local.get 0) (F.const -nan))"),
    ("of constants", "(OP (F.const 0) (F.const 0))"),
    ("of infinities", "(OP (F.const inf) (F.const -inf))"),
    ("twice", "(OP (OP (local.get 0) (local.get 1)) (OP (local.get 1) (local.get 0)))"),
];

#[test]
fn what_surrounds_an_operator_may_choose_among_nans() {
    let floats = [(Shape::F32, "f32"), (Shape::F64, "f64")];
    let mut cases = Vec::new();
    for (shape, float) in floats {
        for op in ["add", "sub", "mul", "div", "min", "max"] {
            for (place, body) in PLACES {
                let body = body.replace("OP", &format!("{float}.{op}")).replace("F.", &format!("{float}."));
                cases.push((shape, format!("{float}.{op} {place}"), body));
            }
        }
    }
    let function = |(shape, name, body): &(Shape, String, String)| {
        let float = shape.name();
        format!("(func (export \"{name}\") (param {float} {float}) (result {float}) {body})\n")
    };
    let text: String = cases.iter().map(function).collect();
    let mut engines = engines(&format!("(module (memory 1) {text})"));
    for (shape, name, _) in &cases {
        for operands in shape.numbers().iter().flat_map(|&a| shape.numbers().iter().map(move |&b| [a, b])) {
            let arguments = operands.map(|operand| shape.value(&[operand]));
            let mut results = engines
                .iter_mut()
                .map(|(title, store, instance)| (title, shape.split(result(store, *instance, name, &arguments))[0]));
            let (_, expected) = results.next().expect("the interpreter comes first");
            for (title, actual) in results {
                let told = format!("{title}: {name}, {operands:x?}: {actual:#x}, interpreted {expected:#x}");
                if !shape.is_nan(expected) {
                    assert_eq!(actual, expected, "{told}");
                    continue;
                }
                let mut nans = operands.iter().filter(|&&bits| shape.is_nan(bits));
                let is_operand = nans.any(|bits| shape.size(bits | shape.quiet()) == shape.size(actual));
                assert!(is_operand || shape.is_canonical(actual), "{told}");
            }
        }
    }
}
