//! The operating systems that native code is made for, and what they ask of it.
//!
//! Native code calls nothing of a system: all that it needs comes from the runtime. So the code for one architecture is the same
//! on every system, but for what a system keeps for itself: a register, or the stack below the stack pointer.

/// An operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux.
    Linux,
    /// macOS; triples call it `darwin` or `macosx`, with or without a version.
    MacOs,
    /// Windows.
    Windows,
}

impl System {
    /// The system of a target triple; none if it is no other than these.
    pub fn of(triple: &str) -> Option<System> {
        // The second or third part; some triples leave out the vendor.
        triple.split('-').skip(1).find_map(|part| match part {
            _ if part.starts_with("linux") => Some(System::Linux),
            _ if part.starts_with("darwin") || part.starts_with("macos") => Some(System::MacOs),
            _ if part.starts_with("windows") => Some(System::Windows),
            _ => None,
        })
    }

    /// Its name, as [`std::env::consts::OS`] has it.
    pub fn name(self) -> &'static str {
        match self {
            System::Linux => "linux",
            System::MacOs => "macos",
            System::Windows => "windows",
        }
    }

    /// Whether it keeps register x18 of aarch64 for itself: code neither writes nor reads it.
    pub fn reserves_x18(self) -> bool {
        matches!(self, System::MacOs | System::Windows)
    }

    /// Whether it leaves alone what lies right below the stack pointer, so that a leaf function may use it. Windows writes there
    /// when a fault is handled.
    pub fn has_red_zone(self) -> bool {
        !matches!(self, System::Windows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_found_in_triples() {
        for (triple, system) in [
            ("x86_64-unknown-linux-gnu", Some(System::Linux)),
            ("aarch64-linux-android", Some(System::Linux)),
            ("aarch64-apple-darwin", Some(System::MacOs)),
            ("x86_64-apple-macosx11.0.0", Some(System::MacOs)),
            ("x86_64-pc-windows-msvc", Some(System::Windows)),
            ("x86_64-unknown-freebsd", None),
            ("linux", None),
        ] {
            assert_eq!(System::of(triple), system, "{triple}");
        }
        assert!(
            System::of(&format!("x86_64-{}", std::env::consts::OS)).is_none_or(|s| s.name() == std::env::consts::OS)
        );
    }
}
