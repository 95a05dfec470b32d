//! What every tokenizer must hold.

use std::ops::ControlFlow;

use super::{Report, Runner, bases, ensure};
use crate::{Coverage, ErrorKind, Sequence, Span, TokenBatch, TokenId, TokenSink, Tokenizer, random::Stream};

type Checked = Result<(), String>;

/// Checks a tokenizer.
pub fn tokenizer(tokenizer: &dyn Tokenizer) -> Report {
    tokenizer_where(tokenizer, &mut |_| true)
}

/// Runs those of the checks whose ids are wanted.
pub fn tokenizer_where(tokenizer: &dyn Tokenizer, wanted: &mut dyn FnMut(&'static str) -> bool) -> Report {
    let mut stream = Stream::new(0, "conformance");
    let samples: Vec<Vec<u8>> = [0, 1, 2, 7, 50, 300, 2000].map(|length| bases(&mut stream, length)).into();
    let sequences: Vec<Sequence<'_>> = samples.iter().map(|bases| Sequence::new(bases)).collect();
    let mut report = Runner::new(wanted);
    report.add("T1", "tokens are emitted once a sequence, in order", || emits(tokenizer, &sequences));
    report.add("T2", "ids lie below the vocabulary's size, special ones are distinct", || {
        ids(tokenizer, &sequences)
    });
    report.add("T3", "spans ascend within the sequence; those of a partition tile it", || {
        spans(tokenizer, &sequences)
    });
    report.add("T4", "every id has a text; a partition's tokens spell their bases", || {
        texts(tokenizer, &sequences)
    });
    report.add("T5", "any byte is an error or a token, and case does not matter", || alphabet(tokenizer));
    report.add("T6", "a batch's rows are those of its sequences alone", || batches(tokenizer, &sequences));
    report.add("T7", "the same sequences give the same tokens, also from several threads", || {
        pure(tokenizer, &sequences)
    });
    report.add("T8", "a sink that stops is not called again, and the answer is cancelled", || {
        stops(tokenizer, &sequences)
    });
    report.report
}

fn rows(tokenizer: &dyn Tokenizer, sequences: &[Sequence<'_>]) -> Result<TokenBatch, String> {
    let mut batch = TokenBatch::default();
    tokenizer.tokenize(sequences, &mut batch).map_err(|error| error.chain())?;
    ensure(batch.len() == sequences.len(), || {
        format!("{} sequences gave {} rows", sequences.len(), batch.len())
    })?;
    Ok(batch)
}

fn emits(tokenizer: &dyn Tokenizer, sequences: &[Sequence<'_>]) -> Checked {
    let batch = rows(tokenizer, sequences)?;
    ensure(batch.row(0).ids.is_empty(), || "an empty sequence gave tokens".into())?;
    for row in batch.rows() {
        ensure(row.ids.len() == row.spans.len(), || {
            format!("{} ids came with {} spans", row.ids.len(), row.spans.len())
        })?;
    }
    rows(tokenizer, &[]).map(|_| ())
}

fn ids(tokenizer: &dyn Tokenizer, sequences: &[Sequence<'_>]) -> Checked {
    let spec = tokenizer.spec();
    let mut special: Vec<TokenId> = spec.special.ids().collect();
    let n = special.len();
    special.sort_unstable();
    special.dedup();
    ensure(special.len() == n, || "two special tokens share an id".into())?;
    let batch = rows(tokenizer, sequences)?;
    let used = batch.rows().flat_map(|row| row.ids).chain(&special);
    match used.copied().find(|&id| id >= spec.vocab_size) {
        Some(id) => Err(format!("id {id} lies past the vocabulary of {}", spec.vocab_size)),
        None => Ok(()),
    }
}

fn spans(tokenizer: &dyn Tokenizer, sequences: &[Sequence<'_>]) -> Checked {
    let batch = rows(tokenizer, sequences)?;
    for (row, sequence) in batch.rows().zip(sequences) {
        let length = sequence.bases().len() as u32;
        let mut end = 0;
        for (index, span) in row.spans.iter().enumerate() {
            ensure(span.start < span.end && span.end <= length, || {
                format!("token {index} of {length} bases covers {}..{}", span.start, span.end)
            })?;
            let follows = match tokenizer.spec().coverage {
                Coverage::Partition => span.start == end,
                Coverage::Overlap | Coverage::Sparse => {
                    index == 0 || span.start >= row.spans[index - 1].start
                }
            };
            ensure(follows, || format!("token {index} starts at {} after an end at {end}", span.start))?;
            end = span.end;
        }
        if tokenizer.spec().coverage == Coverage::Partition {
            ensure(end == length, || format!("tokens cover {end} of {length} bases"))?;
        }
    }
    Ok(())
}

fn texts(tokenizer: &dyn Tokenizer, sequences: &[Sequence<'_>]) -> Checked {
    let spec = tokenizer.spec();
    for id in 0..spec.vocab_size {
        ensure(tokenizer.token(id).is_some(), || format!("id {id} has no text"))?;
    }
    ensure(tokenizer.token(spec.vocab_size).is_none(), || "an id past the vocabulary has a text".into())?;
    if spec.coverage != Coverage::Partition {
        return Ok(());
    }
    let batch = rows(tokenizer, sequences)?;
    for (row, sequence) in batch.rows().zip(sequences) {
        for (id, span) in row.ids.iter().zip(row.spans) {
            let covered = &sequence.bases()[span.start as usize..span.end as usize];
            let text = tokenizer.token(*id).unwrap_or_default();
            ensure(spec.special.unk == Some(*id) || text.as_bytes() == covered, || {
                format!("token {text:?} covers {}", String::from_utf8_lossy(covered))
            })?;
        }
    }
    Ok(())
}

fn alphabet(tokenizer: &dyn Tokenizer) -> Checked {
    for odd in [&b"ACGTRYKM"[..], b"AC-GT.*", b"AC\0GT", b"AC\xffGT", b"acgu", b"  "] {
        // Either answer is allowed; what is not is a panic, which would end this check.
        let _ = tokenizer.tokenize(&[Sequence::new(odd)], &mut TokenBatch::default());
    }
    let upper = rows(tokenizer, &[Sequence::new(b"ACGTTGCANNACGTACGGT")])?;
    let lower = rows(tokenizer, &[Sequence::new(b"acgttgcannacgtacggt")])?;
    ensure(upper == lower, || "lower case gives other tokens than upper case".into())
}

fn batches(tokenizer: &dyn Tokenizer, sequences: &[Sequence<'_>]) -> Checked {
    let together = rows(tokenizer, sequences)?;
    for (index, sequence) in sequences.iter().enumerate() {
        let alone = rows(tokenizer, &[*sequence])?;
        ensure(alone.row(0) == together.row(index), || format!("sequence {index} alone gives other tokens"))?;
    }
    Ok(())
}

fn pure(tokenizer: &dyn Tokenizer, sequences: &[Sequence<'_>]) -> Checked {
    let first = rows(tokenizer, sequences)?;
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| rows(tokenizer, sequences))).collect();
        for run in runs {
            let again = run.join().map_err(|_| "a thread panicked".to_owned())??;
            ensure(again == first, || "another run gave other tokens".into())?;
        }
        Ok(())
    })
}

fn stops(tokenizer: &dyn Tokenizer, sequences: &[Sequence<'_>]) -> Checked {
    struct Stop(usize);
    impl TokenSink for Stop {
        fn emit(&mut self, _ids: &[TokenId], _spans: &[Span]) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Break(())
        }
    }
    let mut stop = Stop(0);
    match tokenizer.tokenize(sequences, &mut stop) {
        Err(error) if error.kind() == ErrorKind::Cancelled => {}
        Err(error) => return Err(format!("the answer was {:?}", error.kind())),
        Ok(()) => return Err("the answer was success".into()),
    }
    ensure(stop.0 == 1, || format!("the sink was called {} times", stop.0))
}
