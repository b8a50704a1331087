//! SSA form for locals, built while the code is, straight from the structure of WebAssembly.
//!
//! As in "Simple and Efficient Construction of Static Single Assignment Form" (Braun and others, 2013), a local is looked up
//! where it is read, phis come to be only where a read needs one, and phis that turn out trivial are removed. Unlike there, no
//! lookup walks from block to block, so that neither many blocks nor many locals cost more than their number:
//!
//! - Blocks are numbered in the order in which they are begun. Control is structured, so a block dominates what is nested
//!   in it, and the tree of these dominators is numbered in preorder. A block knows its parent in this tree and one
//!   ancestor farther up (skew-binary jump pointers), so that the ancestor that follows a given block is found in
//!   logarithmic time.
//! - The writes of each local are kept in order. Let D be the last write before a read in block B. If D's block dominates B, its
//!   value holds. Otherwise D lies in a frame that has been closed, and B's first ancestor after D is the block in which
//!   that frame's branches meet (or the `else` of its `if`): the value is a phi there, or with a single predecessor what
//!   holds at its end. Either way, a loop that began after that and writes the local farther down ([`Scan`]) makes it a
//!   phi in the loop's header.
//!
//! Phis get their operands in [`Ssa::finish`], when all predecessors are known; lookups work for any block at any time.

use crate::scan::Scan;
use llvm::{BasicBlock, Builder, Phi, Type, Value};
use std::collections::HashMap;

/// The most phis that a function may need. Only locals written deep in nested joins need as many, one at each join; where both
/// are numbered in thousands, SSA form itself is larger than any memory.
const MAX_PHIS: usize = 1 << 21;

/// A function needs more phis than [`MAX_PHIS`].
#[derive(Debug)]
pub(crate) struct TooManyPhis;

/// A block of the control structure: code that control enters at the start only and leaves at the end (or by a trap). It may
/// span several LLVM blocks, as checks split those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BlockId(u32);

/// Control going from one block to another.
#[derive(Clone, Copy)]
pub(crate) struct Edge<'c> {
    /// The block it leaves, at its end.
    pub from: BlockId,
    /// The LLVM block with the branch.
    pub block: BasicBlock<'c>,
}

struct Block<'c> {
    up: Up,
    /// The byte offset of the operator that begins it.
    position: u64,
    /// The innermost loop around it.
    in_loop: Option<u32>,
    entered: Entered<'c>,
}

enum Entered<'c> {
    /// From one block.
    From(BlockId),
    /// From several, or from not yet known ones: phis stand at the start of the LLVM block.
    Join(BasicBlock<'c>, Vec<Edge<'c>>),
}

struct Loop {
    up: Up,
    header: BlockId,
    /// The byte offset of its `end`.
    end: u64,
}

/// Links of a node in a tree to its parent and to an ancestor farther up.
#[derive(Clone, Copy)]
struct Up {
    depth: u32,
    parent: u32,
    jump: u32,
}

impl Up {
    /// The links of a root, itself.
    const fn root(index: u32) -> Up {
        Up { depth: 0, parent: index, jump: index }
    }

    /// The links of a child of `parent`.
    fn below(parent: u32, links: impl Fn(u32) -> Up) -> Up {
        let up = links(parent);
        let far = links(up.jump);
        let jump = if up.depth - far.depth == far.depth - links(far.jump).depth { far.jump } else { parent };
        Up { depth: up.depth + 1, parent, jump }
    }
}

/// The topmost of `node` and its ancestors that are on this side, which holds for `node` and up to some ancestor.
fn topmost(mut node: u32, links: impl Fn(u32) -> Up, on_this_side: impl Fn(u32) -> bool) -> u32 {
    loop {
        let up = links(node);
        if up.jump != node && on_this_side(up.jump) {
            node = up.jump;
        } else if up.parent != node && on_this_side(up.parent) {
            node = up.parent;
        } else {
            return node;
        }
    }
}

struct PhiNode<'c> {
    phi: Phi<'c>,
    block: BlockId,
    source: Source<'c>,
}

