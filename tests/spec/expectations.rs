//! What is known to fail, and why.

use std::collections::BTreeSet;

const TEXT: &str = include_str!("expectations.txt");

/// What begins a line that is about the interpreter only.
const INTERPRETER: &str = "interpreter: ";

/// The directives that are known to fail, by file and line.
pub struct Expectations(BTreeSet<(String, usize)>);

impl Expectations {
    /// Reads the list, for native code or for the interpreter.
    ///
    /// # Panics
    /// If a line is not of the form `file:line — reason`, or gives no reason.
    pub fn read(is_interpreted: bool) -> Expectations {
        let lines = TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let lines = lines.filter_map(|line| match line.strip_prefix(INTERPRETER) {
            Some(line) => is_interpreted.then_some(line),
            None => Some(line),
        });
        let entry = |line: &str| {
            let (place, _) = line.split_once(" — ").filter(|(_, reason)| !reason.trim().is_empty())?;
            let (file, number) = place.split_once(':')?;
            Some((file.to_string(), number.parse().ok()?))
        };
        Expectations(lines.map(|line| entry(line).unwrap_or_else(|| panic!("expectations.txt: `{line}`"))).collect())
    }

    /// Keeps what belongs to some files.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(file, _)| keep(file));
    }

    /// Takes an entry out of the list; false if it is not there.
    pub fn take(&mut self, file: &str, line: usize) -> bool {
        self.0.remove(&(file.to_string(), line))
    }

    /// What nobody has taken.
    pub fn left(self) -> impl Iterator<Item = (String, usize)> {
        self.0.into_iter()
    }
}
