//! The numbers that errors have (`Code: 0x302`), in families: 0x1xx loading, 0x2xx validation, 0x3xx instantiation, 0x4xx and below
//! execution. Those of traps stand in [`abi::trap`], all others here. From xF0 on in a family they are this project's own.

use std::fmt;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $number:literal, $($words:literal)|+;)*) => {
        /// What is wrong, as a number for scripts and as the words that the specification has for it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum Code {
            $($(#[$meta])* $name = $number,)*
        }

        impl Code {
            /// Each code with the words that a message about it has; the more special ones first.
            const TABLE: &'static [(Code, &'static [&'static str])] = &[$((Code::$name, &[$($words),+])),*];
        }
    };
}

codes! {
    /// No function of that name is exported.
    FunctionNotFound = 0x005, "function not found";

    /// There is no such file, or it is a folder.
    InvalidPath = 0x100, "invalid path";
    /// The system refused to read.
    ReadError = 0x101, "read error";
    /// The file does not begin as a module does.
    NoMagic = 0x103, "magic header not detected" | "bad magic number";
    /// Another version of the format, or a component.
    UnknownVersion = 0x104, "unknown binary version";
    /// A section of a kind that there is not.
    MalformedSection = 0x105, "malformed section id";
    /// A section's contents are shorter than it says.
    SectionSize = 0x106, "section size mismatch";
    /// Sections that come twice or out of order.
    Junk = 0x108, "section out of order" | "unexpected content after last section";
    /// As many bodies as functions are declared.
    FunctionsAndBodies = 0x109, "function and code section have inconsistent lengths" | "code section is absent";
    /// As many segments as the count says.
    DataCount = 0x10A, "data count and data section have inconsistent lengths" | "data count is non-zero";
    /// Instructions that refer to segments need the count of them.
    DataCountRequired = 0x10B, "data count section required";
    /// A byte that is reserved.
    ZeroByte = 0x10E, "zero byte expected";
    /// A global is neither constant nor variable.
    Mutability = 0x10F, "malformed mutability" | "malformed global flags";
    /// More locals than are allowed.
    TooManyLocals = 0x110, "too many locals";
    /// A reference type that there is not.
    ReferenceType = 0x113, "malformed reference type";
    /// A name that is no Unicode.
    Utf8 = 0x114, "malformed UTF-8 encoding";
    /// A number outside of its range.
    IntegerTooLarge = 0x115, "integer too large";
    /// A number in more bytes than its range needs.
    IntegerTooLong = 0x116, "integer representation too long";
    /// An instruction that there is not.
    IllegalOpcode = 0x117, "illegal opcode" | "unknown 0x";
    /// A body whose blocks do not all end.
    EndExpected = 0x118, "control frames remain";
    /// A shared memory says how large it may grow.
    SharedWithoutMaximum = 0x11A, "shared memory must have maximum";
    /// The file ends too early.
    UnexpectedEnd = 0x102, "unexpected end";
    /// Native code that is missing or must not run here.
    NativeCode = 0x1F0, "native code";
    /// Anything else that is no WebAssembly.
    Grammar = 0x119, "invalid wasm grammar";

    /// What is switched off or not supported.
    Unsupported = 0x2F0, "pass --" | "not supported" | "not enabled" | "must be enabled";
    /// An atomic access of another alignment.
    AtomicAlignment = 0x200, "atomic alignment" | "atomic instructions must always specify maximum alignment";
    /// An access of larger alignment than its size.
    Alignment = 0x201, "alignment must not be larger than natural";
    /// Operands, results or values of other types.
    TypeMismatch = 0x202, "type mismatch";
    /// A jump to nowhere.
    UnknownLabel = 0x203, "unknown label";
    /// A local that there is not.
    UnknownLocal = 0x204, "unknown local";
    /// A type that there is not.
    UnknownType = 0x206, "unknown type";
    /// A function that there is not.
    UnknownFunction = 0x207, "unknown function";
    /// A table that there is not.
    UnknownTable = 0x208, "unknown table";
    /// A memory that there is not.
    UnknownMemory = 0x209, "unknown memory";
    /// A global that there is not.
    UnknownGlobal = 0x20A, "unknown global";
    /// A tag that there is not.
    UnknownTag = 0x20B, "unknown tag";
    /// An element segment that there is not.
    UnknownElement = 0x20C, "unknown elem segment";
    /// A data segment that there is not.
    UnknownData = 0x20D, "unknown data segment";
    /// A reference to a function that is not declared to be referenced.
    UndeclaredReference = 0x20E, "undeclared function reference" | "undeclared reference";
    /// An instruction where only constant ones may stand.
    ConstantRequired = 0x20F, "constant expression required";
    /// Two exports of one name.
    DuplicateExport = 0x210, "duplicate export name";
    /// Setting what cannot be set.
    Immutable = 0x211, "global is immutable";
    /// A `select` of none or several types.
    ResultArity = 0x214, "invalid result arity";
    /// A minimum above its maximum.
    Limits = 0x217, "size minimum must not be greater than maximum";
    /// A memory that its addresses do not reach.
    MemorySize = 0x218, "memory size must be at most";
    /// A start function with parameters or results.
    StartFunction = 0x219, "start function";
    /// A lane that a vector does not have.
    Lane = 0x21A, "invalid lane index" | "SIMD index out of bounds";
    /// Reading a local that has no value yet.
    UninitializedLocal = 0x21B, "uninitialized local";
    /// A tag with results.
    TagResult = 0x226, "non-empty tag result type";
    /// What is larger than this implementation takes.
    TooLarge = 0x2F1, "needs more than";
    /// Any other rule.
    Invalid = 0x2FF, "invalid module";

    /// Two modules of one name.
    ModuleNameConflict = 0x300, "module name conflict";
    /// An import is given something of another type.
    IncompatibleImport = 0x301, "incompatible import type";
    /// An import that nothing is given for.
    UnknownImport = 0x302, "unknown import";
    /// A data segment lies past the end of its memory.
    DataSegment = 0x303, "data segment does not fit";
    /// An element segment lies past the end of its table.
    ElementSegment = 0x304, "element segment does not fit";
    /// A memory or table is above a limit, or the system has no memory for it.
    Resource = 0x3F0, "above the limit" | "out of memory";
    /// The code cannot be stopped or does not count, though it is to.
    Unable = 0x3F2, "the code of the module";
    /// What the program is to use of the system cannot be set up.
    System = 0x3F1, "cannot open";

    /// Arguments of other numbers or types than the function's parameters.
    SignatureMismatch = 0x403, "function signature mismatch";
}

impl Code {
    /// Every code.
    pub fn all() -> impl Iterator<Item = Code> {
        Code::TABLE.iter().map(|(code, _)| *code)
    }

    /// The code of what the decoder or validator says, and this on one line. The code is `otherwise` if it says nothing that has one.
    pub fn of(message: &str, otherwise: Code) -> (Code, String) {
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
        let row = Code::TABLE.iter().find(|(code, words)| code.phase().is_static() && says(words));
        (row.map_or(otherwise, |(code, _)| *code), message)
    }

    /// The number that users see.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// When such an error comes up.
    pub const fn phase(self) -> Phase {
        match self.number() {
            0x100..0x200 => Phase::Loading,
            0x200..0x300 => Phase::Validation,
            0x300..0x400 => Phase::Instantiation,
            _ => Phase::Execution,
        }
    }

    /// The words that a message about it has.
    pub fn words(self) -> &'static str {
        Code::TABLE.iter().find(|(code, _)| *code == self).expect("every code is in the table").1[0]
    }
}

