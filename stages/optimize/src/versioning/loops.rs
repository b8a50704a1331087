//! Control flow: dominators, and the innermost loops.

use llvm::{BasicBlock, Context, Function, Value};
use std::collections::{HashMap, HashSet};

/// A natural loop that holds no other, in the form that LLVM's `loop-simplify` gives: one block before it, which goes nowhere else,
/// and one edge back.
pub struct Loop<'c> {
    /// The block before it.
    pub preheader: BasicBlock<'c>,
    /// Where every iteration begins.
    pub header: BasicBlock<'c>,
    /// Where every iteration that is not the last ends.
    pub latch: BasicBlock<'c>,
    /// All blocks, the header first; each comes behind those that dominate it.
    pub blocks: Vec<BasicBlock<'c>>,
    /// Blocks with a way out that every iteration but the last runs through, the latch first.
    pub exiting: Vec<BasicBlock<'c>>,
    members: HashSet<BasicBlock<'c>>,
}

impl<'c> Loop<'c> {
    /// How many edges lead out.
    pub fn ways_out(&self) -> usize {
        let lasts = self.blocks.iter().filter_map(|block| block.terminator());
        let targets = lasts.flat_map(|last| (0..last.successor_count()).filter_map(move |index| last.successor(index)));
        targets.filter(|target| !self.members.contains(target)).count()
    }

    /// Puts a new block between the loop and the block before it. Gives the latter. Handles to the header's phis may not be used any
    /// more.
    pub fn part_from_entry(&mut self, context: &'c Context) -> BasicBlock<'c> {
        let before = self.preheader;
        let between = self.header.parent().append_block("");
        between.move_after(before);
        let builder = context.builder();
        builder.position_at_end(between);
        builder.br(self.header);
        let last = before.terminator().expect("blocks have terminators");
        last.set_successor(0, between);
        for phi in phis(self.header) {
            builder.position_before(phi);
            let moved = builder.phi(phi.ty());
            for (value, from) in edges(phi) {
                moved.add_incoming(value, if from == before { between } else { from });
            }
            phi.replace_all_uses_with(*moved);
            phi.erase_instruction();
        }
        self.preheader = between;
        before
    }

    /// Whether a block belongs to the loop.
    pub fn contains(&self, block: BasicBlock<'c>) -> bool {
        self.members.contains(&block)
    }
}

/// The blocks that control can reach, by numbers: each comes behind those that dominate it.
pub struct Flow<'c> {
    blocks: Vec<BasicBlock<'c>>,
    numbers: HashMap<BasicBlock<'c>, usize>,
    predecessors: Vec<Vec<usize>>,
    /// By block: the last one that every way to it runs through.
    dominators: Vec<usize>,
}

impl<'c> Flow<'c> {
    /// The flow of a function, if it has a body.
    pub fn new(function: Function<'c>) -> Option<Self> {
        let blocks = reverse_postorder(function.entry()?);
        let numbers: HashMap<_, _> = blocks.iter().enumerate().map(|(number, &block)| (block, number)).collect();
        let mut predecessors = vec![Vec::new(); blocks.len()];
        for (number, &block) in blocks.iter().enumerate() {
            for next in successors(block) {
                predecessors[numbers[&next]].push(number);
            }
        }
        let dominators = dominators(&predecessors);
        Some(Self { blocks, numbers, predecessors, dominators })
    }

    /// The blocks that every way to which runs through `block`, with itself.
    pub fn dominated_by(&self, block: BasicBlock<'c>) -> Vec<BasicBlock<'c>> {
        let Some(&top) = self.numbers.get(&block) else { return Vec::new() };
        (top..self.blocks.len()).filter(|&below| self.dominates(top, below)).map(|below| self.blocks[below]).collect()
    }

    /// The innermost loops, in the order of their headers.
    pub fn innermost(&self) -> Vec<Loop<'c>> {
        let latches = |header: usize| {
            let before = self.predecessors[header].iter().copied();
            before.filter(move |&from| self.dominates(header, from)).collect::<Vec<_>>()
        };
        let headers: Vec<usize> = (0..self.blocks.len()).filter(|&block| !latches(block).is_empty()).collect();
        let loops = headers.iter().filter_map(|&header| match latches(header)[..] {
            [latch] => self.natural(header, latch, &headers),
            _ => None,
        });
        loops.collect()
    }

