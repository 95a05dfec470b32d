//! Runs the part of pickle that builds a dictionary of tensors.
//!
//! A pickle is a program for a machine with a stack and a memo. This one builds texts, whole numbers, tuples, lists of
//! texts, dictionaries and tensors. An instruction or a name from Python's modules that these do not need is refused by
//! name, and nothing is ever called.

use std::sync::Arc;

use dlm_genome::tokenized::pickle;
use dlm_sdk::{Error, Result};

use super::value::{Global, Tensor, Value};

/// The most dictionaries and lists.
const MAX_CONTAINERS: usize = 1 << 20;

/// Runs a pickle and returns its dictionary of tensors, in its order.
pub(super) fn run(bytes: &[u8]) -> Result<Vec<(String, Tensor)>> {
    let mut machine = Machine { bytes, ..Machine::default() };
    while machine.result.is_none() {
        let start = machine.position;
        machine.step().map_err(|error| error.within(format!("its pickle, byte {start}")))?;
    }
    machine.tensors()
}

#[derive(Default)]
struct Machine<'b> {
    bytes: &'b [u8],
    position: usize,
    stack: Vec<Value>,
    memo: Vec<Option<Value>>,
    lists: Vec<Vec<Value>>,
    dictionaries: Vec<Vec<(Value, Value)>>,
    result: Option<Value>,
}

