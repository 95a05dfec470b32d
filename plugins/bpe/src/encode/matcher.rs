//! Going left to right by longest match, stepping back where neighbours do not get on.

use dlm_sdk::TokenId;
use rustc_hash::FxHashMap;

use super::compatible::Compatible;
use crate::rules::Rules;

/// Bases looked up at once.
const WIDTH: usize = 8;
/// Ways through a text at once, and how many bases each takes before they are joined.
const LANES: usize = 4;
const SHORTEST_LANE: usize = if cfg!(test) { 5 } else { 32 };
const LONGEST_LANE: usize = if cfg!(test) { 100 } else { 4096 };
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
    id: TokenId,
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
    /// Builds the tables of tokens that can come out, the shortest first.
    pub(super) fn new(rules: &Rules, reachable: &[u32]) -> Self {
        let mut matcher = Self {
            table: vec![0; 1 << (2 * WIDTH)],
            roots: FxHashMap::default(),
            nodes: Vec::new(),
            tokens: vec![Token { length: 0, shorter: NONE, id: 0 }; rules.len()],
            compatible: Compatible::new(rules),
        };
        for &token in reachable {
            matcher.add(token, rules.text(token).as_bytes());
            matcher.tokens[token as usize].id = rules.ids()[token as usize];
        }
        matcher
    }

    /// Returns the id and the length of a token.
    #[inline]
    pub(super) fn token(&self, token: u32) -> (TokenId, u32) {
        let Token { id, length, .. } = self.tokens[token as usize];
        (id, length)
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
        self.tokens[token as usize] = Token { length, shorter, id: 0 };
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
    ///
    /// One way through a text waits for its own last step most of the time, so four go at once, from four places. A way
    /// that begins in the middle is soon on the right track, and is joined where both have a border and get on: then all
    /// neighbours do, which makes the whole the encoding.
    pub(super) fn encode<'p>(&self, bases: &[u8], paths: &'p mut Paths) -> &'p [u32] {
        let start = self.tokens.len() as u32;
        let [main, sides @ ..] = &mut paths.0;
        main.restart(0, start);
        while main.at < bases.len() {
            let first = main.at;
            let size = ((bases.len() - first) / LANES).min(LONGEST_LANE);
            if size < SHORTEST_LANE {
                main.at_least(bases.len(), |path| self.step(bases, path));
                break;
            }
            for (lane, side) in (1..).zip(&mut *sides) {
                side.restart(first + lane * size, start);
            }
            let end = |lane: usize| first + (lane + 1) * size;
            let [one, two, three] = &mut *sides;
            while main.at < end(0) && one.at < end(1) && two.at < end(2) && three.at < end(3) {
                self.step(bases, main);
                self.step(bases, one);
                self.step(bases, two);
                self.step(bases, three);
            }
            main.at_least(end(0), |path| self.step(bases, path));
            for (lane, side) in (1..).zip(&mut *sides) {
                side.at_least(end(lane), |path| self.step(bases, path));
                self.join(bases, main, side);
            }
        }
        &main.tokens
    }

    /// Adds the next token, stepping back as far as it takes.
    #[inline]
    fn step(&self, bases: &[u8], path: &mut Path) {
        let mut token = self.longest(bases, path.at);
        while !self.compatible.follows(path.last, token) {
            token = self.tokens[token as usize].shorter;
            while token == NONE {
                // Nothing fits after the last token: it was too long. There always is one, for every text has an
                // encoding.
                let Some(back) = path.tokens.pop() else { return };
                path.at -= self.tokens[back as usize].length as usize;
                path.last = path.tokens.last().copied().unwrap_or(self.tokens.len() as u32);
                token = self.tokens[back as usize].shorter;
            }
        }
        path.tokens.push(token);
        path.at += self.tokens[token as usize].length as usize;
        path.last = token;
    }

    /// Goes on from `main` until it meets `side`, and follows that.
    fn join(&self, bases: &[u8], main: &mut Path, side: &Path) {
        let (mut border, mut index) = (side.start, 0);
        while main.at < bases.len() {
            while border < main.at && index < side.tokens.len() {
                border += self.tokens[side.tokens[index] as usize].length as usize;
                index += 1;
            }
            let Some(&next) = side.tokens.get(index) else { return };
            if border == main.at && self.compatible.follows(main.last, next) {
                main.tokens.extend_from_slice(&side.tokens[index..]);
                main.at = side.at;
                main.last = side.last;
                return;
            }
            self.step(bases, main);
        }
    }
}

/// Ways through a text, with memory to use again.
#[derive(Debug, Default)]
pub(super) struct Paths([Path; LANES]);

/// Tokens side by side that get on.
#[derive(Debug, Default)]
struct Path {
    tokens: Vec<u32>,
    start: usize,
    at: usize,
    last: u32,
}

impl Path {
    fn restart(&mut self, start: usize, last: u32) {
        self.tokens.clear();
        (self.start, self.at, self.last) = (start, start, last);
    }

    fn at_least(&mut self, end: usize, step: impl Fn(&mut Self)) {
        while self.at < end {
            step(self);
        }
    }
}
