//! Maps and tables of windows.

use dlm_analysis::annotation::Track;
use dlm_sdk::{Result, Strand};
use serde::Serialize;

use super::{
    Annotations, Map, Subject,
    embed::{Embedded, Sampled},
    labels::{self, is},
    territories::Score,
};
use crate::{
    analyze::{Findings, Table},
    plot::{Dot, DotPlot, DotRow, Reference, ScatterPlot},
    tokenizer::thousands,
};

/// Windows that a map draws, at most; the file has all.
const DRAWN: usize = 4_000;
/// Classes that a map tells apart.
const CLASSES: usize = 6;
/// Outliers that are named in the report; the file has all.
const NAMED: usize = 15;

pub(super) fn findings(
    subject: &Subject<'_>,
    findings: &mut Findings,
    annotations: &Annotations,
    embedded: &Embedded,
    map: &Map,
    scores: &[Score],
) -> Result<()> {
    findings.fact("windows", thousands(embedded.count));
    let mean = embedded.bases as f64 / embedded.count.max(1) as f64;
    findings.fact("bases a window, mean", format!("{:.2} kb", mean / 1e3));
    findings.fact("windows on the map", thousands(embedded.sample.len() as u64));
    if let Some(kept) = map.kept {
        let value = format!("{:.3}; {:.0} % of neighbours kept", kept.trustworthiness, 100.0 * kept.shared);
        findings.fact("trustworthiness of the map", value);
    }
    let share = 100.0 * map.outliers.len() as f64 / embedded.sample.len() as f64;
    findings.fact("outliers", format!("{} ({share:.2} %; the paper: 995, 0.07 %)", map.outliers.len()));
    write(subject, embedded, map)?;
    let drawn = Drawn { sample: &embedded.sample, map, step: embedded.sample.len().div_ceil(DRAWN).max(1) };
    findings.panel(
        "map-gc",
        "Windows on a map, by GC",
        drawn.caption("Colour: the share of G and C."),
        drawn.by_value("GC", |window| Some(f64::from(window.composition[0]))),
    );
    for (place, track) in labels::tracks(annotations).into_iter().enumerate() {
        let file = format!("map-{}", track.name().replace(' ', "-"));
        if track.name() == labels::WHOLE || track.name() == labels::GENES {
            findings.panel(
                &file,
                format!("Windows on a map, by {} and strand", track.name()),
                drawn.caption("Grey: none, several, or both directions."),
                drawn.by_strand(track, place),
            );
        } else {
            findings.panel(
                &file,
                format!("Windows on a map, by {}", track.name()),
                drawn.caption(
                    "The most frequent classes, each covering half of the window; grey: others or none.",
                ),
                drawn.by_class(track, place),
            );
        }
    }
    if let Some((late, early)) = labels::quarters(&embedded.sample) {
        findings.panel(
            "map-replication",
            "Windows on a map, by replication",
            drawn.caption("Early and late: the quarters of the windows with the highest and the lowest timing; grey: between them or unknown."),
            drawn.by(&["early", "late"], |window| {
                let timing = window.timing?;
                if timing >= early { Some(0) } else { (timing <= late).then_some(1) }
            }),
        );
    }
    territories(findings, scores);
    findings.tables.push(outliers(annotations, embedded, map));
    Ok(())
}

/// The windows of a map, thinned.
struct Drawn<'a> {
    sample: &'a [Sampled],
    map: &'a Map,
    step: usize,
}

impl Drawn<'_> {
    fn caption(&self, text: &str) -> String {
        if self.step == 1 {
            text.to_owned()
        } else {
            format!("{text} One window of {} is drawn; the file has all.", self.step)
        }
    }

    fn at(&self, window: usize) -> (f64, f64) {
        (f64::from(self.map.places[[window, 0]]), f64::from(self.map.places[[window, 1]]))
    }

    fn windows(&self) -> impl Iterator<Item = usize> {
        (0..self.sample.len()).step_by(self.step)
    }

    fn plot() -> ScatterPlot {
        let mut plot = ScatterPlot::new("UMAP 1", "UMAP 2");
        plot.radius = 2.0;
        plot
    }

    fn by_value(&self, name: &str, of: impl Fn(&Sampled) -> Option<f64>) -> String {
        let mut plot = Self::plot();
        plot.color_axis = Some(name.to_owned());
        for window in self.windows() {
            plot.dots.push(Dot { at: self.at(window), value: of(&self.sample[window]), ..Dot::default() });
        }
        plot.to_svg()
    }

    fn by(&self, names: &[&str], of: impl Fn(&Sampled) -> Option<usize>) -> String {
        let mut plot = Self::plot();
        plot.series = names.iter().map(|&name| name.to_owned()).collect();
        for window in self.windows() {
            match of(&self.sample[window]) {
                Some(series) => plot.dots.push(Dot { at: self.at(window), series, ..Dot::default() }),
                None => plot.background.push(self.at(window)),
            }
        }
        plot.to_svg()
    }

    fn by_class(&self, track: &Track, place: usize) -> String {
        let of = |class: usize| self.sample.iter().filter(|window| is(track, place, class, window)).count();
        let mut classes: Vec<(usize, usize)> =
            (0..track.classes().len()).map(|class| (of(class), class)).collect();
        classes.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        classes.retain(|class| class.0 > 0);
        classes.truncate(CLASSES);
        let names: Vec<&str> = classes.iter().map(|&(_, class)| track.classes()[class].as_str()).collect();
        self.by(&names, |window| classes.iter().position(|&(_, class)| is(track, place, class, window)))
    }

    /// Colours by class and direction, where a window has one class and one direction.
    fn by_strand(&self, track: &Track, place: usize) -> String {
        let names: Vec<String> = track
            .classes()
            .iter()
            .flat_map(|class| [format!("{class} +"), format!("{class} \u{2212}")])
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.by(&names, |window| {
            let mut of = (0..track.classes().len()).filter(|&class| is(track, place, class, window));
            let class = of.next().filter(|_| of.next().is_none())?;
            let strand = window.overlaps[place].strand(class)?;
            Some(2 * class + usize::from(strand == Strand::Reverse))
        })
    }
}