/// What flows into a phi.
enum Source<'c> {
    /// A local.
    Local(u32),
    /// The values that branches carry, in the order of the block's edges.
    Values(Vec<Value<'c>>),
}

/// The SSA form of one function.
pub(crate) struct Ssa<'c> {
    /// Builds phis, wherever they belong.
    builder: Builder<'c>,
    scan: Scan,
    blocks: Vec<Block<'c>>,
    current: BlockId,
    loops: Vec<Loop>,
    in_loop: Option<u32>,
    /// The value of each local at the start of the function.
    initial: Vec<Value<'c>>,
    /// The writes of each local, one for a block at most, in order.
    writes: Vec<Vec<(BlockId, Value<'c>)>>,
    /// The last value of each local that was read or written, and the block where.
    recent: Vec<(BlockId, Value<'c>)>,
    phis: Vec<PhiNode<'c>>,
    /// The phi of a local in a block. Only looked up, never gone through.
    local_phis: HashMap<(BlockId, u32), Phi<'c>>,
}

impl<'c> Ssa<'c> {
    /// The function's first block, with the values of the locals there.
    pub fn new(builder: Builder<'c>, scan: Scan, initial: Vec<Value<'c>>) -> Self {
        let entry = BlockId(0);
        let block = Block { up: Up::root(0), position: 0, in_loop: None, entered: Entered::From(entry) };
        Self {
            builder,
            scan,
            blocks: vec![block],
            current: entry,
            loops: Vec::new(),
            in_loop: None,
            writes: vec![Vec::new(); initial.len()],
            recent: initial.iter().map(|&value| (entry, value)).collect(),
            initial,
            phis: Vec::new(),
            local_phis: HashMap::new(),
        }
    }

    /// What is known of loops and conditionals.
    pub fn scan(&mut self) -> &mut Scan {
        &mut self.scan
    }

    /// The block that is being built.
    pub fn current(&self) -> BlockId {
        self.current
    }

    /// Begins a block that is entered from `from` only, in the same frame or as an arm of it.
    pub fn begin_after(&mut self, from: BlockId, position: u64) {
        self.begin(from, position, Entered::From(from));
    }

    /// Begins the block behind the frame that `entry` was the last block before. Closes the blocks in the frame.
    pub fn begin_join(&mut self, entry: BlockId, position: u64, block: BasicBlock<'c>, edges: Vec<Edge<'c>>) {
        let entered = match edges[..] {
            [edge] => Entered::From(edge.from),
            _ => Entered::Join(block, edges),
        };
        self.begin(entry, position, entered);
    }

    /// Begins the header of a loop. Its edges come with [`Ssa::end_loop`].
    pub fn begin_loop(&mut self, position: u64, block: BasicBlock<'c>, end: u64) -> BlockId {
        let index = self.loops.len() as u32;
        let header = BlockId(self.blocks.len() as u32);
        let up = match self.in_loop {
            None => Up::root(index),
            Some(outer) => Up::below(outer, |index| self.loops[index as usize].up),
        };
        self.loops.push(Loop { up, header, end });
        self.in_loop = Some(index);
        self.begin(self.current, position, Entered::Join(block, Vec::new()));
        header
    }

    /// Ends the innermost loop, with all edges to its header.
    pub fn end_loop(&mut self, all: Vec<Edge<'c>>) {
        let ended = self.in_loop.expect("loops end only after they have begun");
        let Loop { up, header, .. } = self.loops[ended as usize];
        if let Entered::Join(_, edges) = &mut self.blocks[header.0 as usize].entered {
            *edges = all;
        }
        self.in_loop = (up.parent != ended).then_some(up.parent);
    }

    fn begin(&mut self, parent: BlockId, position: u64, entered: Entered<'c>) {
        let up = Up::below(parent.0, |index| self.blocks[index as usize].up);
        self.current = BlockId(self.blocks.len() as u32);
        self.blocks.push(Block { up, position, in_loop: self.in_loop, entered });
    }

    /// The value of a local here.
    pub fn get(&mut self, local: u32) -> Value<'c> {
        let (block, value) = self.recent[local as usize];
        if block == self.current {
            return value;
        }
        let value = self.look_up(self.current, local);
        self.recent[local as usize] = (self.current, value);
        value
    }

    /// Gives a local a new value here.
    pub fn set(&mut self, local: u32, value: Value<'c>) {
        self.recent[local as usize] = (self.current, value);
        let writes = &mut self.writes[local as usize];
        match writes.last_mut() {
            Some(last) if last.0 == self.current => last.1 = value,
            _ => writes.push((self.current, value)),
        }
    }

    /// The value of a local at the end of a block.
    fn look_up(&mut self, mut block: BlockId, local: u32) -> Value<'c> {
        loop {
            let (written, value) = self.last_write(block, local);
            if written == block {
                return value;
            }
            let first = topmost(block.0, |index| self.blocks[index as usize].up, |index| index > written.0);
            let dominated = self.blocks[first as usize].up.parent == written.0;
            let since = if dominated { written } else { BlockId(first) };
            if let Some(header) = self.loop_that_writes(block, local, since) {
                return self.local_phi(header, local);
            }
            if dominated {
                return value;
            }
            match self.blocks[first as usize].entered {
                Entered::From(from) => block = from,
                Entered::Join(..) => return self.local_phi(BlockId(first), local),
            }
        }
    }

    /// The last write to a local up to the end of a block, in the order of the code.
    fn last_write(&self, block: BlockId, local: u32) -> (BlockId, Value<'c>) {
        let writes = &self.writes[local as usize];
        let known = match writes.last() {
            Some(last) if last.0 <= block => writes.len(),
            _ => writes.partition_point(|write| write.0 <= block),
        };
        match known.checked_sub(1) {
            Some(last) => writes[last],
            None => (BlockId(0), self.initial[local as usize]),
        }
    }

    /// The header of the innermost loop around a block that began after `since` and writes a local behind the block's start.
    fn loop_that_writes(&self, block: BlockId, local: u32, since: BlockId) -> Option<BlockId> {
        let Block { in_loop, position, .. } = self.blocks[block.0 as usize];
        let innermost = in_loop?;
        if self.loops[innermost as usize].header <= since {
            return None;
        }
        let write = self.scan.next_write(local, position)?;
        let links = |index: u32| self.loops[index as usize].up;
        let contains = |index: u32| self.loops[index as usize].end > write;
        // Outer loops end later: the innermost that contains the write is the parent of the topmost that does not.
        let found = if contains(innermost) {
            innermost
        } else {
            let short = topmost(innermost, links, |index| !contains(index));
            links(short).parent
        };
        let Loop { header, .. } = self.loops[found as usize];
        (contains(found) && header > since).then_some(header)
    }

    fn local_phi(&mut self, block: BlockId, local: u32) -> Value<'c> {
        if let Some(&phi) = self.local_phis.get(&(block, local)) {
            return *phi;
        }
        let phi = self.phi(block, self.initial[local as usize].ty(), Source::Local(local));
        self.local_phis.insert((block, local), phi);
        *phi
    }

    /// The value that branches to a block of several edges carry, one for each edge.
    pub fn carried(&mut self, block: BlockId, values: Vec<Value<'c>>) -> Value<'c> {
        *self.phi(block, values[0].ty(), Source::Values(values))
    }

    /// A value that branches carry to the header of a loop, its first operand given; the others come with
    /// [`Ssa::set_carried`].
    pub fn carried_to_loop(&mut self, header: BlockId, first: Value<'c>) -> (usize, Value<'c>) {
        let index = self.phis.len();
        (index, *self.phi(header, first.ty(), Source::Values(Vec::new())))
    }

    /// Sets what [`Ssa::carried_to_loop`] left open: a value for each edge.
    pub fn set_carried(&mut self, index: usize, values: Vec<Value<'c>>) {
        self.phis[index].source = Source::Values(values);
    }

    fn phi(&mut self, block: BlockId, ty: Type<'c>, source: Source<'c>) -> Phi<'c> {
        let Entered::Join(start, _) = self.blocks[block.0 as usize].entered else {
            unreachable!("phis stand where edges join");
        };
        self.builder.position_at_start(start);
        let phi = self.builder.phi(ty);
        self.phis.push(PhiNode { phi, block, source });
        phi
    }

    /// Gives all phis their operands, and removes trivial ones: those that can only have one value besides their own.
    pub fn finish(mut self) -> Result<(), TooManyPhis> {
        let operands = self.operands()?;
        let numbers: HashMap<Value<'c>, u32> = (0u32..).zip(&self.phis).map(|(i, node)| (*node.phi, i)).collect();
        let replaced = replacements(&self.phis, &operands, &numbers);
        let resolve = |value: Value<'c>| match numbers.get(&value) {
            Some(&number) => replaced[number as usize].unwrap_or(value),
            None => value,
        };
        for ((node, operands), replaced) in self.phis.iter().zip(&operands).zip(&replaced) {
            if replaced.is_none() {
                for (&value, edge) in operands.iter().zip(self.edges(node.block)) {
                    node.phi.add_incoming(resolve(value), edge.block);
                }
            }
        }
        for (node, replaced) in self.phis.iter().zip(&replaced) {
            if let &Some(value) = replaced {
                node.phi.replace_all_uses_with(value);
                node.phi.erase_instruction();
            }
        }
        Ok(())
    }

    /// The operands of each phi. Looking locals up may bring about more phis.
    fn operands(&mut self) -> Result<Vec<Vec<Value<'c>>>, TooManyPhis> {
        let mut all = Vec::with_capacity(self.phis.len());
        while let Some(node) = self.phis.get_mut(all.len()) {
            let block = node.block;
            if all.len() == MAX_PHIS {
                return Err(TooManyPhis);
            }
            all.push(match &mut node.source {
                Source::Values(values) => std::mem::take(values),
                &mut Source::Local(local) => {
                    let edges = self.edges(block).len();
                    (0..edges).map(|edge| self.look_up(self.edges(block)[edge].from, local)).collect()
                }
            });
        }
        Ok(all)
    }

    fn edges(&self, block: BlockId) -> &[Edge<'c>] {
        match &self.blocks[block.0 as usize].entered {
            Entered::Join(_, edges) => edges,
            Entered::From(_) => &[],
        }
    }
}

