//! Going through a text with the automaton: forward for the end token of every prefix, back from end to end.
//!
//! A step is one look into a table, but has to wait for the one before, so a text is cut into lanes that go side by side.
//! A lane begins as if the text did; where it has not yet fallen in step with the lane before, that one goes on until it
//! has, and from there on the two are the same by construction.

use super::automaton::Automaton;

/// How many ways through a text go side by side.
const LANES: usize = 8;
/// The fewest bases a lane should have.
const SHORTEST_LANE: usize = if cfg!(test) { 4 } else { 16 };
/// How many bases are gone through before tokens are taken, so that what is between fits the fastest memory.
const BLOCK: usize = if cfg!(test) { 100 } else { 8192 };

/// Memory for one text after the other.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The state after each base, from the last border that is certain.
    states: Vec<u16>,
    borders: Vec<usize>,
}

impl Automaton {
    /// Encodes bases; `emit` takes states, the end tokens of which are the tokens, some at a time and in order.
    pub(super) fn encode(&self, bases: &[u8], scratch: &mut Scratch, mut emit: impl FnMut(&[u16])) {
        let block = BLOCK.max(2 * self.longest);
        let Scratch { states, borders } = scratch;
        let (mut kept, mut state) = (0, 0);
        let mut blocks = bases.chunks(block).peekable();
        while let Some(block) = blocks.next() {
            let length = kept + block.len();
            if states.len() < length {
                states.resize(length, 0);
            }
            state = self.forward(block, state, &mut states[kept..length]);
            let certain =
                if blocks.peek().is_some() { self.certain(&states[..length], borders) } else { length };
            emit(self.back(&mut states[..certain]));
            states.copy_within(certain..length, 0);
            kept = length - certain;
        }
    }

    /// Writes the state after each base and returns the last.
    fn forward(&self, bases: &[u8], first: u16, states: &mut [u16]) -> u16 {
        let size = bases.len() / LANES;
        if size < SHORTEST_LANE {
            return self.one_lane(bases, first, states);
        }
        let mut now = [0; LANES];
        now[0] = first;
        let lanes: [&[u8]; LANES] = std::array::from_fn(|lane| &bases[lane * size..][..size]);
        let mut rest = &mut *states;
        let written: [&mut [u16]; LANES] = std::array::from_fn(|_| {
            let (lane, behind) = std::mem::take(&mut rest).split_at_mut(size);
            rest = behind;
            lane
        });
        for at in 0..size {
            for lane in 0..LANES {
                now[lane] = self.step(now[lane], lanes[lane][at]);
                written[lane][at] = now[lane];
            }
        }
        let mut state = now[0];
        for (lane, &last) in (1..).zip(&now[1..]) {
            let mut at = lane * size;
            let end = at + size;
            while at < end {
                state = self.step(state, bases[at]);
                if states[at] == state {
                    state = last;
                    break;
                }
                states[at] = state;
                at += 1;
            }
        }
        self.one_lane(&bases[LANES * size..], state, &mut states[LANES * size..])
    }

    fn one_lane(&self, bases: &[u8], first: u16, states: &mut [u16]) -> u16 {
        bases.iter().zip(states).fold(first, |state, (&base, written)| {
            *written = self.step(state, base);
            *written
        })
    }

    /// Finds a border that the encoding has whatever follows.
    ///
    /// It has one at one of the last places, as many as the longest token is long; the ways back from all of them soon
    /// are one.
    fn certain(&self, states: &[u16], borders: &mut Vec<usize>) -> usize {
        borders.clear();
        borders.extend(states.len().saturating_sub(self.longest)..=states.len());
        while let [.., _, last] = borders[..] {
            borders.pop();
            let before = last - self.length(states[last - 1]);
            if let Err(place) = borders.binary_search(&before) {
                borders.insert(place, before);
            }
        }
        borders.first().copied().unwrap_or_default()
    }

    /// Takes end token after end token from the end, and returns their states in the order of the text.
    fn back<'s>(&self, states: &'s mut [u16]) -> &'s [u16] {
        // There are no more tokens than bases, so they fit where the states have been read already.
        let (mut at, mut free) = (states.len(), states.len());
        while at > 0 {
            let state = states[at - 1];
            free -= 1;
            states[free] = state;
            at -= self.length(state);
        }
        &states[free..]
    }
}
