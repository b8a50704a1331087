//! The command line.

use clap::builder::{OsStringValueParser, TypedValueParser, ValueHint};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use console::codes::Failure;
use console::{Console, features, metering};
use engine::{Loading, Mode};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  wasmedge app.wasm one two
          Runs the program with two arguments
  wasmedge --dir /data:./files --env LANG=C app.wasm
          Lets it use the folder ./files as /data, and sets a variable of its environment
  wasmedge --reactor fib.wasm fib 30
          Calls one exported function, and prints its results one a line
  wasmedge --module host:library.wasm app.wasm
          Gives it the exports of library.wasm for what it imports from `host`
  wasmedge compile app.wasm app_aot.wasm
          Compiles it first; app_aot.wasm runs as native code

Exit codes:
  0    The program ended, or its function returned
  N    The program ended with proc_exit(N)
  134  It was stopped by a trap or a limit: standard error says why, and which functions were running
  1    Something was wrong before it ran: standard error says what";

const VALIDATE_EXAMPLES: &str = "\
Examples:
  wasmedge validate app.wasm && echo good
  wasmedge validate --wasm-3 app.wat
          As edition 3 of the standard has it

Exit codes:
  0    The module is valid
  1    It is not: standard error says what is wrong, in which function and at which byte";

const PARSE_EXAMPLES: &str = "\
Examples:
  wasmedge parse app.wasm
  wasmedge parse app_aot.wasm | grep -A 1 'custom section'
          What tools have added, as `compile` does

Exit codes:
  0    The module is well-formed; whether it is valid is another matter
  1    It is not: standard error says what is wrong, at which byte";

const INSTANTIATE_EXAMPLES: &str = "\
Examples:
  wasmedge instantiate --module host:library.wasm app.wasm
          Tells whether everything that app.wasm imports is there, and fits

Exit codes:
  0    The module is instantiated, and its start function has returned
  134  The start function was stopped by a trap or a limit
  1    Something is missing or does not fit: standard error says what";

/// The words that are commands, if they come first. What comes first otherwise is the file to run, or an option of `run`.
const COMMANDS: &[&str] = &["run", "compile", "parse", "validate", "instantiate", "completions", "man", "help"];

/// The whole command line.
pub fn command() -> Command {
    running()
        .args_conflicts_with_subcommands(true)
        .subcommand_negates_reqs(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("run").about("Runs a module; the word may be left out").defer(run))
        .subcommand(console::compile::command())
        .subcommand(Command::new("parse").about("Prints what a module consists of, section by section").defer(parse))
        .subcommand(Command::new("validate").about("Checks whether a module is valid").defer(validate))
        .subcommand(
            Command::new("instantiate")
                .about("Links a module and runs its start function, but calls nothing")
                .defer(instantiate),
        )
        .subcommands(console::docs::commands())
}

/// What the command line is without its commands.
fn running() -> Command {
    let usage = "wasmedge [run] [OPTIONS] [--] FILE [ARG ...]\n       wasmedge COMMAND [OPTIONS] ...";
    let command = Command::new("wasmedge")
        .version(console::VERSION)
        .disable_version_flag(true)
        .args_override_self(true)
        .about("Runs WebAssembly: natively what is compiled, else by an interpreter")
        .override_usage(usage)
        .arg(console::version_arg());
    run(command)
}

fn run(command: Command) -> Command {
    let reactor = "Call the function that the first ARG names, with the others as its parameters, and print its results; \
                   always so for a module without `_start`";
    let command = command.after_help(EXAMPLES).arg(
        Arg::new("FILE")
            .value_names(["FILE", "ARG"])
            .help("The module (.wasm, .wat, or a library made by `compile`), then the program's arguments")
            .num_args(1..)
            .required(true)
            .trailing_var_arg(true)
            .allow_hyphen_values(true)
            .value_hint(ValueHint::FilePath)
            .value_parser(value_parser!(OsString)),
    );
    linking(command.arg(Arg::new("reactor").long("reactor").action(ArgAction::SetTrue).help(reactor)))
}

