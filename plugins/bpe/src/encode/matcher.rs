//! Going left to right by longest match, stepping back where neighbours do not get on.

use rustc_hash::FxHashMap;

use super::compatible::Compatible;
use crate::rules::Rules;

/// Bases looked up at once.
const WIDTH: usize = 8;
const NONE: u32 = u32::MAX;
/// A table entry is a token and this bit if longer tokens begin with the same bases.
const LONGER: u32 = 1 << 31;
const TOKEN: u32 = LONGER - 1;

/// A fast encoder.
#[derive(Debug)]
pub(crate) struct Matcher {
    /// For every eight bases, the longest token they begin with.
    table: Vec<u32>,
    /// For every eight bases with longer tokens, the node of those eight in the tree.
    roots: FxHashMap<u32, u32>,
    nodes: Vec<Node>,
    tokens: Vec<Token>,
    compatible: Compatible,
}

/// A prefix of tokens longer than the table is wide.
#[derive(Clone, Copy, Debug)]
struct Node {
    children: [u32; 4],
    token: u32,
}

#[derive(Clone, Copy, Debug)]
struct Token {
    length: u32,
    /// The longest shorter token with the same beginning.
    shorter: u32,
}

/// Numbers eight bases, the first in the lowest bits; bases are told apart by two bits of their letters, in either case.
#[inline]
fn number(bases: [u8; WIDTH]) -> u32 {
    let pairs = u64::from_le_bytes(bases) >> 1 & 0x0303_0303_0303_0303;
    let fours = (pairs | pairs >> 6) & 0x000f_000f_000f_000f;
    let eights = (fours | fours >> 12) & 0x0000_00ff_0000_00ff;
    ((eights | eights >> 24) & 0xffff) as u32
}

fn digit(base: u8) -> usize {
    usize::from(base >> 1 & 3)
}

impl Matcher {
    /// Builds the tables, or declines rules for which going by neighbours is not exact.
    pub(crate) fn new(rules: &Rules) -> Option<Self> {
        if !covers(rules) || rules.len() >= TOKEN as usize {
            return None;
        }
        // A token that its own text does not encode to can never come out.
        let reachable = |token: &u32| {
            let mut tokens = Vec::new();
            rules.encode(rules.text(*token).as_bytes(), &mut tokens);
            tokens == [*token]
        };
        let mut order: Vec<u32> = (0..rules.len() as u32).filter(reachable).collect();
        order.sort_by_key(|&token| rules.text(token).len());
        let mut matcher = Self {
            table: vec![0; 1 << (2 * WIDTH)],
            roots: FxHashMap::default(),
            nodes: Vec::new(),
            tokens: vec![Token { length: 0, shorter: NONE }; rules.len()],
            compatible: Compatible::new(rules),
        };
        for token in order {
            matcher.add(token, rules.text(token).as_bytes());
        }
        Some(matcher)
    }

    /// Adds a token; shorter ones are there already.
    fn add(&mut self, token: u32, text: &[u8]) {
        let length = text.len() as u32;
        let mut start = [b'A'; WIDTH];
        let head = text.len().min(WIDTH);
        start[..head].copy_from_slice(&text[..head]);
        let first = number(start);
        let shorter = if text.len() <= WIDTH {
            let shorter = self.table[first as usize];
            // What follows the token fills the upper bits.
            for rest in 0..1 << (2 * (WIDTH - head)) {
                self.table[(rest << (2 * head) | first) as usize] = token;
            }
            shorter
        } else {
            self.add_long(token, first, &text[WIDTH..])
        };
        let shorter = if length == 1 { NONE } else { shorter & TOKEN };
        self.tokens[token as usize] = Token { length, shorter };
    }

    fn add_long(&mut self, token: u32, first: u32, rest: &[u8]) -> u32 {
        let empty = Node { children: [NONE; 4], token: NONE };
        let mut shorter = self.table[first as usize];
        self.table[first as usize] |= LONGER;
        let nodes = &mut self.nodes;
        let mut at = *self.roots.entry(first).or_insert_with(|| {
            nodes.push(empty);
            nodes.len() as u32 - 1
        });
        for &base in rest {
            if nodes[at as usize].token != NONE {
                shorter = nodes[at as usize].token;
            }
            let child = nodes[at as usize].children[digit(base)];
            at = if child == NONE {
                nodes.push(empty);
                let child = nodes.len() as u32 - 1;
                nodes[at as usize].children[digit(base)] = child;
                child
            } else {
                child
            };
        }
        nodes[at as usize].token = token;
        shorter
    }

    /// Finds the longest token at a position.
    #[inline]
    fn longest(&self, bases: &[u8], at: usize) -> u32 {
        let rest = &bases[at..];
        let Some(head) = rest.first_chunk() else { return self.longest_at_end(rest) };
        let first = number(*head);
        let entry = self.table[first as usize];
        if entry & LONGER == 0 { entry & TOKEN } else { self.longest_long(first, entry, &rest[WIDTH..]) }
    }

    #[cold]
    fn longest_at_end(&self, rest: &[u8]) -> u32 {
        let mut head = [b'A'; WIDTH];
        head[..rest.len()].copy_from_slice(rest);
        let mut token = self.table[number(head) as usize] & TOKEN;
        while self.tokens[token as usize].length as usize > rest.len() {
            token = self.tokens[token as usize].shorter;
        }
        token
    }

    fn longest_long(&self, first: u32, entry: u32, rest: &[u8]) -> u32 {
        let mut token = entry & TOKEN;
        let mut at = self.roots.get(&first).copied().unwrap_or(NONE);
        for &base in rest {
            if at == NONE {
                break;
            }
            at = self.nodes[at as usize].children[digit(base)];
            if let Some(&Node { token: longer, .. }) = self.nodes.get(at as usize)
                && longer != NONE
            {
                token = longer;
            }
        }
        token
    }

    /// Encodes bases.
    pub(crate) fn encode(&self, rules: &Rules, bases: &[u8], tokens: &mut Vec<u32>) {
        let first = tokens.len();
        let start = self.tokens.len() as u32;
        let (mut at, mut last) = (0, start);
        while at < bases.len() {
            let mut token = self.longest(bases, at);
            while !self.compatible.follows(rules, last, token) {
                token = self.tokens[token as usize].shorter;
                while token == NONE {
                    // Nothing fits after the last token: it was too long.
                    if tokens.len() == first {
                        // Not reached with rules that are covered; what is asked for is still the right answer.
                        return rules.encode(bases, tokens);
                    }
                    let back = tokens.swap_remove(tokens.len() - 1);
                    at -= self.tokens[back as usize].length as usize;
                    last = if tokens.len() > first { tokens[tokens.len() - 1] } else { start };
                    token = self.tokens[back as usize].shorter;
                }
            }
            tokens.push(token);
            at += self.tokens[token as usize].length as usize;
            last = token;
        }
    }
}

/// Checks that merges join bases or earlier results, and that each makes a token of its own.
fn covers(rules: &Rules) -> bool {
    let mut made = vec![false; rules.len()];
    made[..4].fill(true);
    rules.ordered().iter().all(|&(left, right)| {
        let Some(rule) = rules.rule((left, right)) else { return false };
        made[left as usize]
            && made[right as usize]
            && !std::mem::replace(&mut made[rule.result as usize], true)
    })
}
