//! Components, correlations and maps of each kind of vectors.

use dlm_analysis::{
    Correlation, Pca, Preservation, Tree, benjamini_hochberg, holm,
    loess::{self, Loess},
    preservation, spearman,
    umap::{self, umap},
};
use dlm_sdk::Result;
use ndarray::Array2;
use serde::Serialize;

use super::{Subject, Tokens};

/// How many components are correlated.
pub(super) const COMPONENTS: usize = 20;
/// Neighbours by which a map is judged.
const JUDGED_BY: usize = 15;

/// Vectors of tokens.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// A row a token that has one.
    rows: Array2<f64>,
    /// Which tokens those are.
    pub(super) tokens: Vec<usize>,
}

impl Kind {
    pub(super) fn new(name: &'static str, rows: Array2<f64>, tokens: Vec<usize>) -> Self {
        Self { name, rows, tokens }
    }

    /// Takes the values of the tokens that have a vector.
    pub(super) fn of<'v>(&'v self, values: &'v [f64]) -> Vec<f64> {
        self.tokens.iter().map(|&token| values[token]).collect()
    }
}

/// A correlation of a component with a quantity, corrected over all of its table.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// From zero.
    pub(super) component: usize,
    pub(super) quantity: usize,
    pub(super) found: Option<Correlation>,
    pub(super) holm: f64,
    pub(super) bh: f64,
}

/// What was computed of a kind of vectors.
#[derive(Clone, Debug)]
pub(super) struct Analysed {
    pub(super) kind: Kind,
    /// Where tokens lie along components: a row a token that has a vector.
    pub(super) places: Array2<f64>,
    pub(super) shares: Vec<f64>,
    pub(super) raw: Vec<Cell>,
    /// Functional annotations with what follows GC taken out.
    pub(super) corrected: Vec<Cell>,
    pub(super) map: Array2<f32>,
    pub(super) kept: Option<Preservation>,
}

/// What was computed of all kinds.
#[derive(Debug)]
pub(super) struct Vectors {
    pub(super) all: Vec<Analysed>,
    /// The tree of the static vectors.
    pub(super) tree: Tree,
    /// The rank of each token along the first component that colours all panels; not a number where it has none.
    pub(super) colours: Vec<f64>,
    /// What that component is of.
    pub(super) coloured_by: &'static str,
    /// Quantities that have no curve over GC, with the reason.
    pub(super) uncorrected: Vec<(String, String)>,
}

impl Vectors {
    pub(super) fn compute(subject: &Subject<'_>, tokens: &Tokens, kinds: Vec<Kind>) -> Result<Self> {
        let (residuals, uncorrected) = residuals(tokens);
        let tree = Tree::complete(kinds[0].rows.view())?;
        let mut all = Vec::new();
        for kind in kinds {
            all.push(analyse(subject, tokens, &residuals, kind)?);
            subject.context().check()?;
        }
        // word2vec's, as in the paper; without it the static one.
        let by = all.iter().find(|analysed| analysed.kind.name == "word2vec").or(all.first());
        let mut colours = vec![f64::NAN; tokens.ids.len()];
        let mut coloured_by = "static";
        if let Some(analysed) = by.filter(|analysed| analysed.places.ncols() > 0) {
            coloured_by = analysed.kind.name;
            let ranks = dlm_sdk::metrics::ranks(&analysed.places.column(0).to_vec());
            for (&token, rank) in analysed.kind.tokens.iter().zip(ranks) {
                colours[token] = rank;
            }
        }
        Ok(Self { all, tree, colours, coloured_by, uncorrected })
    }