fn instantiate(command: Command) -> Command {
    linking(command.after_help(INSTANTIATE_EXAMPLES).arg(module_arg()))
}

fn validate(command: Command) -> Command {
    let command = command.after_help(VALIDATE_EXAMPLES).arg(module_arg()).args(features::args());
    command.next_help_heading("Messages").args(Console::args())
}

fn parse(command: Command) -> Command {
    let command = command.after_help(PARSE_EXAMPLES).arg(module_arg());
    command.next_help_heading("Messages").args(Console::args())
}

fn module_arg() -> Arg {
    let arg = Arg::new("FILE").help("The module, binary or (.wat) text").required(true);
    arg.value_hint(ValueHint::FilePath).value_parser(value_parser!(PathBuf))
}

/// The options of what makes instances.
fn linking(command: Command) -> Command {
    command
        .next_help_heading("What runs it")
        .arg(
            Arg::new("run-mode")
                .long("run-mode")
                .value_name("MODE")
                .value_parser(["interpreter", "aot"])
                .help("Run by the interpreter, or by native code only [default: by native code if the file has some]"),
        )
        .arg(
            Arg::new("force-interpreter")
                .long("force-interpreter")
                .action(ArgAction::SetTrue)
                .conflicts_with("run-mode")
                .help("The same as --run-mode interpreter"),
        )
        .next_help_heading("What it may use")
        .arg(
            Arg::new("dir")
                .long("dir")
                .value_name("[GUEST:]HOST[:readonly]")
                .action(ArgAction::Append)
                .value_parser(parse_dir)
                .value_hint(ValueHint::DirPath)
                .help("Let the program use a folder, under the name GUEST; may be repeated"),
        )
        .arg(
            Arg::new("env")
                .long("env")
                .value_name("NAME=VALUE")
                .action(ArgAction::Append)
                .value_parser(OsStringValueParser::new().try_map(|text: OsString| parse_env(&text)))
                .help("Set a variable of the program's environment; may be repeated"),
        )
        .arg(
            Arg::new("module")
                .long("module")
                .value_name("NAME:PATH")
                .action(ArgAction::Append)
                .value_parser(OsStringValueParser::new().try_map(|text: OsString| parse_module(&text)))
                .help(
                    "Link with another module under a name; may be repeated, and each can import from those before it",
                ),
        )
        .arg(
            Arg::new("memory-page-limit")
                .long("memory-page-limit")
                .value_name("N")
                .value_parser(value_parser!(u32))
                .help("Let no memory have more than N pages of 64 KiB"),
        )
        .arg(
            Arg::new("allow-net")
                .long("allow-net")
                .action(ArgAction::SetTrue)
                .help("Let the program use the network: sockets, and looking up names"),
        )
        .args(features::args())
        .next_help_heading("Limits")
        .arg(
            Arg::new("gas-limit")
                .long("gas-limit")
                .value_name("N")
                .value_parser(value_parser!(u64))
                .help("Stop the program before it has used more than N units of gas"),
        )
        .arg(Arg::new("time-limit").long("time-limit").value_name("MS").value_parser(value_parser!(u64)).help(
            "Stop the program after so many milliseconds, loading and its start function included; 0 for no limit",
        ))
        .next_help_heading("Statistics")
        .args(metering::args())
        .next_help_heading("Messages")
        .args(Console::args())
}

/// Parses the command line; on failure, and for help and version, gives clap's own message.
pub fn matches(args: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let commanded = args.get(1).is_none_or(is_command);
    // Who runs a program that ends at once would feel the making of commands that are not used; messages are worth it.
    if !commanded && let Ok(matches) = running().try_get_matches_from(args) {
        return check_file(args, &matches).map(|()| matches);
    }
    let matches = command().try_get_matches_from(args)?;
    if let Some(("run", run)) = matches.subcommand() {
        check_file(&args[1..], run)?;
    }
    Ok(matches)
}

/// The error of a line that has a command behind options, so that it was taken for the file to run; none if there is such a file.
pub fn misplaced_command(matches: &ArgMatches) -> Option<clap::Error> {
    let file = matches.try_get_one::<OsString>("FILE").ok()??;
    let message = format!("the command '{}' comes before its options", file.display());
    (is_command(file) && !Path::new(file).exists()).then(|| command().error(ErrorKind::InvalidSubcommand, message))
}