    /// The loop of an edge back to `header`, if it has the right form and none of the other headers.
    fn natural(&self, header: usize, latch: usize, headers: &[usize]) -> Option<Loop<'c>> {
        let mut members = HashSet::from([header]);
        let mut rest = vec![latch];
        while let Some(block) = rest.pop() {
            if members.insert(block) {
                rest.extend(&self.predecessors[block]);
            }
        }
        if headers.iter().any(|other| *other != header && members.contains(other)) {
            return None;
        }
        let [preheader] = self.predecessors[header].iter().filter(|&&from| from != latch).collect::<Vec<_>>()[..]
        else {
            return None;
        };
        let mut numbers: Vec<usize> = members.iter().copied().collect();
        numbers.sort_unstable();
        let leaves = |block: usize| successors(self.blocks[block]).any(|next| !members.contains(&self.numbers[&next]));
        let exiting = numbers.iter().rev().filter(|&&block| self.dominates(block, latch) && leaves(block));
        let preheader = self.blocks[*preheader];
        (successors(preheader).count() == 1).then(|| Loop {
            preheader,
            header: self.blocks[header],
            latch: self.blocks[latch],
            blocks: numbers.iter().map(|&block| self.blocks[block]).collect(),
            exiting: exiting.map(|&block| self.blocks[block]).collect(),
            members: members.iter().map(|&block| self.blocks[block]).collect(),
        })
    }

    fn dominates(&self, top: usize, mut below: usize) -> bool {
        while below > top {
            below = self.dominators[below];
        }
        below == top
    }
}

/// The phis of a block.
pub fn phis<'c>(block: BasicBlock<'c>) -> Vec<Value<'c>> {
    block.instructions().take_while(|instruction| instruction.as_phi().is_some()).collect()
}

/// What a phi is, and where control comes from then.
pub fn edges<'c>(phi: Value<'c>) -> Vec<(Value<'c>, BasicBlock<'c>)> {
    phi.as_phi().map_or(Vec::new(), |phi| (0..phi.incoming_count()).filter_map(|index| phi.incoming(index)).collect())
}

/// Where a block can go, once for each edge.
pub fn successors<'c>(block: BasicBlock<'c>) -> impl Iterator<Item = BasicBlock<'c>> {
    let last = block.terminator();
    last.into_iter().flat_map(|last| (0..last.successor_count()).filter_map(move |index| last.successor(index)))
}

fn reverse_postorder(entry: BasicBlock<'_>) -> Vec<BasicBlock<'_>> {
    let mut seen = HashSet::from([entry]);
    let mut order = Vec::new();
    let mut path = vec![(entry, successors(entry).collect::<Vec<_>>())];
    while let Some((block, rest)) = path.last_mut() {
        match rest.pop() {
            Some(next) if seen.insert(next) => path.push((next, successors(next).collect())),
            Some(_) => {}
            None => {
                order.push(*block);
                path.pop();
            }
        }
    }
    order.reverse();
    order
}

/// By block the nearest dominator, by the algorithm of Cooper, Harvey and Kennedy. The entry's is itself.
fn dominators(predecessors: &[Vec<usize>]) -> Vec<usize> {
    let mut nearest: Vec<Option<usize>> = vec![None; predecessors.len()];
    nearest[0] = Some(0);
    let mut changed = true;
    while changed {
        changed = false;
        for block in 1..predecessors.len() {
            let mut common = None;
            for &from in predecessors[block].iter().filter(|&&from| nearest[from].is_some()) {
                common = Some(common.map_or(from, |other| meet(&nearest, from, other)));
            }
            if common != nearest[block] {
                nearest[block] = common;
                changed = true;
            }
        }
    }
    nearest.into_iter().map(|block| block.expect("every block is reachable")).collect()
}

fn meet(nearest: &[Option<usize>], mut a: usize, mut b: usize) -> usize {
    while a != b {
        let higher = if a > b { &mut a } else { &mut b };
        *higher = nearest[*higher].expect("dominators of a block come before it");
    }
    a
}
