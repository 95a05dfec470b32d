//! Runs the part of pickle that builds one list of strings.

use std::io::BufRead;

use rustc_hash::FxHashMap;

use super::{Published, opcode};
use crate::{Error, ErrorKind, Position, Result};

/// The highest protocol there is.
const PROTOCOL: u8 = 5;
/// The longest string: published tokens have at most 16 bases.
const MAX_STRING: u64 = 1 << 12;
/// The most distinct strings.
const MAX_WORDS: usize = 1 << 20;
/// A memo place nothing was put in.
const EMPTY: u32 = u32::MAX;
/// The memo's number for the list.
const THE_LIST: u32 = u32::MAX - 1;

/// What lies on the stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Item {
    Mark,
    List,
    Word(u32),
}

pub(super) struct Machine<R> {
    reader: R,
    position: u64,
    stack: Vec<Item>,
    memo: Vec<u32>,
    words: FxHashMap<Vec<u8>, u32>,
    has_list: bool,
    result: Published,
    buffer: Vec<u8>,
}

impl<R: BufRead> Machine<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            position: 0,
            stack: Vec::new(),
            memo: Vec::new(),
            words: FxHashMap::default(),
            has_list: false,
            result: Published::default(),
            buffer: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Published> {
        loop {
            let start = self.position;
            let code = self.byte()?;
            let done = self.step(code, start).map_err(|error| {
                if error.position().is_some() { error } else { error.at(Position::Byte(start)) }
            })?;
            if done {
                break;
            }
        }
        if self.stack != [Item::List] {
            return Err(
                refused("does not end with one list of strings").at(Position::Byte(self.position - 1))
            );
        }
        let position = self.position;
        let rest = self.reader.fill_buf().map_err(|error| unreadable(position, error))?;
        if !rest.is_empty() {
            return Err(refused("goes on after its end").at(Position::Byte(self.position)));
        }
        Ok(self.result)
    }

    /// Does one instruction; true if it was the last.
    fn step(&mut self, code: u8, start: u64) -> Result<bool> {
        match code {
            opcode::PROTO => {
                let protocol = self.byte()?;
                if protocol > PROTOCOL || start > 0 {
                    return Err(refused(format!(
                        "asks for protocol {protocol}, and 0 to {PROTOCOL} are read"
                    )));
                }
            }
            opcode::FRAME => _ = self.number::<8>()?,
            opcode::EMPTY_LIST => self.new_list()?,
            opcode::LIST => {
                // Protocol 0 writes an empty list and appends; a longer one may stand between mark and instruction.
                let words = self.pop_to_mark()?;
                self.new_list()?;
                self.result.tokens.extend(words);
            }
            opcode::MARK => self.stack.push(Item::Mark),
            opcode::UNICODE => {
                self.line()?;
                self.push_word()?;
            }
            opcode::SHORT_BINUNICODE => self.word::<1>()?,
            opcode::BINUNICODE => self.word::<4>()?,
            opcode::BINUNICODE8 => self.word::<8>()?,
            opcode::APPEND => {
                let (Some(Item::Word(word)), Some(Item::List)) = (self.stack.pop(), self.stack.last()) else {
                    return Err(refused("appends what is no string to what is no list"));
                };
                self.result.tokens.push(word);
            }
            opcode::APPENDS => {
                let words = self.pop_to_mark()?;
                if self.stack.last() != Some(&Item::List) {
                    return Err(refused("appends to what is no list"));
                }
                self.result.tokens.extend(words);
            }
            opcode::PUT => {
                let place = self.decimal()?;
                self.put(place)?;
            }
            opcode::BINPUT => {
                let place = self.number::<1>()?;
                self.put(place)?;
            }
            opcode::LONG_BINPUT => {
                let place = self.number::<4>()?;
                self.put(place)?;
            }
            opcode::MEMOIZE => self.put(self.memo.len() as u64)?,
            opcode::GET => {
                let place = self.decimal()?;
                self.get(place)?;
            }
            opcode::BINGET => {
                let place = self.number::<1>()?;
                self.get(place)?;
            }
            opcode::LONG_BINGET => {
                let place = self.number::<4>()?;
                self.get(place)?;
            }
            opcode::STOP => return Ok(true),
            other => {
                return Err(match opcode::name(other) {
                    Some(name) => refused(format!("asks for {name}, which a list of strings does not need"))
                        .with_hint(
                            "only pickles of one list of strings are read, for others can run programs",
                        ),
                    None if start == 0 => refused("is no pickle"),
                    None => refused(format!("holds 0x{other:02x}, which is no instruction of pickle")),
                });
            }
        }
        Ok(false)
    }

    fn new_list(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.has_list, true) {
            return Err(refused("holds a second list"));
        }
        self.stack.push(Item::List);
        Ok(())
    }

    /// Takes the strings above the last mark, and the mark.
    fn pop_to_mark(&mut self) -> Result<Vec<u32>> {
        let mark = self
            .stack
            .iter()
            .rposition(|item| *item == Item::Mark)
            .ok_or_else(|| refused("closes a group that was not opened"))?;
        let words = self.stack.drain(mark..).skip(1).map(|item| match item {
            Item::Word(word) => Ok(word),
            Item::List | Item::Mark => Err(refused("puts a list into a list")),
        });
        words.collect()
    }

    fn put(&mut self, place: u64) -> Result<()> {
        let value = match self.stack.last() {
            Some(Item::Word(word)) => *word,
            Some(Item::List) => THE_LIST,
            Some(Item::Mark) | None => return Err(refused("remembers what is not there")),
        };
        // Every remembered item took an instruction, so an honest place is no larger than the number of bytes read.
        if place > self.position {
            return Err(refused(format!("remembers at place {place}, far beyond those in use")));
        }
        let place = place as usize;
        if place >= self.memo.len() {
            self.memo.resize(place + 1, EMPTY);
        }
        self.memo[place] = value;
        Ok(())
    }

    fn get(&mut self, place: u64) -> Result<()> {
        match self.memo.get(place as usize) {
            Some(&THE_LIST) => Err(refused("puts a list into a list")),
            Some(&word) if word != EMPTY => {
                self.stack.push(Item::Word(word));
                Ok(())
            }
            _ => Err(refused(format!("recalls place {place}, where nothing was put"))),
        }
    }

    fn word<const N: usize>(&mut self) -> Result<()> {
        let length = self.number::<N>()?;
        if length > MAX_STRING {
            return Err(refused(format!(
                "holds a string of {length} bytes; no token is longer than {MAX_STRING}"
            )));
        }
        self.buffer.resize(length as usize, 0);
        self.reader.read_exact(&mut self.buffer).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => cut_off(),
            _ => unreadable(self.position, error),
        })?;
        self.position += length;
        self.push_word()
    }

    /// Puts the string in the buffer on the stack.
    fn push_word(&mut self) -> Result<()> {
        if let Some(&word) = self.words.get(&self.buffer) {
            self.stack.push(Item::Word(word));
            return Ok(());
        }
        let text =
            std::str::from_utf8(&self.buffer).map_err(|_| refused("holds a string that is no text"))?;
        if self.result.vocabulary.len() == MAX_WORDS {
            return Err(refused(format!("holds more than {MAX_WORDS} different strings")));
        }
        let word = self.result.vocabulary.len() as u32;
        self.result.vocabulary.push(text.to_owned());
        self.words.insert(self.buffer.clone(), word);
        self.stack.push(Item::Word(word));
        Ok(())
    }

    fn byte(&mut self) -> Result<u8> {
        self.number::<1>().map(|byte| byte as u8)
    }

    fn number<const N: usize>(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.reader.read_exact(&mut bytes[..N]).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => cut_off(),
            _ => unreadable(self.position, error),
        })?;
        self.position += N as u64;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Reads a line into the buffer, without its end.
    fn line(&mut self) -> Result<()> {
        self.buffer.clear();
        loop {
            match self.byte()? {
                b'\n' => return Ok(()),
                b'\\' => return Err(refused("holds an escaped character, which no token has")),
                byte if byte.is_ascii_graphic() && (self.buffer.len() as u64) < MAX_STRING => {
                    self.buffer.push(byte);
                }
                _ => return Err(refused("holds a line that is no token")),
            }
        }
    }

    fn decimal(&mut self) -> Result<u64> {
        self.line()?;
        let text = String::from_utf8_lossy(&self.buffer);
        text.parse().map_err(|_| refused(format!("holds {text:?} where a number should stand")))
    }
}

fn unreadable(position: u64, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, "cannot be read").at(Position::Byte(position)).with_source(error)
}

fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Tokenized, message)
}

fn cut_off() -> Error {
    Error::new(ErrorKind::Truncated, "is cut off").with_hint("copy or fetch it again")
}