    pub(super) fn write(&self, subject: &Subject<'_>, tokens: &Tokens) -> Result<()> {
        #[derive(Serialize)]
        struct Placed<'a> {
            vectors: &'a str,
            token: &'a str,
            component: usize,
            place: f64,
        }
        #[derive(Serialize)]
        struct Mapped<'a> {
            vectors: &'a str,
            token: &'a str,
            x: f32,
            y: f32,
        }
        #[derive(Serialize)]
        struct Explained<'a> {
            vectors: &'a str,
            component: usize,
            share: f64,
        }
        #[derive(Serialize)]
        struct Row<'a> {
            vectors: &'a str,
            gc_corrected: bool,
            component: usize,
            quantity: &'a str,
            rho: f64,
            p_value: f64,
            p_holm: f64,
            p_bh: f64,
            tokens: usize,
        }
        #[derive(Serialize)]
        struct Joined {
            left: usize,
            right: usize,
            distance: f64,
            size: usize,
        }
        let (mut places, mut mapped, mut shares, mut rows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for analysed in &self.all {
            let vectors = analysed.kind.name;
            for (row, &token) in analysed.kind.tokens.iter().enumerate() {
                let token = tokens.texts[token].as_str();
                for (component, &place) in analysed.places.row(row).iter().enumerate() {
                    places.push(Placed { vectors, token, component: component + 1, place });
                }
                mapped.push(Mapped { vectors, token, x: analysed.map[[row, 0]], y: analysed.map[[row, 1]] });
            }
            let numbered = analysed.shares.iter().enumerate();
            shares.extend(numbered.map(|(component, &share)| Explained {
                vectors,
                component: component + 1,
                share,
            }));
            for (gc_corrected, cells) in [(false, &analysed.raw), (true, &analysed.corrected)] {
                for cell in cells {
                    let Some(found) = cell.found else { continue };
                    rows.push(Row {
                        vectors,
                        gc_corrected,
                        component: cell.component + 1,
                        quantity: &tokens.quantities[cell.quantity].name,
                        rho: found.rho,
                        p_value: found.p_value,
                        p_holm: cell.holm,
                        p_bh: cell.bh,
                        tokens: found.points,
                    });
                }
            }
        }
        let joins: Vec<Joined> = self
            .tree
            .joins()
            .iter()
            .map(|join| Joined {
                left: join.left,
                right: join.right,
                distance: join.distance,
                size: join.size,
            })
            .collect();
        subject.write_csv(
            "components.csv",
            "where each token lies along each principal component",
            &places,
        )?;
        subject.write_csv("variance.csv", "each component's share of the variance of all tokens", &shares)?;
        subject.write_csv("map.csv", "where each token lies on the map", &mapped)?;
        subject.write_csv(
            "correlations.csv",
            "components against quantities: rank correlations with p-values as they are and corrected",
            &rows,
        )?;
        subject.write_csv("tree.csv", "what the tree joins, in the order of scipy's linkage", &joins)
    }
}

/// Returns every quantity with what follows GC taken out of functional annotations.
fn residuals(tokens: &Tokens) -> (Vec<Vec<f64>>, Vec<(String, String)>) {
    let mut uncorrected = Vec::new();
    let gc = tokens.quantity("GC").unwrap_or(&[]);
    let residuals = tokens
        .quantities
        .iter()
        .map(|quantity| {
            if !quantity.functional {
                return quantity.values.clone();
            }
            let known: Vec<usize> =
                (0..quantity.values.len()).filter(|&token| quantity.values[token].is_finite()).collect();
            let of = |values: &[f64]| -> Vec<f64> { known.iter().map(|&token| values[token]).collect() };
            let mut residuals = vec![f64::NAN; quantity.values.len()];
            match Loess::fit(&of(gc), &of(&quantity.values), loess::Options::default()) {
                Ok(curve) => {
                    for (&token, residual) in known.iter().zip(curve.residuals()) {
                        residuals[token] = *residual;
                    }
                }
                Err(error) => uncorrected.push((quantity.name.clone(), error.to_string())),
            }
            residuals
        })
        .collect();
    (residuals, uncorrected)
}

fn analyse(subject: &Subject<'_>, tokens: &Tokens, residuals: &[Vec<f64>], kind: Kind) -> Result<Analysed> {
    let pca = Pca::fit(kind.rows.view(), COMPONENTS)?;
    let places = pca.transform(kind.rows.view());
    let raw: Vec<&[f64]> = tokens.quantities.iter().map(|quantity| quantity.values.as_slice()).collect();
    let of_all = |_: usize| true;
    let functional = |quantity: usize| tokens.quantities[quantity].functional;
    let residuals: Vec<&[f64]> = residuals.iter().map(Vec::as_slice).collect();
    let floats = kind.rows.mapv(|value| value as f32);
    let progress = subject.progress(&format!("mapping {} vectors", kind.name), None);
    let options = umap::Options { seed: subject.seed(), ..umap::Options::default() };
    let map = umap(floats.view(), &options, |epoch, epochs| {
        progress.set_length(epochs as u64);
        progress.set(epoch as u64);
        subject.context().check()
    })?;
    let kept = preservation(floats.view(), map.view(), JUDGED_BY, usize::MAX)?;
    Ok(Analysed {
        raw: cells(&kind, &places, &raw, of_all),
        corrected: cells(&kind, &places, &residuals, functional),
        shares: pca.shares(),
        places,
        map,
        kept,
        kind,
    })
}

/// Correlates every component with every quantity that is chosen.
fn cells(
    kind: &Kind,
    places: &Array2<f64>,
    quantities: &[&[f64]],
    chosen: impl Fn(usize) -> bool,
) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (quantity, values) in quantities.iter().enumerate().filter(|(quantity, _)| chosen(*quantity)) {
        let values = kind.of(values);
        for (component, places) in places.columns().into_iter().enumerate() {
            let found = spearman(&places.to_vec(), &values);
            cells.push(Cell { component, quantity, found, holm: 1.0, bh: 1.0 });
        }
    }
    let p_values: Vec<f64> = cells.iter().filter_map(|cell| cell.found.map(|found| found.p_value)).collect();
    let corrected = holm(&p_values).into_iter().zip(benjamini_hochberg(&p_values));
    let defined = cells.iter_mut().filter(|cell| cell.found.is_some());
    for (cell, (holm, bh)) in defined.zip(corrected) {
        (cell.holm, cell.bh) = (holm, bh);
    }
    cells
}
