//! The same bytes everywhere: whoever compiles, where, when and with what around. What the bytes are stands in
//! `reproducible/hashes.txt`, for two architectures; `make bless` renews it.

use artifact::{Artifact, BuildDir, Manifest, Options};
use driver::{Request, Silent, Wanted};
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The targets of the list, and the processors that it is for. None of them is this machine's own.
const TARGETS: [(&str, &str); 2] =
    [("x86_64-unknown-linux-gnu", "x86-64-v2"), ("aarch64-unknown-linux-gnu", driver::GENERIC)];
/// What only code for x86-64 can do: catch exceptions.
const X86_64_ONLY: &[&str] = &["exception"];

/// A user with few rights, as most systems have one.
const NOBODY: u32 = 65534;

/// The hash of what each module of `modules/` becomes.
#[test]
fn the_bytes_are_those_of_the_list() {
    let mut list = format!("LLVM {}\n", llvm::version());
    for (triple, cpu) in TARGETS {
        let target = Wanted { triple: Some(triple), cpu: Some(cpu), ..Wanted::default() }.target();
        let target = target.expect("the target is known");
        for name in crate::modules::names() {
            if target.architecture() != "x86_64" && X86_64_ONLY.contains(&name.as_str()) {
                continue;
            }
            let (features, metering) = (crate::modules::features(&name), crate::modules::metering(&name));
            let options = Options { features, metering, ..Options::new(target.clone()) };
            let made = driver::compile(&crate::modules::binary(&name), &Request::new(options), &Silent);
            let file = made.unwrap_or_else(|error| panic!("{name}, {triple}: {error}")).file;
            writeln!(list, "{name} {triple} {cpu} {}", blake3::hash(&file).to_hex()).expect("a string takes it");
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reproducible/hashes.txt");
    if std::env::var_os("HASHES").is_some_and(|value| value == "overwrite") {
        fs::write(&path, list).expect("the list can be written");
        return;
    }
    let known = fs::read_to_string(&path).expect("the list is there");
    assert_eq!(known.lines().next(), list.lines().next(), "the list is for another version of LLVM");
    let differing: Vec<_> = list.lines().filter(|line| !known.lines().any(|known| known == *line)).collect();
    assert!(differing.is_empty(), "other bytes than the list says; `make bless` renews it: {differing:#?}");
    assert_eq!(known.lines().count(), list.lines().count(), "the list has modules that are gone");
}

/// Whoever compiles, and wherever.
#[test]
fn the_surroundings_do_not_matter() {
    let modules = [("jsontool", crate::programs::wasm("jsontool")), ("call", crate::modules::binary("call"))];
    let outputs = [
        ("x86_64-unknown-linux-gnu", "x86-64-v2", "out.wasm"),
        ("x86_64-unknown-linux-gnu", "x86-64-v2", "out.so"),
        ("aarch64-unknown-linux-gnu", driver::GENERIC, "out.wasm"),
        ("aarch64-apple-darwin", driver::GENERIC, "out.dylib"),
        ("x86_64-pc-windows-msvc", driver::GENERIC, "out.dll"),
    ];
    let tools = tools();
    for (name, bytes) in &modules {
        for (triple, cpu, out) in outputs {
            let arguments = ["--unit-size", "8192", "--target", triple, "--cpu", cpu];
            let mut made: Option<(String, Vec<u8>)> = None;
            for tool in &tools {
                for place in [Place::plain(), Place::other()] {
                    // The second time with everything in the cache.
                    for turn in ["first", "second"] {
                        let file = place.compile(tool, bytes, &arguments, out);
                        let what = format!("{} {place:?}, {turn} time", tool.display());
                        match &made {
                            None => made = Some((what, file)),
                            Some((other, expected)) => assert!(
                                file == *expected,
                                "{name}, {triple}, {out}: by {what} other bytes than by {other}"
                            ),
                        }
                    }
                }
            }
        }
    }
}

/// The tool, and the same built otherwise if it is there and made of the same source.
fn tools() -> Vec<PathBuf> {
    let tool = tests::tool("wasmedge-stage");
    let own = source(&tool).expect("the tool works");
    let profiles = tool.parent().and_then(Path::parent).expect("it lies in the folder of its profile");
    let others = ["debug", "release"].map(|profile| profiles.join(profile).join("wasmedge-stage"));
    let others = others.into_iter().filter(|other| *other != tool && source(other).as_ref() == Some(&own));
    [tool.clone()].into_iter().chain(others).collect()
}

/// What a tool calls itself in a manifest: with a hash of its source.
fn source(tool: &Path) -> Option<String> {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("empty.wat"), "(module)").expect("it can be written");
    let parse = ["parse", "--build-dir", "build", "empty.wat"];
    let status = Command::new(tool).args(parse).current_dir(folder.path()).status().ok()?;
    let manifest = BuildDir::new(folder.path().join("build")).manifest();
    let text = fs::read_to_string(manifest).ok().filter(|_| status.success())?;
    Manifest::read(&text).ok().map(|manifest| manifest.tool)
}

/// Where a compile runs, and as whom.
#[derive(Debug)]
struct Place {
    folder: TempDir,
    other: bool,
}

impl Place {
    fn plain() -> Place {
        Place { folder: TempDir::new().expect("a temporary folder"), other: false }
    }

    /// Whatever can differ does.
    fn other() -> Place {
        let folder = tempfile::Builder::new().prefix("ganz anders, ").suffix(" \u{1F4A1}").tempdir();
        Place { folder: folder.expect("a temporary folder"), other: true }
    }

    fn compile(&self, tool: &Path, bytes: &[u8], arguments: &[&str], out: &str) -> Vec<u8> {
        let folder = self.folder.path();
        let wasm = folder.join(if self.other { "andere.wasm" } else { "module.wasm" });
        fs::write(&wasm, bytes).expect("it can be written");
        let mut line = r#"umask 022; exec "$@""#.to_string();
        if self.other {
            line = r#"umask 077; exec "$@""#.to_string();
            // Somebody else where we may become so, with a tool that they can read.
            if chown(folder, Some(NOBODY), Some(NOBODY)).is_ok() {
                chown(&wasm, Some(NOBODY), Some(NOBODY)).expect("root may");
                line = format!(r#"umask 077; exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups "$@""#);
            }
        }
        let own = folder.join("tool");
        if !own.exists() {
            // By another process: a file that this one has open for writing cannot be run while any thread of it starts something.
            let copied = Command::new("cp").arg(tool).arg(&own).status().expect("cp can be run");
            assert!(copied.success(), "the tool can be copied");
            fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).expect("the copy is ours");
        }
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &line, "sh"]).arg(&own).args(["compile", "--quiet"]).args(arguments);
        command.current_dir(folder).env_clear().env("XDG_CACHE_HOME", folder.join("cache"));
        match self.other {
            false => command.env("PATH", "/usr/bin:/bin").env("HOME", folder).args(["-j", "1"]),
            true => command
                .env("PATH", "/bin:/sbin:/usr/sbin:/usr/bin:/nowhere")
                .envs([("TZ", "Asia/Kathmandu"), ("LC_ALL", "tr_TR.UTF-8"), ("LANG", "de_DE.ISO-8859-15")])
                .envs([("SOURCE_DATE_EPOCH", "1"), ("USER", "nobody"), ("TERM", "dumb"), ("RAYON_NUM_THREADS", "3")])
                .args(["-j", "4"]),
        };
        let output = command.arg(&wasm).arg(out).output().expect("a shell can be run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {said}");
        fs::read(folder.join(out)).expect("it was written")
    }
}