/// For each phi the value that stands for it, if it is trivial. Such a value is never itself trivial.
fn replacements<'c>(
    phis: &[PhiNode<'c>],
    operands: &[Vec<Value<'c>>],
    numbers: &HashMap<Value<'c>, u32>,
) -> Vec<Option<Value<'c>>> {
    let mut users = vec![Vec::new(); phis.len()];
    for (user, operands) in (0u32..).zip(operands) {
        for number in operands.iter().filter_map(|value| numbers.get(value)) {
            users[*number as usize].push(user);
        }
    }
    let mut replaced: Vec<Option<Value<'c>>> = vec![None; phis.len()];
    let mut waiting: Vec<u32> = (0..phis.len() as u32).rev().collect();
    while let Some(number) = waiting.pop() {
        if replaced[number as usize].is_some() {
            continue;
        }
        let this = *phis[number as usize].phi;
        let mut only = None;
        let trivial = operands[number as usize].iter().all(|&operand| {
            let value = find(&mut replaced, numbers, operand);
            value == this || *only.get_or_insert(value) == value
        });
        if let (true, Some(value)) = (trivial, only) {
            replaced[number as usize] = Some(value);
            waiting.extend(&users[number as usize]);
        }
    }
    for phi in phis {
        find(&mut replaced, numbers, *phi.phi);
    }
    replaced
}

/// The value that stands for `value` in the end. Shortens the way for the next time.
fn find<'c>(replaced: &mut [Option<Value<'c>>], numbers: &HashMap<Value<'c>, u32>, value: Value<'c>) -> Value<'c> {
    let step = |replaced: &[Option<Value<'c>>], value| {
        let number = *numbers.get(&value)? as usize;
        Some((number, replaced[number]?))
    };
    let mut end = value;
    while let Some((_, next)) = step(replaced, end) {
        end = next;
    }
    let mut passed = value;
    while let Some((number, next)) = step(replaced, passed) {
        replaced[number] = Some(end);
        passed = next;
    }
    end
}
