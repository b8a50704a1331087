//! The trie of exported symbols in a Mach-O file: names share what they begin with.
//!
//! A node is the size of what it says about the name that ends there (0 if none does), that, the number of its children, and
//! for each the bytes that lead to it, up to a NUL byte, and its place in the trie. Numbers are unsigned LEB128, the number of
//! children a byte: no two begin alike, and none with NUL.

use object::macho;
use std::ops::Range;

#[derive(Default)]
struct Node<'a> {
    address: Option<u64>,
    /// The bytes that lead to each child, and its position among the nodes.
    children: Vec<(&'a [u8], usize)>,
}

impl Node<'_> {
    /// Writes the node of a trie whose nodes lie at these places.
    fn write(&self, places: &[u64], out: &mut Vec<u8>) {
        let mut says = Vec::new();
        if let Some(address) = self.address {
            write_leb(u64::from(macho::EXPORT_SYMBOL_FLAGS_KIND_REGULAR.0), &mut says);
            write_leb(address, &mut says);
        }
        write_leb(says.len() as u64, out);
        out.extend(says);
        out.push(self.children.len() as u8);
        for (edge, child) in &self.children {
            out.extend(*edge);
            out.push(0);
            write_leb(places[*child], out);
        }
    }
}

/// The trie of these symbols and their distances from the file's header, in ascending order of their names, which have no NUL
/// bytes. There is at least one.
pub(super) fn encode(symbols: &[(&[u8], u64)]) -> Vec<u8> {
    let nodes = nodes(symbols);
    let mut places = vec![0; nodes.len()];
    loop {
        // Places move only to the back: they are written in fewer bytes the smaller they are.
        let mut trie = Vec::new();
        let mut moved = false;
        for (position, node) in nodes.iter().enumerate() {
            let place = trie.len() as u64;
            moved |= place != places[position];
            places[position] = place;
            node.write(&places, &mut trie);
        }
        if !moved {
            return trie;
        }
    }
}

/// The nodes, the root first. Names can be as long as the module is: nothing here is recursive.
fn nodes<'a>(symbols: &[(&'a [u8], u64)]) -> Vec<Node<'a>> {
    let mut nodes = vec![Node::default()];
    let mut work: Vec<(usize, Range<usize>, usize)> = vec![(0, 0..symbols.len(), 0)];
    // The symbols of a range share their first `depth` bytes, which lead to the node.
    while let Some((node, mut range, depth)) = work.pop() {
        if let Some(&(name, address)) = symbols[range.clone()].first()
            && name.len() == depth
        {
            nodes[node].address = Some(address);
            range.start += 1;
        }
        let mut start = range.start;
        for group in symbols[range].chunk_by(|(a, _), (b, _)| a[depth] == b[depth]) {
            // What the first and the last share, all share.
            let (first, last) = (group[0].0, group[group.len() - 1].0);
            let shared = first.iter().zip(last).take_while(|(a, b)| a == b).count();
            let child = nodes.len();
            nodes.push(Node::default());
            nodes[node].children.push((&first[depth..shared], child));
            work.push((child, start..start + group.len(), shared));
            start += group.len();
        }
    }
    nodes
}

fn write_leb(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7F {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::read::macho::ExportData;
    use object::{LittleEndian as LE, U32};

    /// What a reader finds in the trie of these names; each has an address of its own.
    fn check(names: &[&str]) {
        let mut names = names.to_vec();
        names.sort_unstable();
        let symbols: Vec<_> = names.iter().zip(0..).map(|(name, at)| (name.as_bytes(), 1000 * at)).collect();
        let trie = encode(&symbols);
        let command = macho::LinkeditDataCommand {
            cmd: U32::new(LE, macho::LC_DYLD_EXPORTS_TRIE),
            cmdsize: U32::new(LE, 16),
            dataoff: U32::new(LE, 0),
            datasize: U32::new(LE, trie.len() as u32),
        };
        let read = command.exports_trie(LE, &*trie).expect("a trie");
        let mut found: Vec<(Vec<u8>, u64)> = read
            .map(|symbol| {
                let symbol = symbol.expect("a good trie");
                let ExportData::Regular { address } = *symbol.data() else { panic!("{symbol:?}") };
                (symbol.into_name(), address)
            })
            .collect();
        found.sort();
        let expected: Vec<_> = symbols.iter().map(|(name, at)| (name.to_vec(), *at)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_name_is_found() {
        check(&["_f"]);
        check(&["_fib", "_fibonacci", "_f", "_g", "_", "_ä", "_ö"]);
        check(&["_a b", "_\u{1}", "_\u{10FFFF}", "_line\nbreak"]);
    }

    #[test]
    fn long_chains_and_many_children_are_written() {
        let chain: Vec<String> = (1..3000).map(|length| "x".repeat(length)).collect();
        check(&chain.iter().map(String::as_str).collect::<Vec<_>>());
        let wide: Vec<String> = (1..5000).filter_map(char::from_u32).map(String::from).collect();
        check(&wide.iter().map(String::as_str).collect::<Vec<_>>());
    }
}
