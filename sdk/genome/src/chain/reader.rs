//! Reads chain files.

use std::{collections::BTreeMap, io::Read, sync::Arc};

use super::{Block, Chain, Chains, Target};
use crate::{
    Error, ErrorKind, Position, Result,
    bed::number,
    scanner::Scanner,
    table::{bad, position, shown, text},
};

/// A chain whose blocks are being read.
struct Open {
    line: u64,
    target: String,
    target_size: u64,
    query_end: u64,
    chain: Chain,
    /// Where the next block starts in target and query, unless the last was read.
    next: Option<(u64, u64)>,
}

pub(super) fn read<R: Read>(mut scanner: Scanner<R>) -> Result<Chains> {
    let mut targets: BTreeMap<String, Target> = BTreeMap::new();
    let mut open: Option<Open> = None;
    let mut queries: BTreeMap<String, (Arc<str>, u64)> = BTreeMap::new();
    loop {
        let path = scanner.path().clone();
        let Some((line, bytes)) = scanner.line()? else { break };
        let place = |error: Error| error.at_path(path.clone()).at(Position::Line(line));
        let content = text(bytes).map_err(place)?.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if content.starts_with("chain") {
            close(open.take(), &mut targets).map_err(|error| error.at_path(path.clone()))?;
            open = Some(header(content, line, &mut queries).map_err(place)?);
        } else if let Some(open) = &mut open {
            open.add(content).map_err(place)?;
        } else {
            return Err(place(
                bad("block comes before a chain")
                    .with_hint("a chain file starts with 'chain', a score and two sequences"),
            ));
        }
    }
    let path = scanner.path().clone();
    close(open, &mut targets).map_err(|error| error.at_path(path.clone()))?;
    if targets.is_empty() {
        return Err(Error::new(ErrorKind::Empty, "holds no chain").at_path(path));
    }
    for target in targets.values_mut() {
        target.chains.sort_by_key(|chain| (chain.start, chain.end));
        let mut last = 0;
        target.ends = target
            .chains
            .iter()
            .map(|chain| {
                last = last.max(chain.end);
                last
            })
            .collect();
    }
    Ok(Chains(targets))
}

fn header(content: &str, line: u64, queries: &mut BTreeMap<String, (Arc<str>, u64)>) -> Result<Open> {
    let words: Vec<_> = content.split_ascii_whitespace().collect();
    let (&[
        "chain",
        score,
        target,
        target_size,
        target_strand,
        start,
        end,
        query,
        query_size,
        strand,
        from,
        to,
    ]
    | &[
        "chain",
        score,
        target,
        target_size,
        target_strand,
        start,
        end,
        query,
        query_size,
        strand,
        from,
        to,
        _,
    ]) = words.as_slice()
    else {
        return Err(bad(format!("header has {} fields, not 12 or 13", words.len())));
    };
    if target_strand != "+" {
        return Err(bad(format!("target strand '{}' is not +", shown(target_strand))));
    }
    let reverse = match strand {
        "+" => false,
        "-" => true,
        _ => return Err(bad(format!("query strand '{}' is neither + nor -", shown(strand)))),
    };
    let (target_size, query_size) = (position(target_size, "size")?, position(query_size, "size")?);
    let (start, end) = (position(start, "start")?, position(end, "end")?);
    let (from, to) = (position(from, "start")?, position(to, "end")?);
    for (start, end, size) in [(start, end, target_size), (from, to, query_size)] {
        if start >= end || end > size {
            return Err(bad(format!(
                "stretch {start}-{end} is empty or leaves its sequence of {size} bases"
            )));
        }
    }
    let (name, known) = queries.entry(query.to_owned()).or_insert_with(|| (query.into(), query_size));
    if *known != query_size {
        return Err(bad(format!(
            "sequence '{}' has {query_size} bases here and {known} before",
            shown(query)
        )));
    }
    let chain = Chain {
        score: number(score, "score")?,
        start,
        end,
        query: name.clone(),
        query_size,
        reverse,
        blocks: Vec::new(),
    };
    Ok(Open { line, target: target.to_owned(), target_size, query_end: to, chain, next: Some((start, from)) })
}

impl Open {
    fn add(&mut self, content: &str) -> Result<()> {
        let Some((target, query)) = self.next else {
            return Err(bad("block follows the last of its chain, which has no gaps behind it"));
        };
        let words: Vec<_> = content.split_ascii_whitespace().collect();
        let (size, gaps) = match *words.as_slice() {
            [size] => (size, None),
            [size, of_target, of_query] => {
                (size, Some((position(of_target, "gap")?, position(of_query, "gap")?)))
            }
            _ => return Err(bad(format!("block '{}' is not a size and two gaps", shown(content)))),
        };
        let size = position(size, "size")?;
        if size == 0 && gaps.is_none_or(|gaps| gaps == (0, 0)) {
            return Err(bad("block is empty"));
        }
        if size > 0 {
            self.chain.blocks.push(Block { target, query, size });
        }
        // Each is below 2^63 and is checked against an end, so that no sum of three overflows.
        let (target_gap, query_gap) = gaps.unwrap_or((0, 0));
        let reach = |at: u64, gap: u64| at.checked_add(size)?.checked_add(gap);
        let (Some(target), Some(query)) = (reach(target, target_gap), reach(query, query_gap)) else {
            return Err(bad("block leaves its chain"));
        };
        if target > self.chain.end || query > self.query_end {
            return Err(bad(format!(
                "blocks reach {target} in the target and {query} in the query, past the chain's ends {} and {}",
                self.chain.end, self.query_end
            )));
        }
        self.next = gaps.is_some().then_some((target, query));
        if gaps.is_none() && (target, query) != (self.chain.end, self.query_end) {
            return Err(bad(format!(
                "blocks end at {target} in the target and {query} in the query, and the chain at {} and {}",
                self.chain.end, self.query_end
            )));
        }
        Ok(())
    }
}

fn close(open: Option<Open>, targets: &mut BTreeMap<String, Target>) -> Result<()> {
    let Some(open) = open else { return Ok(()) };
    let place = |error: Error| error.at(Position::Line(open.line));
    if open.next.is_some() {
        return Err(place(
            Error::new(ErrorKind::Truncated, "chain has no last block")
                .with_hint("the file was cut off while it was copied; fetch it again"),
        ));
    }
    if open.chain.blocks.is_empty() {
        return Err(place(bad("chain has no block")));
    }
    let target = targets.entry(open.target.clone()).or_default();
    if target.chains.is_empty() {
        target.size = open.target_size;
    } else if target.size != open.target_size {
        return Err(place(bad(format!(
            "sequence '{}' has {} bases here and {} before",
            shown(&open.target),
            open.target_size,
            target.size
        ))));
    }
    target.chains.push(open.chain);
    Ok(())
}