fn is_command(word: &OsString) -> bool {
    COMMANDS.iter().any(|command| word == command)
}

/// Sees to it that the file is none of the options: the program's arguments may begin with hyphens, so clap takes an option that it
/// does not know for the file.
fn check_file(args: &[OsString], matches: &ArgMatches) -> Result<(), clap::Error> {
    let file = matches.get_one::<OsString>("FILE").expect("clap requires it");
    let at = args.iter().skip(1).position(|arg| arg == file).map_or(args.len(), |at| at + 1);
    if !file.as_encoded_bytes().starts_with(b"-") || args[..at].iter().any(|arg| arg == "--") {
        return Ok(());
    }
    // Without what follows, and with no such file allowed, clap says what it would say of an option elsewhere.
    let strict = running().mut_arg("FILE", |file| file.allow_hyphen_values(false));
    Err(match strict.try_get_matches_from(args.iter().take(at + 1)) {
        Err(error) => error,
        Ok(_) => command().error(ErrorKind::UnknownArgument, format!("unexpected argument '{}' found", file.display())),
    })
}

/// What a module is linked with, and what may become of it.
pub struct Linking {
    /// What runs it, and what it may use if that is the interpreter.
    pub loading: Loading,
    /// The folders that the program may use.
    pub dirs: Vec<Dir>,
    /// The program's environment; the last value of each name counts.
    pub env: Vec<(OsString, OsString)>,
    /// The modules that it is linked with, in order.
    pub modules: Vec<Named>,
    /// The most pages that a memory may have.
    pub memory_page_limit: Option<u32>,
    /// Whether the program may use the network.
    pub allows_net: bool,
    /// The most gas that it may use.
    pub gas_limit: Option<u64>,
    /// The longest that it may take.
    pub time_limit: Option<Duration>,
    /// Whether the time that it takes is measured.
    pub measures_time: bool,
    /// Whether the gas that it used is told.
    pub tells_gas: bool,
    /// Whether its code must count gas by the table in [`Loading::metering`], rather than by any.
    pub fixes_costs: bool,
}

/// A folder that the program may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dir {
    /// Its name for the program.
    pub guest: String,
    /// Its path on the host.
    pub host: PathBuf,
    /// Whether the program may only read.
    pub readonly: bool,
}

/// A module to link with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// What imports call it.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

impl Linking {
    /// What the options ask for.
    ///
    /// # Errors
    /// If the table of costs cannot be read, or is none.
    pub fn given(matches: &ArgMatches) -> Result<Linking, Failure> {
        let gas_limit = matches.get_one("gas-limit").copied();
        let time_limit = matches.get_one("time-limit").copied().filter(|&limit| limit > 0).map(Duration::from_millis);
        let mut metering = metering::given(matches)?;
        let tells_gas = metering.gas.is_some();
        if gas_limit.is_some() {
            metering.gas.get_or_insert_default();
        }
        metering.interruptible = time_limit.is_some();
        Ok(Linking {
            loading: Loading { mode: mode(matches), features: features::given(matches), metering },
            dirs: many(matches, "dir"),
            env: many(matches, "env"),
            modules: many(matches, "module"),
            memory_page_limit: matches.get_one("memory-page-limit").copied(),
            allows_net: matches.get_flag("allow-net"),
            gas_limit,
            time_limit,
            measures_time: metering::is_on(matches, metering::TIME),
            tells_gas,
            fixes_costs: metering::has_table(matches),
        })
    }
}

/// The file of a command that takes one.
pub fn file(matches: &ArgMatches) -> &Path {
    matches.get_one::<PathBuf>("FILE").expect("clap requires it")
}

fn mode(matches: &ArgMatches) -> Mode {
    match matches.get_one::<String>("run-mode").map(String::as_str) {
        Some("interpreter") => Mode::Interpreter,
        Some("aot") => Mode::Aot,
        _ if matches.get_flag("force-interpreter") => Mode::Interpreter,
        _ => Mode::Auto,
    }
}

