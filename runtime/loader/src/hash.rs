//! Hashes, on all processors where that is worth its threads.

use abi::container::{Hash, hash};
use blake3::Hasher;
use rayon::ThreadPoolBuilder;
use std::thread;

/// How much there must be to hash for each thread, in bytes: below that, starting the thread takes as long as it saves.
const SHARE: usize = 2 << 20;

/// The hashes of two parts of a file.
pub(crate) fn hashes(parts: [&[u8]; 2]) -> [Hash; 2] {
    let worth = parts.iter().map(|part| part.len()).sum::<usize>() / SHARE;
    if worth < 2 {
        return parts.map(hash);
    }
    // A pool for this alone: the one that a whole process shares would have a thread for each processor, however little there is.
    let threads = thread::available_parallelism().map_or(1, |processors| processors.get().min(worth));
    let pool = if threads > 1 { ThreadPoolBuilder::new().num_threads(threads).build().ok() } else { None };
    match pool {
        None => parts.map(hash),
        Some(pool) => {
            let on_all = |part| *Hasher::new().update_rayon(part).finalize().as_bytes();
            let (first, second) = pool.install(|| rayon::join(|| on_all(parts[0]), || on_all(parts[1])));
            [first, second]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_threads_find_what_one_finds() {
        let bytes: Vec<u8> = (0..5 * SHARE as u32).map(|at| (at ^ at >> 11) as u8).collect();
        for at in [0, 1, SHARE, bytes.len() / 2 + 7, bytes.len()] {
            let (first, second) = bytes.split_at(at);
            assert_eq!(hashes([first, second]), [hash(first), hash(second)]);
        }
    }
}
