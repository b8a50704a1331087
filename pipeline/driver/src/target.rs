//! What code can be made for: targets, their processors, and the features of these.

use artifact::Target;
use llvm::TargetSpec;

/// The targets that code is made for.
pub const TRIPLES: &[&str] = &[
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
];

/// The name of the architecture's baseline, whatever the architecture is.
pub const GENERIC: &str = "generic";
/// The name of the processor that this runs on.
pub const NATIVE: &str = "native";

/// The levels of x86-64: names for sets of features, not for processors that code could be tuned for.
const LEVELS: &[&str] = &["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"];

/// What to make code for; what is left out follows from the machine that this runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// The target, in any spelling of its triple; the host's if none.
    pub triple: Option<&'a str>,
    /// The processor, by one of the names of [`cpus()`]. If none: the host's for the host's triple, else [`GENERIC`].
    pub cpu: Option<&'a str>,
    /// Changes to the processor's features, as `+avx2,-bmi`.
    pub features: Option<&'a str>,
}

/// Why there is no such target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No code is made for the triple.
    #[error("the target `{0}` is not known")]
    Triple(String),
    /// The target has no such processor.
    #[error("the processor `{0}` is not known for {1}")]
    Cpu(String, String),
    /// The host's processor is not one of the target's.
    #[error("the processor of this machine is none of {0}")]
    Foreign(String),
    /// The target has no such feature, or it is not one that code may be made to use.
    #[error("the processor feature `{0}` is not known for {1}")]
    Feature(String, String),
    /// Not `+` or `-` and a name.
    #[error("`{0}` is not a processor feature with `+` or `-` before it")]
    Sign(String),
}

impl Wanted<'_> {
    /// The target that is meant.
    ///
    /// # Errors
    /// If something of it is not known.
    pub fn target(&self) -> Result<Target, TargetError> {
        let mut target = Target { triple: self.triple()?, tune: GENERIC.to_string(), cpu_features: Vec::new() };
        let host = host_triple();
        let cpu = self.cpu.unwrap_or(if target.triple == host { NATIVE } else { GENERIC });
        let mut spec =
            TargetSpec { triple: target.triple.clone(), cpu: target.baseline().to_string(), features: String::new() };
        match cpu {
            GENERIC => {}
            NATIVE if Target { triple: host, ..target.clone() }.architecture() == target.architecture() => {
                target.tune = llvm::host_cpu();
                spec.features = host_features();
            }
            NATIVE => return Err(TargetError::Foreign(target.triple)),
            name if known_cpus(&target.triple)?.contains(&name) => {
                spec.cpu = name.to_string();
                if !LEVELS.contains(&name) {
                    target.tune = name.to_string();
                }
            }
            _ => return Err(TargetError::Cpu(cpu.to_string(), target.triple)),
        }
        let known = abi::cpu::features(target.architecture());
        for change in self.features.unwrap_or_default().split(',').filter(|change| !change.is_empty()) {
            let name = change.strip_prefix(['+', '-']).ok_or_else(|| TargetError::Sign(change.to_string()))?;
            if !known.contains(&name) {
                return Err(TargetError::Feature(name.to_string(), target.triple));
            }
            if !spec.features.is_empty() {
                spec.features.push(',');
            }
            spec.features.push_str(change);
        }
        if spec.cpu != target.baseline() || !spec.features.is_empty() {
            let enabled = llvm::enabled_features(&spec, known.iter().copied()).expect("LLVM knows what the host has");
            target.cpu_features = enabled.into_iter().map(str::to_string).collect();
            target.cpu_features.sort();
        }
        Ok(target)
    }

    /// The triple as [`TRIPLES`] spells it. The vendor means nothing to us, and one name per target keeps bytes equal.
    fn triple(&self) -> Result<String, TargetError> {
        let Some(given) = self.triple else { return Ok(host_triple()) };
        let unknown = || TargetError::Triple(given.to_string());
        let normal = llvm::normalize_triple(given).ok_or_else(unknown)?;
        let (arch, system) = parts(&normal).ok_or_else(unknown)?;
        let arch = match arch {
            "arm64" => "aarch64",
            "amd64" => "x86_64",
            other => other,
        };
        let known = TRIPLES.iter().find(|known| parts(known) == Some((arch, system)));
        known.map(|known| known.to_string()).ok_or_else(unknown)
    }
}