/// The values of an option or argument that may come several times.
pub fn many<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Vec<T> {
    matches.get_many(name).map(|values| values.cloned().collect()).unwrap_or_default()
}

/// `HOST`, `GUEST:HOST` or `GUEST:HOST:readonly`.
fn parse_dir(text: &str) -> Result<Dir, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (guest, host, readonly) = match parts[..] {
        [host] => (host, host, false),
        [guest, host] => (guest, host, false),
        [guest, host, "readonly"] => (guest, host, true),
        _ => return Err("expected HOST, GUEST:HOST or GUEST:HOST:readonly".to_string()),
    };
    if guest.is_empty() || host.is_empty() {
        return Err("a folder has an empty name".to_string());
    }
    Ok(Dir { guest: guest.to_string(), host: host.into(), readonly })
}

/// `NAME=VALUE`.
fn parse_env(text: &OsStr) -> Result<(OsString, OsString), String> {
    split(text, b'=').ok_or_else(|| "expected NAME=VALUE".to_string())
}

/// `NAME:PATH`.
fn parse_module(text: &OsStr) -> Result<Named, String> {
    match split(text, b':') {
        Some((name, path)) if !path.is_empty() => {
            let name = name.into_string().map_err(|_| "the name is not Unicode".to_string())?;
            Ok(Named { name, path: path.into() })
        }
        _ => Err("expected NAME:PATH".to_string()),
    }
}

/// What comes before and after the first separator; none without, or if nothing comes before it.
fn split(text: &OsStr, separator: u8) -> Option<(OsString, OsString)> {
    use std::os::unix::ffi::OsStrExt;
    let bytes = text.as_bytes();
    let at = bytes.iter().position(|&byte| byte == separator).filter(|&at| at > 0)?;
    Some((OsStr::from_bytes(&bytes[..at]).to_owned(), OsStr::from_bytes(&bytes[at + 1..]).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
        let mut built = command();
        built.build();
        let names: Vec<&str> = built.get_subcommands().map(Command::get_name).collect();
        assert_eq!(names, COMMANDS);
    }

    #[test]
    fn everything_after_the_file_belongs_to_the_program() {
        let given = |text: &str| {
            let matches = matches(&words(text)).expect("well-formed");
            let run = matches.subcommand().map_or(&matches, |(_, run)| run).clone();
            (run.get_flag("reactor"), many::<OsString>(&run, "FILE"), Linking::given(&run).expect("no table"))
        };
        for before in ["", "run "] {
            let line = format!("wasmedge {before}--env A=b=c app.wasm --reactor --dir x -- y");
            let (reactor, file, linking) = given(&line);
            assert!(!reactor && linking.dirs.is_empty());
            assert_eq!(linking.env, [("A".into(), "b=c".into())]);
            assert_eq!(file, words("app.wasm --reactor --dir x -- y"));
        }
        // Only the first word is a command.
        let (reactor, file, _) = given("wasmedge --reactor parse validate");
        assert!(reactor);
        assert_eq!(file, words("parse validate"));
    }

    #[test]
    fn folders_have_a_guest_name_and_a_host_path() {
        let dir = |guest: &str, host: &str, readonly| Dir { guest: guest.into(), host: host.into(), readonly };
        assert_eq!(parse_dir("data"), Ok(dir("data", "data", false)));
        assert_eq!(parse_dir("/:data"), Ok(dir("/", "data", false)));
        assert_eq!(parse_dir("/:data:readonly"), Ok(dir("/", "data", true)));
        assert!(parse_dir("a:b:c").is_err() && parse_dir(":b").is_err());
    }

    #[test]
    fn modules_have_a_name_and_a_path() {
        let module = |text: &str| parse_module(OsStr::new(text)).ok().map(|Named { name, path }| (name, path));
        assert_eq!(module("host:a:b.wasm"), Some(("host".into(), "a:b.wasm".into())));
        assert_eq!([module("host:"), module(":a.wasm"), module("a.wasm")], [None, None, None]);
    }
}
