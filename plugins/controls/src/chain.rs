//! Counts which base follows which context, for every length of context up to an order.

use dlm_sdk::dna;

/// The last bases read, as many as are known without a gap.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context {
    code: u64,
    length: usize,
}

impl Context {
    /// Reads the known bases at the end of a sequence, at most 32.
    pub(crate) fn at_end_of(bases: &[u8]) -> Self {
        let known = bases.iter().rev().take(32).take_while(|base| dna::code(**base).is_some()).count();
        let mut context = Self::default();
        for base in &bases[bases.len() - known..] {
            context.read(*base);
        }
        context
    }

    /// Reads a base and returns its code; anything unknown forgets the context.
    pub(crate) fn read(&mut self, base: u8) -> Option<usize> {
        let code = dna::code(base);
        match code {
            Some(code) => {
                self.code = self.code << 2 | u64::from(code);
                self.length = (self.length + 1).min(32);
            }
            None => *self = Self::default(),
        }
        code.map(usize::from)
    }

    /// Returns how many bases are known.
    pub(crate) fn length(self) -> usize {
        self.length
    }

    /// Returns the last bases as a k-mer index, at most 31.
    pub(crate) fn suffix(self, length: usize) -> u64 {
        self.code & ((1 << (2 * length)) - 1)
    }
}

/// How often each base follows each context of 0 up to `order` bases.
///
/// The counts of a context stand side by side, `[context][base]`, the context's last base in its lowest digit.
#[derive(Clone, Debug)]
pub(crate) struct ContextCounts {
    tables: Vec<Vec<u32>>,
}

impl ContextCounts {
    /// Creates empty counts.
    pub(crate) fn new(order: usize) -> Self {
        Self { tables: (0..=order).map(|length| vec![0; 4 << (2 * length)]).collect() }
    }

    /// Returns how many counts an order needs.
    pub(crate) fn cells(order: usize) -> u64 {
        (0..=order).map(|length| 4 << (2 * length)).sum()
    }

    fn order(&self) -> usize {
        self.tables.len() - 1
    }

    /// Counts a sequence, each base after the longest context it has.
    pub(crate) fn add(&mut self, bases: impl IntoIterator<Item = u8>) {
        let order = self.order();
        let mut context = Context::default();
        for base in bases {
            let before = context;
            if let Some(code) = context.read(base) {
                let length = before.length().min(order);
                self.tables[length][before.suffix(length) as usize * 4 + code] += 1;
            }
        }
    }

    /// Passes what long contexts counted on to the shorter ones, once, after all sequences.
    pub(crate) fn pass_down(&mut self) {
        for length in (1..=self.order()).rev() {
            let (shorter, longer) = self.tables.split_at_mut(length);
            let shorter = &mut shorter[length - 1];
            let cells = shorter.len();
            for block in longer[0].chunks_exact(cells) {
                shorter.iter_mut().zip(block).for_each(|(sum, count)| *sum += count);
            }
        }
    }

    /// Returns how often A, C, G and T follow a context.
    pub(crate) fn get(&self, length: usize, suffix: u64) -> [u32; 4] {
        let start = suffix as usize * 4;
        let counts = &self.tables[length][start..start + 4];
        [counts[0], counts[1], counts[2], counts[3]]
    }

    /// Returns the tables by context length.
    pub(crate) fn tables(&self) -> &[Vec<u32>] {
        &self.tables
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_context_length_counts_every_base_it_precedes() {
        let mut counts = ContextCounts::new(2);
        counts.add(*b"ACGNACACG");
        counts.pass_down();
        assert_eq!(counts.get(0, 0), [3, 3, 2, 0]);
        assert_eq!(counts.get(1, 0), [0, 3, 0, 0]);
        assert_eq!(counts.get(1, 1), [1, 0, 2, 0]);
        assert_eq!(counts.get(2, 1), [1, 0, 2, 0]);
        assert_eq!(counts.get(2, 2), [0; 4]);
    }

    #[test]
    fn an_unknown_base_cuts_the_context() {
        let context = Context::at_end_of(b"ACNGT");
        assert_eq!((context.length(), context.suffix(2)), (2, 11));
        assert_eq!(Context::at_end_of(b"ACN").length(), 0);
        assert_eq!(Context::at_end_of(&[b'T'; 50]).length(), 32);
    }
}