fn territories(findings: &mut Findings, scores: &[Score]) {
    if scores.is_empty() {
        findings.absent("territories", "there is no annotation to be told; name a folder by --annotations");
        return;
    }
    let mut table = Table::new(
        "Territories",
        "AUROC in held-out blocks, mean over folds (lowest to highest): 0.5 is chance, 1 a perfect order. What vectors have beyond composition is what the model \
         knows beyond composition.",
        &["annotation", "windows with", "without", "embeddings", "GC and 4-mers", "difference"],
    );
    let shown = |found: &Option<dlm_analysis::territory::Territory>| match found {
        None => "too few windows or blocks".to_owned(),
        Some(found) => {
            let (low, high) = found
                .folds
                .iter()
                .fold((1.0_f64, 0.0_f64), |(low, high), &fold| (low.min(fold), high.max(fold)));
            format!("{:.3} ({low:.2} to {high:.2})", found.auroc)
        }
    };
    let mut plot = DotPlot::new("AUROC in held-out blocks");
    plot.series = vec!["embeddings".to_owned(), "GC and 4-mers".to_owned()];
    plot.references = vec![Reference { value: 0.5, label: "chance".to_owned() }];
    for score in scores {
        let difference = match (&score.embeddings, &score.composition) {
            (Some(embeddings), Some(composition)) => format!("{:+.3}", embeddings.auroc - composition.auroc),
            _ => String::new(),
        };
        table.row([
            score.name.clone(),
            score.positives.to_string(),
            score.negatives.to_string(),
            shown(&score.embeddings),
            shown(&score.composition),
            difference,
        ]);
        for (series, found) in [&score.embeddings, &score.composition].into_iter().enumerate() {
            if let Some(found) = found {
                let label = if series == 0 { score.name.clone() } else { String::new() };
                plot.rows.push(DotRow {
                    series,
                    points: found.folds.clone(),
                    ..DotRow::new(label, found.auroc)
                });
            }
        }
    }
    if plot.rows.is_empty() {
        findings.absent("territories as a plot", "no annotation has enough windows in enough blocks");
    } else {
        findings.wide_panel(
            "territories",
            "How well each annotation is told in held-out blocks",
            "Small points: folds.",
            plot.to_svg(),
        );
    }
    findings.tables.push(table);
}

fn outliers(annotations: &Annotations, embedded: &Embedded, map: &Map) -> Table {
    let mut table = Table::new(
        "Outliers",
        format!(
            "Windows whose nearest neighbours are farther than {:.3}, farthest first; at most {NAMED} are named here, all in map.csv.",
            map.far
        ),
        &["window", "mean distance to its neighbours", "GC", "annotated as"],
    );
    let tracks = labels::tracks(annotations);
    for &(window, distance) in map.outliers.iter().take(NAMED) {
        let sampled = &embedded.sample[window];
        let of = |(place, track): (usize, &&Track)| {
            let class = sampled.overlaps[place].majority()?;
            Some(format!("{} {:.0} %", track.classes()[class], 100.0 * sampled.overlaps[place].share(class)))
        };
        let annotated: Vec<String> = tracks.iter().enumerate().filter_map(of).collect();
        table.row([
            sampled.interval.to_string(),
            format!("{distance:.3}"),
            format!("{:.1} %", 100.0 * sampled.composition[0]),
            annotated.join(", "),
        ]);
    }
    table
}

fn write(subject: &Subject<'_>, embedded: &Embedded, map: &Map) -> Result<()> {
    #[derive(Serialize)]
    struct Row<'a> {
        chromosome: &'a str,
        start: u64,
        end: u64,
        x: f32,
        y: f32,
        outlier: bool,
    }
    let mut outlier = vec![false; embedded.sample.len()];
    map.outliers.iter().for_each(|&(window, _)| outlier[window] = true);
    let rows: Vec<Row<'_>> = embedded
        .sample
        .iter()
        .enumerate()
        .map(|(window, sampled)| Row {
            chromosome: sampled.interval.chromosome(),
            start: sampled.interval.start(),
            end: sampled.interval.end(),
            x: map.places[[window, 0]],
            y: map.places[[window, 1]],
            outlier: outlier[window],
        })
        .collect();
    subject.write_csv(
        "map.csv",
        "where each sampled window lies on the map, and whether it is an outlier",
        &rows,
    )
}
