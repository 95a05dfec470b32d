//! What a window is annotated as.

use dlm_analysis::annotation::Track;
use dlm_sdk::Strand;

use super::{Annotations, Sampled};

/// The names of tracks.
pub(super) const REPEATS: &str = "repeats";
pub(super) const WHOLE: &str = "unfragmented repeats";
pub(super) const CHROMATIN: &str = "chromatin";
pub(super) const GENES: &str = "genes";
pub(super) const ELEMENTS: &str = "gene elements";

/// A window is of a class that covers this share of it, or more.
pub(super) const SHARE: f64 = 0.5;
/// A window holds a whole repeat of which it covers this many bases, or more: most of an Alu.
pub(super) const BASES: u64 = 200;
/// The share of windows that are called early, and late.
const QUARTER: f64 = 0.25;

/// A question with two answers.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) name: String,
    /// `None`: the question does not concern the window.
    pub(super) of: Vec<Option<bool>>,
}

/// Returns the tracks that are there, in the order of a window's overlaps.
pub(super) fn tracks(annotations: &Annotations) -> Vec<&Track> {
    let all = [
        &annotations.repeats,
        &annotations.whole,
        &annotations.chromatin,
        &annotations.genes,
        &annotations.elements,
    ];
    all.into_iter().flatten().collect()
}

/// Writes a strand.
pub(super) fn sign(strand: Option<Strand>) -> &'static str {
    match strand {
        Some(Strand::Forward) => "+",
        Some(Strand::Reverse) => "-",
        None => "",
    }
}

/// Returns whether a window is of a class.
pub(super) fn is(track: &Track, place: usize, class: usize, window: &Sampled) -> bool {
    let overlap = &window.overlaps[place];
    if track.name() == WHOLE { overlap.covered(class) >= BASES } else { overlap.share(class) >= SHARE }
}

/// Returns the bounds below which a quarter of the windows is late, and above which a quarter is early.
pub(super) fn quarters(sample: &[Sampled]) -> Option<(f64, f64)> {
    let mut known: Vec<f64> = sample.iter().filter_map(|window| window.timing).collect();
    known.sort_by(f64::total_cmp);
    let at = |share: f64| crate::statistics::quantile(&known, share);
    (known.len() >= 4).then(|| (at(QUARTER), at(1.0 - QUARTER)))
}

/// Returns every question that can be asked of the windows.
pub(super) fn labels(annotations: &Annotations, sample: &[Sampled]) -> Vec<Label> {
    let mut labels = Vec::new();
    for (place, track) in tracks(annotations).into_iter().enumerate() {
        for (class, name) in track.classes().iter().enumerate() {
            let called = if track.name() == WHOLE { format!("{name}, whole") } else { name.clone() };
            let of = sample.iter().map(|window| Some(is(track, place, class, window))).collect();
            labels.push(Label { name: called.clone(), of });
            let strand = |window: &Sampled| {
                let strand =
                    window.overlaps[place].strand(class).filter(|_| is(track, place, class, window))?;
                Some(strand == Strand::Forward)
            };
            let of: Vec<Option<bool>> = sample.iter().map(strand).collect();
            if of.iter().any(Option::is_some) {
                labels.push(Label { name: format!("{called}: its strand"), of });
            }
        }
        if track.name() == ELEMENTS {
            let any = |window: &Sampled| {
                (0..track.classes().len()).map(|class| window.overlaps[place].share(class)).sum::<f64>()
            };
            let of = sample.iter().map(|window| Some(any(window) < SHARE)).collect();
            labels.push(Label { name: "intergenic".to_owned(), of });
        }
    }
    if let Some((late, early)) = quarters(sample) {
        let of = |is: &dyn Fn(f64) -> bool| sample.iter().map(|window| window.timing.map(is)).collect();
        labels.push(Label { name: "early replication".to_owned(), of: of(&|timing| timing >= early) });
        labels.push(Label { name: "late replication".to_owned(), of: of(&|timing| timing <= late) });
    }
    labels
}
