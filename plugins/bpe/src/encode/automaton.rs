//! The encoder of a small vocabulary as a finite automaton.
//!
//! Whatever the text, some token is the last of its encoding. Call it the *end token* of that text. A token `t` is the end
//! token of a text if the text ends with `t` and `t` gets on with the end token of what lies before it; exactly one does
//! (see the [module](super)). So the end tokens of all prefixes follow from left to right, and a prefix enters the future
//! only by
//!
//! - the beginnings of tokens that it ends with, and
//! - for each of them, the end token before it: or rather, which longer tokens that one gets on with.
//!
//! These are a state. A vocabulary of `n` tokens has some `2 n` to `4 n` of them (1,275 for 600 merges of chromosome 21, 17,330 for
//! 5,000), because tokens fall back in step within a few bases whatever lies before.

use std::fmt;

use dlm_sdk::TokenId;
use rustc_hash::FxHashMap;

use super::compatible::Table;
use crate::rules::Rules;

/// The most states, so that one fits two bytes.
const STATES: usize = 1 << 16;
/// The longest token for which there is an automaton.
const LONGEST: usize = 1 << 10;
/// The most beginnings in all states together, which bounds the time and memory of making the automaton.
const PARTS: usize = 1 << 20;
const NONE: u32 = u32::MAX;

/// The automaton: states are numbered from 0, the empty text.
pub(crate) struct Automaton {
    /// The next state, by state and base (see [`digit`]).
    next: Box<[u16; STATES * 4]>,
    /// The length of each state's end token.
    lengths: Box<[u16; STATES]>,
    /// The id of each state's end token.
    ids: Box<[TokenId; STATES]>,
    /// The length of the longest token.
    pub(super) longest: usize,
    /// How many states there are.
    states: usize,
}

/// Tells bases apart by two bits of their letters, in either case.
#[inline]
fn digit(base: u8) -> usize {
    usize::from(base >> 1 & 3)
}

/// A beginning of tokens.
#[derive(Clone, Copy, Debug)]
struct Node {
    children: [u32; 4],
    /// The token it is, if it is one.
    token: u32,
    /// The longer tokens that begin with it, as columns from the first to before the last.
    first: u32,
    last: u32,
}

/// A state while it is made: the end token, and each beginning with the token before it, the shortest first.
type Key = Box<[(u32, u32)]>;

struct Builder {
    nodes: Vec<Node>,
    columns: Vec<u32>,
    table: Table,
    /// For each beginning and what it lets follow, a token that stands for all such tokens before it.
    classes: FxHashMap<(u32, Box<[u64]>), u32>,
    known: FxHashMap<(u32, u32), u32>,
}

impl Automaton {
    /// Makes the automaton of tokens that can come out, or declines rules that would need too large a one.
    pub(super) fn new(rules: &Rules, reachable: &[u32]) -> Option<Self> {
        let longest = reachable.iter().map(|&token| rules.text(token).len()).max()?;
        if longest > LONGEST || reachable.len() * 2 > STATES {
            return None;
        }
        let (nodes, columns) = tree(rules, reachable);
        let table = Table::new(rules, &columns)?;
        let mut builder =
            Builder { nodes, columns, table, classes: FxHashMap::default(), known: FxHashMap::default() };

        let start = rules.len() as u32;
        let mut keys: Vec<Key> = vec![[(start, 0), (0, start)].into()];
        let mut numbers: FxHashMap<Key, u16> = FxHashMap::from_iter([(keys[0].clone(), 0)]);
        let mut next = vec![0u16; STATES * 4];
        let (mut at, mut parts) = (0, 0);
        while at < keys.len() {
            for base in 0..4 {
                let key = builder.follow(&keys[at], base)?;
                next[at * 4 + base] = if let Some(&number) = numbers.get(&key) {
                    number
                } else {
                    parts += key.len();
                    let number = u16::try_from(keys.len()).ok().filter(|_| parts <= PARTS)?;
                    numbers.insert(key.clone(), number);
                    keys.push(key);
                    number
                };
            }
            at += 1;
        }
        // The tables have room for all states, so that no step has to check; what is not used is never touched.
        let (mut lengths, mut ids) = (vec![0u16; STATES], vec![0; STATES]);
        for (state, key) in keys.iter().enumerate().skip(1) {
            let token = key[0].0;
            lengths[state] = rules.text(token).len() as u16;
            ids[state] = rules.ids()[token as usize];
        }
        Some(Self {
            next: next.try_into().ok()?,
            lengths: lengths.try_into().ok()?,
            ids: ids.try_into().ok()?,
            longest,
            states: keys.len(),
        })
    }