/// What goes on while an error comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading and decoding.
    Loading,
    /// Checking the rules.
    Validation,
    /// Linking and making an instance.
    Instantiation,
    /// Calling functions.
    Execution,
}

impl Phase {
    /// Whether a module's bytes alone decide about it.
    const fn is_static(self) -> bool {
        matches!(self, Phase::Loading | Phase::Validation)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Loading => "loading",
            Phase::Validation => "validation",
            Phase::Instantiation => "instantiation",
            Phase::Execution => "execution",
        })
    }
}

/// Why a command failed, for its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// What has a code: `loading failed: app.wasm: the file does not exist, Code: 0x100`.
    Coded {
        /// The code.
        code: Code,
        /// What is wrong, and where, on one line.
        message: String,
        /// Lines that explain it; none or some that begin with a line break.
        details: String,
    },
    /// What has none.
    Plain(String),
}

impl Failure {
    /// A failure that has a code.
    pub fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure::Coded { code, message: message.into(), details: String::new() }
    }

    /// A failure that has a code, explained on further lines.
    pub fn explained(code: Code, message: impl Into<String>, lines: impl fmt::Display) -> Failure {
        Failure::Coded { code, message: message.into(), details: format!("\n{lines}") }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Failure {
        Failure::Plain(message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Coded { code, message, details } => {
                write!(f, "{} failed: {message}, Code: {:#05x}{details}", code.phase(), code.number())
            }
            Failure::Plain(message) => f.write_str(message),
        }
    }
}

