//! The first components over what each goes with most (Fig. 4i-n), with a curve and its band.

use dlm_analysis::Correlation;
use dlm_sdk::Result;
use serde::Serialize;

use super::{
    Subject, Tokens,
    components::{Analysed, Vectors},
    show::OWN,
};
use crate::{
    analyze::{Findings, curve::Curve},
    plot::{Dot, Scale, ScatterPlot, Smooth},
};

/// Components that are shown.
const SHOWN: usize = 6;

/// A place of a fitted curve.
#[derive(Serialize)]
struct Row<'a> {
    vectors: &'a str,
    component: usize,
    quantity: &'a str,
    x: f64,
    place: f64,
    low: f64,
    high: f64,
}

/// Draws the first components of all vectors, and writes the curves.
///
/// # Errors
///
/// The curves cannot be written, or somebody asked to stop.
pub(super) fn characteristics(
    subject: &Subject<'_>,
    findings: &mut Findings,
    tokens: &Tokens,
    vectors: &Vectors,
) -> Result<()> {
    let mut rows = Vec::new();
    for analysed in &vectors.all {
        for component in 0..analysed.places.ncols().min(SHOWN) {
            subject.context().check()?;
            if let Some((quantity, found)) = strongest(analysed, component) {
                let shown = Shown { tokens, vectors, analysed, component, quantity };
                shown.draw(findings, found, &mut rows);
            }
        }
    }
    let about = "the curves of components over quantities, with their bands of 95 %; x is the logarithm of frequencies";
    subject.write_csv("curves.csv", about, &rows)
}

/// Returns the quantity of the token itself that a component goes with most.
fn strongest(analysed: &Analysed, component: usize) -> Option<(usize, Correlation)> {
    let own = analysed.raw.iter().filter(|cell| cell.component == component && cell.quantity < OWN.len());
    own.filter_map(|cell| Some((cell.quantity, cell.found?)))
        .max_by(|a, b| a.1.rho.abs().total_cmp(&b.1.rho.abs()))
}

/// A component and the quantity that it stands over.
struct Shown<'a> {
    tokens: &'a Tokens,
    vectors: &'a Vectors,
    analysed: &'a Analysed,
    /// From zero.
    component: usize,
    quantity: usize,
}

impl<'a> Shown<'a> {
    fn draw(&self, findings: &mut Findings, found: Correlation, rows: &mut Vec<Row<'a>>) {
        let (vectors, number) = (self.analysed.kind.name, self.component + 1);
        let quantity = self.tokens.quantities[self.quantity].name.as_str();
        let logarithm = quantity == "frequency";
        let x = self.analysed.kind.of(&self.tokens.quantities[self.quantity].values);
        let y = self.analysed.places.column(self.component).to_vec();
        let mut plot = ScatterPlot::new(quantity, format!("PC{number}"));
        (plot.height, plot.width) = (220.0, 420.0);
        plot.color_axis = Some(format!("rank, PC1 of {} vectors", self.vectors.coloured_by));
        for (&token, at) in self.analysed.kind.tokens.iter().zip(x.iter().copied().zip(y.iter().copied())) {
            plot.dots.push(Dot { at, value: Some(self.vectors.colours[token]), ..Dot::default() });
        }
        // On an axis of ratios neighbours are those of the axis.
        let laid: Vec<f64> = if logarithm { x.iter().map(|x| x.log10()).collect() } else { x };
        let back = |x: f64| if logarithm { 10_f64.powf(x) } else { x };
        if logarithm {
            plot.x_scale = Scale::Log;
        }
        let told = match Curve::fit(&laid, &y) {
            Ok(curve) => {
                rows.extend(curve.places.iter().map(|at| Row {
                    vectors,
                    component: number,
                    quantity,
                    x: at.x,
                    place: at.y,
                    low: at.low,
                    high: at.high,
                }));
                plot.smooth = Some(Smooth {
                    points: curve.points().into_iter().map(|(x, y)| (back(x), y)).collect(),
                    band: curve.band().into_iter().map(|(x, low, high)| (back(x), low, high)).collect(),
                });
                format!(
                    "Curve: local regression with its band of 95 %; its residual standard error is {:.3}.",
                    curve.scale
                )
            }
            Err(error) => format!("No curve: {error}."),
        };
        findings.panel(
            &format!("pc{number}-{vectors}"),
            format!("PC{number} of {vectors} vectors and {quantity}"),
            format!("Spearman's correlation {:+.2}. {told}", found.rho),
            plot.to_svg(),
        );
    }
}
