//! The rules: what every plugin must hold, in a sentence each.

use dlm_sdk::Kind;

use super::super::manifest::PluginKind;

/// What a rule is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum About {
    /// The folder and its manifest.
    Manifest,
    /// A native plugin's library.
    Library,
    /// A bundle's files.
    Bundle,
    /// Each component of a native plugin, whatever its kind.
    NativeComponent,
    /// Each component of a kind.
    Component(Kind),
}

impl About {
    /// Returns whether the rule is for plugins of a kind.
    pub(super) fn is_for(self, kind: PluginKind) -> bool {
        match self {
            Self::Manifest | Self::Component(_) => true,
            Self::Library | Self::NativeComponent => kind == PluginKind::Native,
            Self::Bundle => kind == PluginKind::Bundle,
        }
    }
}

/// A rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// A letter and a number, which never change.
    pub(super) id: &'static str,
    /// What must hold.
    pub(super) holds: &'static str,
    /// What it is about.
    pub(super) about: About,
}

const fn rule(id: &'static str, about: About, holds: &'static str) -> Rule {
    Rule { id, holds, about }
}

use About::{Bundle, Library, Manifest, NativeComponent};

const TOKENIZER: About = About::Component(Kind::Tokenizer);
const ENCODER: About = About::Component(Kind::Encoder);
const TASK: About = About::Component(Kind::Task);
const BASELINE: About = About::Component(Kind::Baseline);

/// All rules, in the order in which they are checked.
pub(super) const RULES: &[Rule] = &[
    rule("M1", Manifest, "the manifest is valid: known keys, a reverse domain, three numbers, components"),
    rule("M2", Manifest, "every listed file exists inside the folder, not by a link, with its sha256"),
    rule("M3", Manifest, "the components of the manifest are those that code or bundle make"),
    rule("M4", Manifest, "licence and citation are given (warning)"),
    rule("L1", Library, "the library loads, all its symbols bound at once"),
    rule("L2", Library, "the entry has magic, version and size, and is the same pointer on every call"),
    rule("L3", Library, "of the names that begin with dlm_, only the entry is exported"),
    rule("L4", Library, "loading takes less than 100 ms (warning)"),
    rule("L5", Library, "loading prints nothing (warning)"),
    rule("L6", Library, "nobody else may write to the library or its folder"),
    rule(
        "C1",
        NativeComponent,
        "an unknown id, and the id with more behind it, is INVALID, and nothing is made",
    ),
    rule("C2", NativeComponent, "the id under another kind is INVALID"),
    rule("C3", NativeComponent, "an unknown option is an error that names it, broken JSON is an error"),
    rule("C4", NativeComponent, "an error has a text: UTF-8, within the room, without a line end"),
    rule("C5", NativeComponent, "a call survives that no error is asked for"),
    rule("C6", NativeComponent, "a smaller struct is not written past its end, a larger one is accepted"),
    rule("C7", NativeComponent, "it can be made, with every required function and a spec that makes sense"),
    rule("C8", NativeComponent, "an unknown extension is NULL"),
    rule("C9", NativeComponent, "making and destroying it a hundred times needs no more memory"),
    rule("C10", NativeComponent, "one instance goes on when another is destroyed"),
    rule(
        "C11",
        NativeComponent,
        "a panic is the status PANIC and no crash, where the code has a probe for it",
    ),
    rule("C12", NativeComponent, "no more threads are started than the host allows (warning)"),
    rule("O1", Bundle, "the graph opens on the processor, with the named inputs and outputs and free axes"),
    rule("O2", Bundle, "the tokenizer file loads, and has the special tokens"),
    rule("O3", Bundle, "the graph reads no file but listed ones, inside the folder, as long as it says"),
    rule("T1", TOKENIZER, "tokens are emitted once a sequence, in order"),
    rule("T2", TOKENIZER, "ids lie below the vocabulary's size, special ones are distinct"),
    rule("T3", TOKENIZER, "spans ascend within the sequence; those of a partition tile it"),
    rule("T4", TOKENIZER, "every id has a text; a partition's tokens spell their bases"),
    rule("T5", TOKENIZER, "any byte is an error or a token, and case does not matter"),
    rule("T6", TOKENIZER, "a batch's rows are those of its sequences alone"),
    rule("T7", TOKENIZER, "the same sequences give the same tokens, also from several threads"),
    rule("T8", TOKENIZER, "a sink that stops is not called again, and the answer is cancelled"),
    rule("T9", TOKENIZER, "a sequence of two million bases is tokenized"),
    rule("T10", TOKENIZER, "sequences have the ids of check/tokens.json, where that is given"),
    rule("E1", ENCODER, "the spec has a vocabulary, a width, and special ids within it"),
    rule("E2", ENCODER, "every hidden state of a real token is written and finite"),
    rule("E3", ENCODER, "ids past the vocabulary and rows that are too long are errors"),
    rule("E4", ENCODER, "padding changes no real position by more than 1e-4"),
    rule("E5", ENCODER, "exchanging rows exchanges their hidden states"),
    rule("E6", ENCODER, "two runs agree bit for bit (warning)"),
    rule("E7", ENCODER, "the last layer is what encoding gives"),
    rule("E8", ENCODER, "a causal encoder sees nothing to the right"),
    rule("E9", ENCODER, "ids and mask are not written to"),
    rule("E10", ENCODER, "its tokenizer can be made, and its ids fit the encoder's vocabulary"),
    rule("E11", ENCODER, "hidden states are those of check/hidden.safetensors to 1e-4, where that is given"),
    rule("E12", ENCODER, "tensors of another type, shape or number of axes are INVALID"),
    rule(
        "G1",
        ENCODER,
        "a graph that is handed over opens, takes its parameters by name, and can be differentiated",
    ),
    rule("G2", ENCODER, "the graph gives what encoding gives, to 1e-4"),
    rule("G3", ENCODER, "gradients of the graph are what differences say, to 2 %"),
    rule("G4", ENCODER, "the graph is of the standard's operators, and reads no file outside its own folder"),
    rule("G5", ENCODER, "30 steps on 16 labelled rows lower the loss"),
    rule("K1", TASK, "train and test hold examples, the same in the same order twice"),
    rule("K2", TASK, "targets are finite and in range, every class is in train"),
    rule("K3", TASK, "no sequence and no group lies in two splits (a warning where splits are not grouped)"),
    rule("K4", TASK, "metrics are there and fit the target"),
    rule("K5", TASK, "a sink that stops is not called again"),
    rule("K6", TASK, "ids are unique, cuts and lengths hold what the spec says"),
    rule("B1", BASELINE, "it beats the majority class where composition tells the classes apart"),
    rule("B2", BASELINE, "the same seed gives the same scores"),
    rule("B3", BASELINE, "scores are probabilities of the right width"),
    rule("B4", BASELINE, "one example, one class and unheard-of bases are answered or refused"),
    rule("B5", BASELINE, "scores of items do not depend on their neighbours"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
    }
}
