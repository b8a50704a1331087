//! `wasmedge instantiate`: loads and links, but calls nothing besides the start function.

use crate::arguments::{self, Linking};
use crate::link::link;
use crate::report::End;
use crate::session::Session;
use clap::ArgMatches;
use console::Console;

/// Instantiates what the command line says.
pub fn run(matches: &ArgMatches) -> Result<(), End> {
    let (file, console) = (arguments::file(matches), Console::given(matches));
    let args = [file.as_os_str().to_owned()];
    let linking = Linking::given(matches)?;
    let mut session = Session::begin(&linking, console)?;
    let linked = link(&mut session, file, args, &linking, console);
    session.end();
    session.tell(&linked);
    let by = if linked?.module.is_native() { "native code" } else { "the interpreter" };
    console.info(format!("{}: the module is instantiated, to be run by {by}", file.display()));
    Ok(())
}
