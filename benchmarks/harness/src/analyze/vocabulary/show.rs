//! Plots and tables.

use dlm_sdk::Result;
use serde::Serialize;

use super::{
    Vocabulary,
    choose::{Choice, small},
    predict::{Answers, Method},
};
use crate::{
    analyze::{Findings, Subject, Table, curve::Curve},
    plot::{Line, LinePlot},
};

/// A place of a fitted curve.
#[derive(Serialize)]
struct CurveRow {
    k: usize,
    cycles: f64,
    accuracy: f64,
    low: f64,
    high: f64,
}

pub(super) fn findings(
    findings: &mut Findings,
    subject: &Subject<'_>,
    vocabularies: &[Vocabulary],
    answers: &Answers,
    choice: &Choice,
) -> Result<()> {
    let chosen = &choice.rows[choice.chosen];
    findings.fact("chosen vocabulary", &chosen.name);
    findings.fact("vocabulary with the highest accuracy", &choice.rows[choice.best].name);
    findings.fact("whether cycles matter", if choice.differ() { "yes" } else { "no significant difference" });
    findings.fact("p of the analysis of variance", small(choice.p));
    findings.warnings.push(choice.reason());
    findings.tables.push(cycles(choice));
    findings.tables.push(tested(vocabularies, answers, choice));
    let mut curves = Vec::new();
    for k in answers.sizes() {
        let svg = plot(findings, vocabularies, answers, k, &mut curves);
        findings.panel(
            &format!("next_{k}"),
            format!("Accuracy of the next {k} bases by cycles (Fig. 2)"),
            "On validation. Points of models are seeds; the curve is loess with its band of 95 %. k-mer models and their \
             TF-IDF stand at the number of their k-mers.",
            svg,
        );
    }
    subject.write_csv("curves.csv", "the fitted curves with their bands of 95 %", &curves)
}

/// Draws accuracy against cycles, and adds the fitted curve to the data.
fn plot(
    findings: &mut Findings,
    vocabularies: &[Vocabulary],
    answers: &Answers,
    k: usize,
    curves: &mut Vec<CurveRow>,
) -> String {
    let seeds = answers.seeds();
    let of = |fixed: bool, frequencies: bool| -> Vec<(f64, f64)> {
        let places = vocabularies.iter().enumerate().filter(|(_, it)| it.cycles.is_none() == fixed);
        places
            .flat_map(|(place, vocabulary)| {
                let methods: Vec<Method> = if frequencies {
                    vec![Method::Frequencies(place)]
                } else {
                    seeds.iter().map(|&seed| Method::Model(place, seed)).collect()
                };
                let size = vocabulary.size as f64;
                methods
                    .into_iter()
                    .filter_map(move |method| Some((size, 100.0 * answers.validation(method, k)?)))
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    let mut plot = LinePlot::new("cycles, or number of k-mers", format!("next {k} bases guessed right (%)"));
    let models = of(false, false);
    let (x, y): (Vec<f64>, Vec<f64>) = models.iter().copied().unzip();
    match Curve::fit(&x, &y) {
        Ok(curve) => {
            curves.extend(curve.places.iter().map(|at| CurveRow {
                k,
                cycles: at.x,
                accuracy: at.y / 100.0,
                low: at.low / 100.0,
                high: at.high / 100.0,
            }));
            plot.lines.push(Line {
                label: "byte-pair models, loess and 95 % band".into(),
                points: curve.points(),
                band: curve.band(),
                ..Line::default()
            });
        }
        Err(error) => findings.absent(format!("The curve of the next {k} bases"), error.to_string()),
    }
    let points = |label: &str, points, series| Line {
        label: label.to_owned(),
        points,
        markers: true,
        apart: true,
        series,
        ..Line::default()
    };
    plot.lines.push(points("byte-pair models", models, 0));
    plot.lines.push(points("k-mer models", of(true, false), 1));
    plot.lines.push(points("TF-IDF over byte pairs", of(false, true), 2));
    plot.lines.push(points("TF-IDF over k-mers", of(true, true), 3));
    if let Some(majority) = answers.validation(Method::Majority, k) {
        let most = vocabularies.iter().map(|it| it.size).max().unwrap_or(1) as f64;
        plot.lines.push(Line {
            label: "majority".into(),
            points: vec![(0.0, 100.0 * majority), (most, 100.0 * majority)],
            series: 5,
            ..Line::default()
        });
    }
    plot.to_svg()
}

fn cycles(choice: &Choice) -> Table {
    let mut table = Table::new(
        "Vocabularies on validation",
        "Relative accuracy: the mean over k of a model's accuracy over that of all byte-pair models. p: that it is as \
         good as the best, corrected by Holm.",
        &["vocabulary", "cycles", "relative accuracy", "standard deviation over seeds", "p", "chosen"],
    );
    for row in &choice.rows {
        table.row([
            row.name.clone(),
            row.cycles.to_string(),
            format!("{:.4}", row.relative_accuracy),
            format!("{:.4}", row.standard_deviation),
            small(row.p),
            if row.chosen { "yes" } else { "" }.to_owned(),
        ]);
    }
    table
}

/// Shows the test block: of the chosen vocabulary and of the controls that were best on validation.
fn tested(vocabularies: &[Vocabulary], answers: &Answers, choice: &Choice) -> Table {
    let mut table = Table::new(
        "The chosen vocabulary on test",
        "Read once. Beside it the k-mer model and the TF-IDF that were best on validation at that k, and the most \
         frequent answer; models are means over seeds. The paper reaches 2 % for the next 6 bases by fine-tuning, TF-IDF \
         1.1 %.",
        &["bases asked for", "chosen model", "best k-mer model", "best TF-IDF", "majority"],
    );
    let seeds = answers.seeds();
    let place = choice.rows[choice.chosen].vocabulary;
    let mean = |place: usize, k: usize, test: bool| -> Option<f64> {
        let of = |seed: &u64| {
            let method = Method::Model(place, *seed);
            if test { answers.test(method, k) } else { answers.validation(method, k) }
        };
        let values = seeds.iter().map(of).collect::<Option<Vec<f64>>>()?;
        Some(values.iter().sum::<f64>() / values.len().max(1) as f64)
    };
    let highest = |values: Vec<(f64, usize)>| {
        values.into_iter().max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, place)| place)
    };
    let percent =
        |value: Option<f64>| value.map_or_else(String::new, |value| format!("{:.2} %", 100.0 * value));
    for k in answers.sizes() {
        let fixed = vocabularies.iter().enumerate().filter(|(_, it)| it.cycles.is_none());
        let twin = highest(fixed.filter_map(|(place, _)| Some((mean(place, k, false)?, place))).collect());
        let counted = (0..vocabularies.len())
            .filter_map(|place| Some((answers.validation(Method::Frequencies(place), k)?, place)));
        let counted = highest(counted.collect());
        let named = |place: Option<usize>, value: Option<f64>| {
            place.map_or_else(String::new, |place| format!("{} {}", percent(value), vocabularies[place].name))
        };
        table.row([
            k.to_string(),
            percent(mean(place, k, true)),
            named(twin, twin.and_then(|place| mean(place, k, true))),
            named(counted, counted.and_then(|place| answers.test(Method::Frequencies(place), k))),
            percent(answers.test(Method::Majority, k)),
        ]);
    }
    table
}