    /// Returns the state after one more base.
    #[inline]
    pub(super) fn step(&self, state: u16, base: u8) -> u16 {
        self.next[usize::from(state) * 4 + digit(base)]
    }

    /// Returns the length of a state's end token.
    #[inline]
    pub(super) fn length(&self, state: u16) -> usize {
        usize::from(self.lengths[usize::from(state)])
    }

    /// Returns the id and the length of a state's end token.
    #[inline]
    pub(super) fn token(&self, state: u16) -> (TokenId, u32) {
        (self.ids[usize::from(state)], u32::from(self.lengths[usize::from(state)]))
    }
}

impl fmt::Debug for Automaton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Automaton").field("states", &self.states).finish_non_exhaustive()
    }
}

impl Builder {
    /// Returns the state that a base leads to.
    fn follow(&mut self, key: &Key, base: usize) -> Option<Key> {
        let mut end = NONE;
        let mut begun = Vec::with_capacity(key.len() + 1);
        for &(node, before) in &key[1..] {
            let child = self.nodes[node as usize].children[base];
            let Some(&Node { token, .. }) = self.nodes.get(child as usize) else { continue };
            if token != NONE && self.table.get(before, self.columns[token as usize]) {
                debug_assert_eq!(end, NONE, "a text has one encoding");
                end = token;
            }
            begun.extend(self.class(child, before).map(|class| (child, class)));
        }
        if end == NONE {
            // Every text has an encoding, so this does not happen.
            return None;
        }
        let root = self.class(0, end).map(|class| (0, class));
        Some([(end, 0)].into_iter().chain(root).chain(begun).collect())
    }

    /// Finds the token that stands for all those that let the same tokens of a beginning follow, if they let any.
    fn class(&mut self, node: u32, before: u32) -> Option<u32> {
        if let Some(&class) = self.known.get(&(node, before)) {
            return (class != NONE).then_some(class);
        }
        let Node { first, last, .. } = self.nodes[node as usize];
        let class = self
            .table
            .bits(before, first..last)
            .map_or(NONE, |bits| *self.classes.entry((node, bits)).or_insert(before));
        self.known.insert((node, before), class);
        (class != NONE).then_some(class)
    }
}

/// Makes the tree of the tokens' texts, and numbers the tokens as columns in its order.
fn tree(rules: &Rules, reachable: &[u32]) -> (Vec<Node>, Vec<u32>) {
    let empty = Node { children: [NONE; 4], token: NONE, first: 0, last: 0 };
    let mut nodes = vec![empty];
    for &token in reachable {
        let mut at = 0;
        for base in rules.text(token).bytes() {
            let child = nodes[at].children[digit(base)];
            at = if child == NONE {
                nodes[at].children[digit(base)] = nodes.len() as u32;
                nodes.push(empty);
                nodes.len() - 1
            } else {
                child as usize
            };
        }
        nodes[at].token = token;
    }
    let mut columns = vec![NONE; rules.len()];
    let mut column = 0;
    // Each node is on the stack twice: to be entered, and to be left once all below it have been.
    let mut stack = vec![(0, true)];
    while let Some((at, enters)) = stack.pop() {
        let Node { token, children, .. } = nodes[at as usize];
        if !enters {
            nodes[at as usize].last = column;
            continue;
        }
        if token != NONE {
            columns[token as usize] = column;
            column += 1;
        }
        nodes[at as usize].first = column;
        stack.push((at, false));
        stack.extend(children.iter().filter(|&&child| child != NONE).map(|&child| (child, true)));
    }
    // Tokens that never come out take the columns that are left.
    for unreachable in columns.iter_mut().filter(|column| **column == NONE) {
        *unreachable = column;
        column += 1;
    }
    (nodes, columns)
}
