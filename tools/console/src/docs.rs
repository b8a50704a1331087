//! Completions and manual pages, made from the command lines themselves.

use crate::codes::Failure;
use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use clap_mangen::Man;
use std::ffi::OsString;

const INSTALLING: &str = "\
Examples:
  bash   wasmedge completions bash > ~/.local/share/bash-completion/completions/wasmedge
  zsh    wasmedge completions zsh > ~/.zfunc/_wasmedge, with ~/.zfunc in $fpath
  fish   wasmedge completions fish > ~/.config/fish/completions/wasmedge.fish";

/// The commands that print them.
pub fn commands() -> [Command; 2] {
    [
        Command::new("completions").about("Prints completions for a shell").after_help(INSTALLING).defer(|command| {
            let shell = Arg::new("SHELL").required(true).value_parser(value_parser!(Shell));
            command.arg(shell.help("The shell"))
        }),
        Command::new("man").about("Prints the manual page, to be read with `man -l -`").defer(|command| {
            let of = Arg::new("COMMAND").help("The command to describe [default: what all have in common]");
            command.arg(of)
        }),
    ]
}

/// Runs one of the commands for a tool.
///
/// # Errors
/// If it asks for a manual page of a command that there is not, or cannot write.
pub fn run(matches: &ArgMatches, tool: Command) -> Result<(), Failure> {
    let name = tool.get_name().to_string();
    // Pages have the bare number.
    let mut tool = tool.version(env!("CARGO_PKG_VERSION"));
    let mut text = Vec::new();
    if let Ok(Some(&shell)) = matches.try_get_one::<Shell>("SHELL") {
        clap_complete::generate(shell, &mut tool, name, &mut text);
    } else {
        tool.build();
        let command = match matches.get_one::<String>("COMMAND") {
            Some(command) => {
                let found = tool.find_subcommand(command).cloned();
                found.ok_or_else(|| format!("there is no command `{command}`: see {name} --help"))?
            }
            None => tool,
        };
        let page = Man::new(command).date("").render(&mut text);
        page.map_err(|error| format!("the manual page cannot be made: {error}"))?;
    }
    crate::print(&text)
}

/// A command line of which only the request for help is left, if it has one: whoever asks for help need not have the rest right.
/// It is for commands whose arguments are all their own.
pub fn help_first(args: Vec<OsString>) -> Vec<OsString> {
    let mut own = args.iter().skip(2).take_while(|arg| *arg != "--");
    match own.find(|arg| *arg == "-h" || *arg == "--help").cloned() {
        Some(help) => args.into_iter().take(2).chain([help]).collect(),
        None => args,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_help_gets_it() {
        let left = |text: &str| {
            let words = help_first(text.split_whitespace().map(OsString::from).collect());
            words.join(" ".as_ref()).into_string().expect("it was Unicode")
        };
        assert_eq!(left("tool compile --nonsense --help a"), "tool compile --help");
        assert_eq!(left("tool compile a -h"), "tool compile -h");
        assert_eq!(left("tool compile -- -h a"), "tool compile -- -h a");
        assert_eq!(left("tool"), "tool");
    }
}
