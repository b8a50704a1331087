//! How much memory the process has.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Where the system says it.
pub struct Memory {
    status: Option<File>,
}

/// What is resident, in bytes; 0 where the system does not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Now.
    pub resident: u64,
    /// The most that ever was.
    pub high: u64,
}

impl Memory {
    pub fn new() -> Memory {
        Memory { status: File::open("/proc/self/status").ok() }
    }

    pub fn look(&self) -> Looked {
        let mut buffer = [0; 4096];
        let read = self.status.as_ref().and_then(|status| status.read_at(&mut buffer, 0).ok()).unwrap_or_default();
        let text = &buffer[..read];
        Looked { resident: field(text, b"VmRSS:"), high: field(text, b"VmHWM:") }
    }
}

/// A field of kibibytes, in bytes.
fn field(text: &[u8], name: &[u8]) -> u64 {
    let value = text.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| std::str::from_utf8(value).ok()?.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0) << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_understood() {
        assert_eq!(field(b"Name:\tVmRSS:\nVmRSS:\t    12 kB\nVmSwap:\t 0 kB\n", b"VmRSS:"), 12 << 10);
        assert_eq!(field(b"VmRSS:\tmany kB\n", b"VmRSS:"), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_that_is_used_is_seen() {
        let memory = Memory::new();
        let before = memory.look();
        assert!(before.resident > 0 && before.high >= before.resident, "{before:?}");
        let used = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = memory.look();
        assert!(after.resident >= before.resident + (48 << 20), "{before:?}, {after:?}");
        drop(used);
        // The system counts in batches: two looks differ by a few pages.
        assert!(memory.look().high >= after.resident - (1 << 20), "{after:?}, {:?}", memory.look());
    }
}