/// A place in a module, as messages end with it: ` (in function 3 `name`, at byte offset 0x2b)`.
pub struct Place<'a> {
    /// The function, and its name if it has one.
    pub function: Option<(u32, Option<&'a str>)>,
    /// Bytes from the start of the module.
    pub offset: Option<u64>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = self.function.map(|(index, name)| match name {
            Some(name) => format!("in function {index} `{name}`"),
            None => format!("in function {index}"),
        });
        let offset = self.offset.map(|offset| format!("at byte offset {offset:#x}"));
        let places: Vec<String> = function.into_iter().chain(offset).collect();
        if places.is_empty() { Ok(()) } else { write!(f, " ({})", places.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abi::trap::TrapCode;

    #[test]
    fn each_number_and_each_word_stands_for_one_thing() {
        for (at, (code, words)) in Code::TABLE.iter().enumerate() {
            assert_eq!(TrapCode::from_code(code.number()), None, "{code:?}");
            for (other, others) in &Code::TABLE[..at] {
                assert_ne!(code.number(), other.number(), "{code:?}");
                assert!(words.iter().all(|words| !others.contains(words)), "{code:?} and {other:?}");
            }
        }
    }

    #[test]
    fn messages_have_the_code_of_their_words() {
        let of = |message| Code::of(message, Code::Invalid).0;
        assert_eq!(of("type mismatch: expected i32, found i64"), Code::TypeMismatch);
        assert_eq!(of("unexpected end-of-file"), Code::UnexpectedEnd);
        assert_eq!(of("multiple memories (pass --enable-multi-memory)"), Code::Unsupported);
        assert_eq!(of("unknown import: what a module says of another"), Code::Invalid);
        assert_eq!(
            Code::of("nothing  that is\nknown", Code::Invalid),
            (Code::Invalid, "nothing that is known".to_string())
        );
    }

    #[test]
    fn failures_name_phase_message_and_code() {
        let failure = Failure::new(Code::InvalidPath, "a.wasm: the file does not exist");
        assert_eq!(failure.to_string(), "loading failed: a.wasm: the file does not exist, Code: 0x100");
        let explained = Failure::explained(Code::FunctionNotFound, "function not found: `f`", "    no functions");
        assert_eq!(explained.to_string(), "execution failed: function not found: `f`, Code: 0x005\n    no functions");
    }

    #[test]
    fn places_say_what_is_known() {
        let place = |function, offset| Place { function, offset }.to_string();
        assert_eq!(place(Some((3, Some("name"))), Some(0x2b)), " (in function 3 `name`, at byte offset 0x2b)");
        assert_eq!(place(Some((3, None)), None), " (in function 3)");
        assert_eq!(place(None, None), "");
    }
}
