//! The command line of `wasmedge run`.

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use console::{Console, Level};
use engine::{Loading, Mode};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// What the user asked for.
pub struct Arguments {
    /// The file to run.
    pub file: PathBuf,
    /// Everything after the file.
    pub rest: Vec<OsString>,
    /// What runs it, and what it may use if that is the interpreter.
    pub loading: Loading,
    /// Whether to call a function named by the first argument instead of the program.
    pub reactor: bool,
    /// The folders that the program may use.
    pub dirs: Vec<Dir>,
    /// The program's environment.
    pub env: Vec<(OsString, OsString)>,
    /// Where messages go.
    pub console: Console,
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

/// Parses the command line; on failure, and for help and version, gives clap's own message.
pub fn parse(args: Vec<OsString>) -> Result<Arguments, clap::Error> {
    let matches = command().try_get_matches_from(&args)?;
    let mut words = many::<OsString>(&matches, "FILE").into_iter();
    let file = words.next().expect("clap requires it");
    // The program's arguments may begin with hyphens, so clap takes an option that it does not know for the file.
    let known = args.iter().take_while(|arg| **arg != file).any(|arg| arg == "--");
    if file.as_encoded_bytes().starts_with(b"-") && !known {
        let message = format!("unexpected argument '{}' found", file.display());
        return Err(command().error(ErrorKind::UnknownArgument, message));
    }
    Ok(Arguments {
        file: file.into(),
        rest: words.collect(),
        loading: Loading { mode: mode(&matches), features: console::features::given(&matches), ..Loading::default() },
        reactor: matches.get_flag("reactor"),
        dirs: many(&matches, "dir"),
        env: many(&matches, "env"),
        console: Console::new(Level::given(&matches)),
    })
}

fn mode(matches: &ArgMatches) -> Mode {
    match matches.get_one::<String>("run-mode").map(String::as_str) {
        Some("interpreter") => Mode::Interpreter,
        Some("aot") => Mode::Aot,
        _ if matches.get_flag("force-interpreter") => Mode::Interpreter,
        _ => Mode::Auto,
    }
}

fn many<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Vec<T> {
    matches.get_many(name).map(|values| values.cloned().collect()).unwrap_or_default()
}

fn command() -> Command {
    Command::new("wasmedge")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .about("Runs WebAssembly. `wasmedge compile` compiles it (see `wasmedge compile --help`)")
        .override_usage("wasmedge [run] [OPTIONS] [--] FILE [ARG ...]\n       wasmedge compile [OPTIONS] [--] WASM OUT")
        .arg(Arg::new("version").short('v').long("version").action(ArgAction::Version).help("Print the version"))
        .arg(
            Arg::new("reactor").long("reactor").action(ArgAction::SetTrue).help(
                "Call the function named by the first ARG, with the others as its parameters, and print its results",
            ),
        )
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
        .arg(
            Arg::new("dir")
                .long("dir")
                .value_name("[GUEST:]HOST[:readonly]")
                .action(ArgAction::Append)
                .value_parser(parse_dir)
                .help("Let the program use a folder, under the name GUEST"),
        )
        .arg(
            Arg::new("env")
                .long("env")
                .value_name("NAME=VALUE")
                .action(ArgAction::Append)
                .value_parser(OsStringValueParser::new().try_map(|text: OsString| parse_env(&text)))
                .help("Set a variable of the program's environment"),
        )
        .args(console::features::args())
        .arg(Level::arg())
        .arg(
            Arg::new("FILE")
                .value_names(["FILE", "ARG"])
                .help("The module, then the program's arguments")
                .num_args(1..)
                .required(true)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .value_parser(value_parser!(OsString)),
        )
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
    use std::os::unix::ffi::OsStrExt;
    let bytes = text.as_bytes();
    match bytes.iter().position(|&byte| byte == b'=') {
        Some(at) if at > 0 => {
            Ok((OsStr::from_bytes(&bytes[..at]).to_owned(), OsStr::from_bytes(&bytes[at + 1..]).to_owned()))
        }
        _ => Err("expected NAME=VALUE".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn everything_after_the_file_belongs_to_the_program() {
        let arguments = parse(words("wasmedge --env A=b=c app.wasm --reactor --dir x -- y")).expect("well-formed");
        assert!(!arguments.reactor && arguments.dirs.is_empty());
        assert_eq!(arguments.env, [("A".into(), "b=c".into())]);
        assert_eq!(arguments.rest, words("--reactor --dir x -- y"));
    }

    #[test]
    fn folders_have_a_guest_name_and_a_host_path() {
        let dir = |guest: &str, host: &str, readonly| Dir { guest: guest.into(), host: host.into(), readonly };
        assert_eq!(parse_dir("data"), Ok(dir("data", "data", false)));
        assert_eq!(parse_dir("/:data"), Ok(dir("/", "data", false)));
        assert_eq!(parse_dir("/:data:readonly"), Ok(dir("/", "data", true)));
        assert!(parse_dir("a:b:c").is_err() && parse_dir(":b").is_err());
    }
}
