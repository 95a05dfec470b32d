//! Whether the score on a task's test split can be trusted.
//!
//! A benchmark measures what a method has *learnt* only if the answer cannot be had otherwise. There are two other ways.
//!
//! **Leaks.** What is asked in test was seen in train: the same stretch of the genome, as it is or from the other
//! strand; a window that overlaps it; a young repeat or a duplicated gene that is nearly the same; a negative that was
//! made by shuffling a positive of train, so that the answer is the opposite of what the twin's was.
//!
//! **Shortcuts.** The classes were made by different hands and differ in something that is not the question: their
//! length, their unknown bases, their composition, a word that stands at one place in all positives (the `AG` of an
//! aligned splice site) and in few negatives.
//!
//! [`audit`] tries all of them on a task's examples and gives a [`Report`]: a [`Check`] each with its number, its
//! thresholds and a verdict, and an [`Item`] for every test example, so that what is contaminated can be left out or
//! looked at. [`clusters`] joins what must stay on one side, from which a split can be drawn anew.
//!
//! # The checks
//!
//! | id | what is counted | warn | fail |
//! |---|---|---|---|
//! | `overlap.exact` | test items with a copy, on either strand, in train or validation | 0.5 % | 5 % |
//! | `overlap.near` | test items that share half of their 21-mers with one such sequence | 1 % | 10 % |
//! | `overlap.windows` | test items whose locus overlaps one; without loci, that share a run of 21-mers with one | 1 % | 25 % |
//! | `overlap.groups` | test items whose leakage group also lies in train or validation | 1 % | 25 % |
//! | `overlap.homology` | of a sample, those at least 80 % identical to one over at least half of their length | 5 % | 25 % |
//! | `overlap.pretraining` | test items on chromosomes that a model was pretrained on | 1 % | 25 % |
//! | `construction.shuffle` | test items with a twin of the same dinucleotides in train or validation, labels opposed | 1 % | 5 % |
//! | `construction.segment` | the same for twins that keep pieces in place, as token shuffling does | 1 % | 5 % |
//! | `shortcut.length` | test MCC of a rule on the length | 0.1 | 0.3 |
//! | `shortcut.ambiguous` | test MCC of a rule on unknown bases and where they stand | 0.1 | 0.3 |
//! | `shortcut.lowinfo` | test items of which more than half is unknown | 0.5 % | 5 % |
//! | `shortcut.composition` | test MCC of a logistic rule on GC, `CpG`, length and unknown bases | 0.5 | – |
//! | `shortcut.position` | test MCC of a table of up to four words at fixed positions | 0.4 | 0.7 |
//!
//! Twins with the *same* label only warn, and those whose labels say nothing pass. Composition only warns: promoters
//! *are* rich in `CpG`, and a method that says so is not wrong, but it is no more than its composition control. Rules are fitted on train and scored on test, and both scores must reach a threshold.
//!
//! The thresholds are those of the leakage linter `seqleak` 0.4.1, with which `tests/oracles/audit` compares verdicts
//! and shares on the GUE sets; homology is counted there by BLAST and here by seeds and banded alignment.

mod audit;
mod cluster;
mod construction;
mod copies;
mod corpus;
mod draft;
mod homology;
mod kmers;
mod linfa_seam;
mod loci;
mod overlap;
mod position;
mod report;
mod rule;
mod shortcuts;
mod threshold;
mod twins;

pub use audit::{Options, audit};
pub use cluster::{Clusters, clusters};
pub use report::{Check, Example, Item, Report, Status};
pub use threshold::{Threshold, threshold};
