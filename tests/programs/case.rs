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
#[derive(Clone, Deserialize)]
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
    #[serde(default = "here")]
    pub at: String,
    expected: Option<String>,
    #[serde(default)]
    pub heavy: bool,
    #[serde(default)]
    pub net: bool,
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
    pub expected: Option<String>,
}

/// Where a program finds the scratch directory, if a case does not say it.
fn here() -> String {
    ".".to_string()
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
        let Case { args, stdin, stdin_file, exit, expected, .. } = self.clone();
        let first = Step { args, stdin, stdin_file, exit, expected };
        std::iter::once(first).chain(self.then.iter().cloned()).collect()
    }
}
