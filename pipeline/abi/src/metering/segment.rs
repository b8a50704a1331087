//! The segments of a function's body.

use super::costs::CostTable;
use super::operator::{Identify, Operator};
use wasmparser::{OperatorsReader, Result};

/// A run of instructions that is charged as a whole, where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The byte offset of the operator in front of which it is charged: its first one, or for the start of a loop the one that follows the
    /// `loop`, since each turn is charged.
    pub start: u64,
    /// How many instructions it has.
    pub instructions: u64,
    /// What they cost together: far less than `i64::MAX`.
    pub gas: u64,
    /// Whether code looks in front of it whether it shall stop: it is the first one of a function that calls others, or of a loop's turn.
    pub polls: bool,
}

/// The segments of a body, in order. Those of nothing but delimiters are there, too.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    list: Vec<Segment>,
    next: usize,
}

impl Segments {
    /// Cuts a body into segments. Without a table nothing costs gas.
    ///
    /// # Errors
    /// If it is malformed.
    pub(super) fn new(mut operators: OperatorsReader<'_>, costs: Option<&CostTable>) -> Result<Segments> {
        let mut list: Vec<Segment> = Vec::new();
        let mut open = None;
        let mut calls = false;
        while !operators.eof() {
            let offset = operators.original_position();
            let operator = operators.visit_operator(&mut Identify)?;
            calls |= operator.calls();
            let counted = u64::from(!operator.is_delimiter());
            let cost = costs.map_or(0, |costs| costs.cost(operator));
            if operator == Operator::Loop {
                list.extend(open.take());
                let start = operators.original_position();
                open = Some(Segment { start, instructions: counted, gas: cost, polls: true });
                continue;
            }
            let mut segment = open.unwrap_or(Segment { start: offset, instructions: 0, gas: 0, polls: false });
            segment.instructions += counted;
            // Costs have 32 bits, and bodies far fewer operators than that many.
            segment.gas += cost;
            open = Some(segment);
            if operator.ends_segment() {
                list.extend(open.take());
            }
        }
        list.extend(open);
        if let Some(first) = list.first_mut() {
            first.polls |= calls;
        }
        Ok(Segments { list, next: 0 })
    }

    /// The segment that is charged in front of the operator at a byte offset, if there is one. Offsets only grow from call to call; what
    /// is never asked for is not reached.
    pub fn at(&mut self, offset: u64) -> Option<Segment> {
        self.next += self.list[self.next..].iter().take_while(|segment| segment.start < offset).count();
        self.list.get(self.next).copied().filter(|segment| segment.start == offset)
    }

    /// Where segments are charged.
    pub fn starts(&self) -> impl Iterator<Item = u64> {
        self.list.iter().map(|segment| segment.start)
    }
}