/// The host as a target. `generic` asks for code that any processor of its architecture runs.
pub fn host_target(generic: bool) -> Target {
    let wanted = Wanted { cpu: Some(if generic { GENERIC } else { NATIVE }), ..Wanted::default() };
    wanted.target().expect("the host is known to itself")
}

/// The host's triple.
pub fn host_triple() -> String {
    let triple = llvm::default_triple();
    // Debian's LLVM calls its own system `pc`.
    let known = parts(&triple).and_then(|own| TRIPLES.iter().find(|known| parts(known) == Some(own)));
    known.map_or(triple.clone(), |known| known.to_string())
}

/// The processors of a target, by name, that code can be made for.
///
/// # Errors
/// If the target is not known.
pub fn cpus(wanted: &Wanted<'_>) -> Result<Vec<&'static str>, TargetError> {
    let target = Wanted { cpu: Some(GENERIC), features: None, ..*wanted }.target()?;
    let mut cpus = known_cpus(&target.triple)?;
    cpus.retain(|&cpu| cpu != GENERIC);
    let native = Target { triple: host_triple(), ..target.clone() }.architecture() == target.architecture();
    let own = [Some(GENERIC), native.then_some(NATIVE)];
    Ok(own.into_iter().flatten().chain(cpus).collect())
}

/// The features that code for a target's processors may use, sorted, and whether the wanted processor has them.
///
/// # Errors
/// If target or processor are not known.
pub fn cpu_features(wanted: &Wanted<'_>) -> Result<Vec<(&'static str, bool)>, TargetError> {
    let target = Wanted { features: None, ..*wanted }.target()?;
    let mut names = abi::cpu::features(target.architecture()).to_vec();
    names.sort_unstable();
    Ok(names.into_iter().map(|name| (name, target.cpu_features.iter().any(|has| has == name))).collect())
}

fn known_cpus(triple: &str) -> Result<Vec<&'static str>, TargetError> {
    let cpus = llvm::cpus(triple).map_err(|_| TargetError::Triple(triple.to_string()))?;
    Ok(cpus.collect())
}

/// The features of the host's processor for LLVM. What is missing comes last, so that nothing stays which needs it: a virtual
/// machine may hide some features of its processor.
fn host_features() -> String {
    let features = llvm::host_features();
    let (mut features, missing): (Vec<&str>, Vec<&str>) =
        features.split(',').partition(|feature| feature.starts_with('+'));
    features.extend(missing);
    features.join(",")
}