impl Machine<'_> {
    fn step(&mut self) -> Result<()> {
        let code = self.take(1)?[0];
        match pickle::instruction(code).unwrap_or_default() {
            "PROTO" => {
                let protocol = self.number(1)?;
                if protocol > 5 {
                    return Err(refused(format!("protocol {protocol}, and 0 to 5 are read")));
                }
            }
            "FRAME" => _ = self.number(8)?,
            "MARK" => self.stack.push(Value::Mark),
            "NONE" => self.stack.push(Value::None),
            "NEWTRUE" | "NEWFALSE" => self.stack.push(Value::Bool),
            "BININT" => {
                let number = self.number(4)? as u32;
                self.stack.push(Value::Integer(i64::from(number.cast_signed())));
            }
            "BININT1" => self.integer(1)?,
            "BININT2" => self.integer(2)?,
            "LONG1" => self.long()?,
            "BINUNICODE" => self.text(4)?,
            "SHORT_BINUNICODE" => self.text(1)?,
            "EMPTY_TUPLE" => self.stack.push(Value::Tuple(Arc::new([]))),
            "TUPLE1" => self.tuple(1)?,
            "TUPLE2" => self.tuple(2)?,
            "TUPLE3" => self.tuple(3)?,
            "TUPLE" => {
                let items = self.pop_to_mark()?;
                self.stack.push(Value::Tuple(items.into()));
            }
            "EMPTY_LIST" => {
                self.lists.push(Vec::new());
                limit(self.lists.len())?;
                self.stack.push(Value::List(self.lists.len() - 1));
            }
            "APPEND" => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            "APPENDS" => {
                let items = self.pop_to_mark()?;
                self.append(items)?;
            }
            "EMPTY_DICT" => self.dictionary()?,
            "SETITEM" => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(vec![key, value])?;
            }
            "SETITEMS" => {
                let items = self.pop_to_mark()?;
                self.set(items)?;
            }
            "BINPUT" => self.put(1)?,
            "LONG_BINPUT" => self.put(4)?,
            "MEMOIZE" => self.memo.push(self.stack.last().cloned()),
            "BINGET" => self.get(1)?,
            "LONG_BINGET" => self.get(4)?,
            "GLOBAL" => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(&module, &name)?;
            }
            "STACK_GLOBAL" => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => self.global(&module, &name)?,
                _ => return Err(refused("a name that is no text")),
            },
            "BINPERSID" => self.persistent()?,
            "REDUCE" => self.reduce()?,
            // What a state dictionary carries beside its tensors, such as the versions of layers.
            "BUILD" => match (self.pop()?, self.stack.last()) {
                (Value::Dictionary(_) | Value::None, Some(Value::Dictionary(_))) => {}
                _ => return Err(refused("a state for what is no dictionary")),
            },
            "STOP" => self.result = Some(self.pop()?),
            "" if self.position == 1 => return Err(refused("something else than a pickle")),
            "" => return Err(refused(format!("0x{code:02x}, which is no instruction of pickle"))),
            name => return Err(refused(format!("{name}, which tensors do not need"))),
        }
        Ok(())
    }

    /// Returns what the result holds.
    fn tensors(mut self) -> Result<Vec<(String, Tensor)>> {
        let Some(Value::Dictionary(mut index)) = self.result else {
            return Err(refused("a result that is no dictionary of tensors"));
        };
        // Training scripts put the weights among other things.
        let inner = self.dictionaries[index].iter().find_map(|(key, value)| match (key, value) {
            (Value::Text(key), Value::Dictionary(inner)) if &**key == "state_dict" => Some(*inner),
            _ => None,
        });
        index = inner.unwrap_or(index);
        let items = std::mem::take(&mut self.dictionaries[index]);
        items
            .into_iter()
            .map(|item| match item {
                (Value::Text(name), Value::Tensor(tensor)) => {
                    let (storage, element) = (Arc::clone(&tensor.storage), tensor.element);
                    let (shape, strides) = (tensor.shape.clone(), tensor.strides.clone());
                    Ok((name.to_string(), Tensor { storage, element, offset: tensor.offset, shape, strides }))
                }
                (Value::Text(name), _) => Err(refused(format!("{name:?}, which is no tensor"))),
                _ => Err(refused("a key that is no text")),
            })
            .collect()
    }

    fn global(&mut self, module: &str, name: &str) -> Result<()> {
        let global = Global::of(module, name).ok_or_else(|| {
            refused(format!("{module}.{name}, which tensors do not need"))
                .with_hint("a pickle can run programs: be wary of where this one comes from")
        })?;
        self.stack.push(Value::Global(global));
        Ok(())
    }

    /// Names a storage: `("storage", class, file, device, length)`.
    fn persistent(&mut self) -> Result<()> {
        let Value::Tuple(items) = self.pop()? else { return Err(refused("a storage without a description")) };
        let [Value::Text(kind), Value::Global(Global::Storage(element)), Value::Text(file), ..] = &*items
        else {
            return Err(refused("a storage that is described in another way"));
        };
        if &**kind != "storage" || file.is_empty() || !file.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(refused(format!("a storage called {file:?}")));
        }
        self.stack.push(Value::Storage(Arc::clone(file), *element));
        Ok(())
    }

    /// Builds what a name and its arguments stand for.
    fn reduce(&mut self) -> Result<()> {
        let (arguments, global) = (self.pop()?, self.pop()?);
        let (Value::Global(global), Value::Tuple(arguments)) = (global, arguments) else {
            return Err(refused("a call of what is no name"));
        };
        match (global, &*arguments) {
            (Global::OrderedDict, []) => self.dictionary()?,
            (Global::RebuildParameter, [tensor @ Value::Tensor(_), ..]) => self.stack.push(tensor.clone()),
            (
                Global::RebuildTensor,
                [
                    Value::Storage(storage, element),
                    Value::Integer(offset),
                    Value::Tuple(shape),
                    Value::Tuple(strides),
                    ..,
                ],
            ) if shape.len() == strides.len() => {
                let whole = |value: &Value| match value {
                    Value::Integer(number) => u64::try_from(*number).map_err(|_| refused("a negative size")),
                    _ => Err(refused("a size that is no number")),
                };
                let shape =
                    shape.iter().map(|it| whole(it).map(|size| size as usize)).collect::<Result<_>>()?;
                let tensor = Tensor {
                    storage: Arc::clone(storage),
                    element: *element,
                    offset: whole(&Value::Integer(*offset))?,
                    shape,
                    strides: strides.iter().map(whole).collect::<Result<_>>()?,
                };
                self.stack.push(Value::Tensor(Arc::new(tensor)));
            }
            _ => return Err(refused("a tensor that is built in another way")),
        }
        Ok(())
    }

    fn dictionary(&mut self) -> Result<()> {
        self.dictionaries.push(Vec::new());
        limit(self.dictionaries.len())?;
        self.stack.push(Value::Dictionary(self.dictionaries.len() - 1));
        Ok(())
    }

    fn set(&mut self, items: Vec<Value>) -> Result<()> {
        let Some(Value::Dictionary(index)) = self.stack.last() else {
            return Err(refused("an entry of what is no dictionary"));
        };
        let mut items = items.into_iter();
        while let Some(key) = items.next() {
            let value = items.next().ok_or_else(|| refused("a key without a value"))?;
            self.dictionaries[*index].push((key, value));
        }
        Ok(())
    }

    fn append(&mut self, items: Vec<Value>) -> Result<()> {
        let Some(Value::List(index)) = self.stack.last() else {
            return Err(refused("an item of what is no list"));
        };
        if items.iter().any(|item| !matches!(item, Value::Text(_))) {
            return Err(refused("a list of other things than texts"));
        }
        self.lists[*index].extend(items);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value> {
        match self.stack.pop() {
            Some(Value::Mark) | None => Err(refused("more than there is on its stack")),
            Some(value) => Ok(value),
        }
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark));
        let mark = mark.ok_or_else(|| refused("the end of a group that was not opened"))?;
        Ok(self.stack.drain(mark..).skip(1).collect())
    }

    fn tuple(&mut self, length: usize) -> Result<()> {
        let start = self.stack.len().checked_sub(length).ok_or_else(|| refused("more than there is"))?;
        let items: Vec<Value> = self.stack.drain(start..).collect();
        self.stack.push(Value::Tuple(items.into()));
        Ok(())
    }

    fn put(&mut self, width: usize) -> Result<()> {
        let place = self.number(width)? as usize;
        // Every remembered value took an instruction, so an honest place is no larger than the number of bytes read.
        if place > self.position {
            return Err(refused(format!("place {place}, far beyond those in use")));
        }
        if place >= self.memo.len() {
            self.memo.resize(place + 1, None);
        }
        self.memo[place] = self.stack.last().cloned();
        Ok(())
    }

    fn get(&mut self, width: usize) -> Result<()> {
        let place = self.number(width)? as usize;
        let value = self.memo.get(place).cloned().flatten();
        self.stack.push(value.ok_or_else(|| refused(format!("place {place}, where nothing was put")))?);
        Ok(())
    }

    fn integer(&mut self, width: usize) -> Result<()> {
        let number = self.number(width)?;
        self.stack.push(Value::Integer(number as i64));
        Ok(())
    }

    /// Takes a whole number of up to eight bytes, in two's complement.
    fn long(&mut self) -> Result<()> {
        let length = self.number(1)? as usize;
        if length > 8 {
            return Err(refused("a number of more than 64 bits"));
        }
        let bytes = self.take(length)?;
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut whole = [if negative { 0xff } else { 0 }; 8];
        whole[..length].copy_from_slice(bytes);
        self.stack.push(Value::Integer(i64::from_le_bytes(whole)));
        Ok(())
    }

    fn text(&mut self, width: usize) -> Result<()> {
        let length = self.number(width)? as usize;
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| refused("a text that is no text"))?;
        let text: Arc<str> = text.into();
        self.stack.push(Value::Text(text));
        Ok(())
    }

    fn line(&mut self) -> Result<String> {
        let rest = &self.bytes[self.position..];
        let end = rest.iter().position(|&byte| byte == b'\n').ok_or_else(cut_off)?;
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        self.position += end + 1;
        Ok(line)
    }

    fn number(&mut self, width: usize) -> Result<u64> {
        let mut bytes = [0; 8];
        bytes[..width].copy_from_slice(self.take(width)?);
        Ok(u64::from_le_bytes(bytes))
    }

    fn take(&mut self, length: usize) -> Result<&[u8]> {
        let end =
            self.position.checked_add(length).filter(|end| *end <= self.bytes.len()).ok_or_else(cut_off)?;
        let bytes = &self.bytes[self.position..end];
        self.position = end;
        Ok(bytes)
    }
}

fn limit(containers: usize) -> Result<()> {
    if containers > MAX_CONTAINERS {
        return Err(refused(format!("more than {MAX_CONTAINERS} lists or dictionaries")));
    }
    Ok(())
}

fn refused(what: impl std::fmt::Display) -> Error {
    Error::invalid(format!("asks for {what}"))
}

fn cut_off() -> Error {
    Error::invalid("is cut off").with_hint("copy or fetch it again")
}
