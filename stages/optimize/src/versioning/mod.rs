//! Two versions of loops over linear memory: one for memory that is known to be there, and the exact one.
//!
//! By default accesses to linear memory are volatile, so that a trap comes at its access, with all stores before it done and none
//! behind it; so LLVM leaves loops over memory as they are. And addresses are 32-bit numbers that may go around, which is more than
//! LLVM likes to assume. Here an innermost loop gets a copy with plain accesses and 64-bit addresses, which do not go around. It
//! is entered if one check in front of it proves that all accesses of all iterations lie in the memory as long as it is now. Calls
//! there are none in such a loop; so nothing in it can trap but what says so, and LLVM may do with the copy what it likes.
//!
//! What must hold of the IR: loops in the form of `loop-simplify` and `lcssa`, best rotated. Where addresses, counters or bounds
//! are not understood ([`access`], [`affine`], [`bound`]), the loop is left alone. It is up to LLVM to make vectors of the copies
//! ([`undo_scalar`] takes back those that have none, of LLVM's or of the producer's).

mod access;
mod affine;
mod bound;
mod copy;
mod guard;
mod loops;
mod reroll;
mod roll;
mod undo;

use access::{Access, Group, Scopes};
use affine::Scope;
use bound::Bound;
use copy::Plan;
use llvm::{Context, Function, MemoryEffects, Metadata, Opcode, Position, Value};
use loops::{Flow, Loop};
use reroll::Rolled;
pub use undo::undo_scalar;

#[cfg(test)]
mod tests;

/// The most instructions that a loop with a copy has.
const MAX_INSTRUCTIONS: usize = 400;
/// The most blocks.
const MAX_BLOCKS: usize = 16;
/// The most groups of accesses, each of which has its part of the check.
const MAX_GROUPS: usize = 12;

/// Gives the loops of a function that is to be optimized a copy for memory that is there. Gives how many.
pub fn version_loops<'c>(context: &'c Context, function: Function<'c>) -> usize {
    if function.has_attribute(Position::Function, "optnone") {
        return 0;
    }
    let Some(flow) = Flow::new(function) else { return 0 };
    let scopes = Scopes::new(context);
    flow.innermost().into_iter().map(|region| usize::from(version(context, &scopes, region))).sum()
}

/// What is known of a loop that can have a copy.
struct Understood<'a, 'c> {
    scope: Scope<'a, 'c>,
    bound: Bound<'c>,
    accesses: Vec<Access<'c>>,
    groups: Vec<Group<'c>>,
    rolled: Option<Rolled<'c>>,
}

impl<'a, 'c> Understood<'a, 'c> {
    fn new(context: &'c Context, scopes: &Scopes<'c>, region: &'a Loop<'c>) -> Option<Self> {
        let instructions = memory_accesses(context, scopes, region)?;
        let mut scope = Scope::new(context, region);
        let bound = Bound::find(&mut scope)?;
        let (accesses, groups) = access::group(&mut scope, &instructions)?;
        let fits = groups.len() <= MAX_GROUPS && copy::is_closed(region);
        let rolled = fits.then(|| reroll::find(&mut scope, &accesses, &groups)).flatten();
        fits.then_some(Self { scope, bound, accesses, groups, rolled })
    }
}

/// Gives a loop a copy, if it is one that can have it.
fn version<'c>(context: &'c Context, scopes: &Scopes<'c>, mut region: Loop<'c>) -> bool {
    if Understood::new(context, scopes, &region).is_none() {
        return false;
    }
    let before = region.part_from_entry(context);
    let understood = Understood::new(context, scopes, &region).expect("a new block in front changes nothing");
    let Understood { scope, bound, accesses, groups, rolled } = &understood;
    let builder = context.builder();
    builder.position_before(before.terminator().expect("blocks have terminators"));
    let turns = bound.turns(scope, &builder);
    let (guard, places) = guard::build(scope, &builder, scopes, &turns, accesses, groups);
    let plan = Plan { scope, bound, turns: &turns, accesses, groups, places: &places, rolled: rolled.as_ref() };
    let branch = copy::build(context, &plan, before, guard);
    undo::mark(context, branch);
    let exact = region.latch.terminator().expect("blocks have terminators");
    exact.set_metadata(context.kinds().loop_, as_it_is(context));
    true
}

/// The accesses to linear memory, if there are some, and the rest of the loop can be copied and leaves memory alone.
fn memory_accesses<'c>(context: &'c Context, scopes: &Scopes<'c>, region: &Loop<'c>) -> Option<Vec<Value<'c>>> {
    // LLVM makes no vectors of loops that have more than one way out.
    if region.blocks.len() > MAX_BLOCKS || region.ways_out() > 1 {
        return None;
    }
    let (mut accesses, mut count) = (Vec::new(), 0);
    for instruction in region.blocks.iter().flat_map(|block| block.instructions()) {
        count += 1;
        match instruction.instruction_opcode()? {
            _ if scopes.is_memory(context, instruction) => accesses.push(instruction),
            Opcode::Load if !instruction.is_volatile() && !instruction.is_atomic() => {}
            Opcode::Call => {
                let callee = instruction.as_call()?.callee().as_function()?;
                let memory = callee.find_attribute(Position::Function, "memory")?;
                let pure = callee.is_intrinsic() && memory == context.memory_attribute(MemoryEffects::NONE);
                pure.then_some(())?;
            }
            Opcode::Load | Opcode::Store | Opcode::Fence | Opcode::CmpXchg | Opcode::AtomicRmw | Opcode::Alloca => {
                return None;
            }
            Opcode::Invoke | Opcode::LandingPad | Opcode::Other => return None,
            _ => {}
        }
    }
    (count <= MAX_INSTRUCTIONS && !accesses.is_empty()).then_some(accesses)
}

/// The hints for a loop that is there for the case that hardly ever comes.
fn as_it_is(context: &Context) -> Metadata<'_> {
    let vectors = [context.md_string("llvm.loop.vectorize.enable"), context.md_value(context.const_bool(false))];
    let unrolled = [context.md_string("llvm.loop.unroll.disable")];
    context.md_distinct(&[context.md_node(&vectors), context.md_node(&unrolled)])
}