/// A triple in its full form without its vendor: the architecture, and the system with its environment.
fn parts(triple: &str) -> Option<(&str, &str)> {
    let (arch, rest) = triple.split_once('-')?;
    let (_vendor, system) = rest.split_once('-')?;
    Some((arch, system))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted<'a>(triple: &'a str, cpu: &'a str, features: &'a str) -> Result<Target, TargetError> {
        Wanted { triple: Some(triple), cpu: Some(cpu), features: Some(features) }.target()
    }

    fn features(triple: &str, cpu: &str, features: &str) -> String {
        wanted(triple, cpu, features).expect("all of it is known").cpu_features.join(" ")
    }

    #[test]
    fn a_target_has_one_name() {
        for (spelled, name) in [
            ("x86_64-linux-gnu", "x86_64-unknown-linux-gnu"),
            ("x86_64-pc-linux-gnu", "x86_64-unknown-linux-gnu"),
            ("aarch64-linux-musl", "aarch64-unknown-linux-musl"),
            ("arm64-apple-darwin", "aarch64-apple-darwin"),
            ("amd64-windows-msvc", "x86_64-pc-windows-msvc"),
        ] {
            assert_eq!(wanted(spelled, GENERIC, "").expect("a known target").triple, name);
        }
        for known in TRIPLES {
            let target = Wanted { triple: Some(known), cpu: Some(GENERIC), features: None }.target();
            assert_eq!(target.expect("a known target").triple, *known);
        }
        for unknown in ["", "help", "x86_64", "riscv64-unknown-linux-gnu", "x86_64-unknown-plan9", "a\0b"] {
            assert_eq!(wanted(unknown, GENERIC, ""), Err(TargetError::Triple(unknown.to_string())));
        }
        assert!(TRIPLES.contains(&host_triple().as_str()));
    }

    #[test]
    fn levels_and_processors_have_their_features() {
        const X86: &str = "x86_64-unknown-linux-gnu";
        assert_eq!(features(X86, GENERIC, ""), "");
        assert_eq!(features(X86, "x86-64", ""), "");
        let v2 = "popcnt sse3 sse4.1 sse4.2 ssse3";
        assert_eq!(features(X86, "x86-64-v2", ""), v2);
        let v3 = "avx avx2 bmi bmi2 f16c fma lzcnt movbe popcnt sse3 sse4.1 sse4.2 ssse3";
        assert_eq!(features(X86, "x86-64-v3", ""), v3);
        assert_eq!(features(X86, "haswell", ""), v3);
        assert_eq!(features(X86, "x86-64-v3", "-bmi,-avx"), "bmi2 lzcnt movbe popcnt sse3 sse4.1 sse4.2 ssse3");
        assert_eq!(features(X86, GENERIC, "+avx"), "avx sse3 sse4.1 sse4.2 ssse3");
        let tune = |cpu| wanted(X86, cpu, "").expect("a known processor").tune;
        assert_eq!([tune("x86-64-v3"), tune("haswell")], ["generic", "haswell"]);
        assert_eq!(features("aarch64-linux-gnu", "neoverse-n1", ""), "dotprod fullfp16 lse rdm");
    }

    #[test]
    fn what_is_not_known_is_refused() {
        const ARM: &str = "aarch64-unknown-linux-gnu";
        let text = |result: Result<Target, TargetError>| result.expect_err("it is not known").to_string();
        assert_eq!(text(wanted(ARM, "haswell", "")), format!("the processor `haswell` is not known for {ARM}"));
        assert_eq!(text(wanted(ARM, GENERIC, "+avx")), format!("the processor feature `avx` is not known for {ARM}"));
        let text = text(wanted(ARM, GENERIC, "lse"));
        assert_eq!(text, "`lse` is not a processor feature with `+` or `-` before it");
        let foreign = if host_triple().starts_with("aarch64") { "x86_64-linux-gnu" } else { ARM };
        assert!(matches!(wanted(foreign, NATIVE, ""), Err(TargetError::Foreign(_))));
    }

    /// What the loader checks one by one must be all that LLVM makes use of.
    #[test]
    fn features_bring_only_features_that_are_listed() {
        for triple in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
            let target = Target { triple: triple.into(), tune: GENERIC.into(), cpu_features: Vec::new() };
            let all: Vec<&str> = llvm::features(triple).expect("a known target").collect();
            let with = |features: String| {
                let spec = TargetSpec { triple: triple.into(), cpu: target.baseline().into(), features };
                llvm::enabled_features(&spec, all.iter().copied()).expect("known features")
            };
            let baseline = with(String::new());
            let known = abi::cpu::features(target.architecture());
            for feature in known {
                for brought in with(format!("+{feature}")) {
                    assert!(known.contains(&brought) || baseline.contains(&brought), "{feature} brings {brought}");
                }
            }
        }
    }
}
