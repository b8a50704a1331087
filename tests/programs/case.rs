//! `cases.json`: what is run, and what must come of it. `README.md` beside it describes the fields.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    schema: u32,
    cases: Vec<Case>,
}

/// One run of a program, or several in the same scratch directory.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub program: String,
    args: Vec<String>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    stdin: Option<String>,
    stdin_file: Option<String>,
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    #[serde(default)]
    exit: i32,
    #[serde(default)]
    then: Vec<Step>,
    pub trap: Option<String>,
    pub stdout: Option<String>,
    #[serde(default)]
    pub heavy: bool,
}

/// One run.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub args: Vec<String>,
    pub stdin: Option<String>,
    pub stdin_file: Option<String>,
    #[serde(default)]
    pub exit: i32,
}

impl Case {
    /// All cases.
    pub fn all() -> Vec<Case> {
        let cases: Cases = serde_json::from_str(include_str!("cases.json")).expect("cases.json is well-formed");
        assert_eq!(cases.schema, 1, "the schema of cases.json");
        cases.cases
    }

    /// Its runs, in order.
    pub fn steps(&self) -> Vec<Step> {
        let Case { args, stdin, stdin_file, exit, .. } = self;
        let first = Step { args: args.clone(), stdin: stdin.clone(), stdin_file: stdin_file.clone(), exit: *exit };
        std::iter::once(first).chain(self.then.iter().cloned()).collect()
    }
}
