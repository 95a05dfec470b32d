//! Trains a BERT on random tokens and prints speed and memory, for comparison with peers on the same work.
//!
//! `measure_training MODE LAYERS HIDDEN HEADS FFN BATCH TOKENS STEPS DROPOUT [ARENA [KEEP [PROFILE]]]`; MODE is `train` (forward, backward,
//! clipping, `AdamW`) or `forward`. TOKENS may be several lengths with commas between, which take turns. ARENA is
//! `keep`, `shrink`, `off` or `shared`; KEEP is what the forward pass holds: `everything`, `products`, `long` or `borders`. The vocabulary has 609 ids; 15 % of the tokens are guessed, and the head works on
//! those alone. Threads are set by `RAYON_NUM_THREADS`. The first two steps warm up and are not counted. Prints one JSON
//! object: seconds of each counted step, their median, tokens a second at the median, processor time a step, what part of it the optimiser and
//! the rest took, and the largest resident memory of the process in bytes. With PROFILE the runtime writes the time of each
//! operator to a file of that prefix; it is read back, and `profile` says what a counted step took by operator, in
//! seconds, and what share of the step was spent outside the operators and the optimiser.

use std::{collections::BTreeMap, env, error::Error, fs, path::Path, time::Instant};

use dlm_graph::Keep;
use dlm_nn::bert::{self, Config, Heads, Model};
use dlm_runtime::{Arena, Runtime, SessionOptions};
use dlm_sdk::random::Stream;
use dlm_train::{
    optimiser::{Optimiser, OptimiserOptions},
    step::{Batch, Feed, StepGraph, Weights},
};
use ndarray::{Array1, Array2};

const VOCABULARY: usize = 609;

fn batch(rows: usize, tokens: usize, step: u64) -> Batch {
    let mut stream = Stream::nth(1, "data", step);
    let ids = Array2::from_shape_simple_fn((rows, tokens), || 5 + stream.below(VOCABULARY - 5) as i64);
    let guessed = rows * tokens * 15 / 100;
    let places: Vec<i64> = stream.sample(rows * tokens, guessed).iter().map(|&place| place as i64).collect();
    let labels =
        places.iter().map(|&place| ids[(place as usize / tokens, place as usize % tokens)]).collect();
    Batch {
        sizes: vec![("batch".into(), rows), ("tokens".into(), tokens), ("masked".into(), guessed)],
        feeds: vec![
            (bert::IDS.into(), Feed::I64(ids.into_dyn())),
            (bert::MASK.into(), Feed::I64(Array2::ones((rows, tokens)).into_dyn())),
            (bert::PLACES.into(), Feed::I64(Array1::from_vec(places).into_dyn())),
            (bert::LABELS.into(), Feed::I64(Array1::from_vec(labels).into_dyn())),
            (
                bert::LOSS_WEIGHTS.into(),
                Feed::F32(Array1::from_elem(guessed, 1.0 / guessed as f32).into_dyn()),
            ),
        ],
        tokens: (rows * tokens) as u64,
        examples: rows as u64,
    }
}

/// Reads a number of kilobytes from what the system says about this process.
fn kilobytes(key: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim_start_matches(':').trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Returns the processor time of this process in seconds, all threads together, as the system counts it: by ticks.
fn processor_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Returns the mean of what was measured in counted steps.
fn mean(values: &[f64]) -> f64 {
    values.iter().skip(2).sum::<f64>() / (values.len().max(3) - 2) as f64
}

/// Reads from the runtime's profile how long the kernels of each operator took in one of the last `steps` runs, in seconds.
fn operators(prefix: &str, steps: usize) -> Result<BTreeMap<String, f64>, Box<dyn Error>> {
    let prefix = Path::new(prefix);
    let folder = prefix.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let stem = prefix.file_name().ok_or("the profile has no name")?.to_string_lossy().into_owned();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&stem) {
            found.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    let (_, path) = found.into_iter().max().ok_or("the runtime wrote no profile")?;
    let events: Vec<serde_json::Value> = serde_json::from_slice(&fs::read(path)?)?;
    let mut runs: Vec<u64> = events
        .iter()
        .filter(|event| event["name"] == "model_run")
        .filter_map(|event| event["ts"].as_u64())
        .collect();
    runs.sort_unstable();
    let first =
        runs.len().checked_sub(steps).and_then(|at| runs.get(at)).ok_or("the profile has too few runs")?;
    let mut operators = BTreeMap::new();
    for event in &events {
        let kernel = event["name"].as_str().is_some_and(|name| name.ends_with("_kernel_time"));
        let (Some(start), Some(operator)) = (event["ts"].as_u64(), event["args"]["op_name"].as_str()) else {
            continue;
        };
        if kernel && start >= *first {
            *operators.entry(operator.to_owned()).or_insert(0.0) +=
                event["dur"].as_f64().unwrap_or(0.0) * 1e-6 / steps as f64;
        }
    }
    Ok(operators)
}

#[expect(clippy::print_stdout, reason = "the numbers are the program's output")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [mode, layers, hidden, heads, wide, rows, tokens, steps, dropout, rest @ ..] = arguments.as_slice()
    else {
        return Err(
            "measure_training MODE LAYERS HIDDEN HEADS FFN BATCH TOKENS STEPS DROPOUT [ARENA [KEEP [PROFILE]]]".into(),
        );
    };
    let (rows, steps): (usize, u64) = (rows.parse()?, steps.parse()?);
    let tokens: Vec<usize> = tokens.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let mut config = Config::from_json(&format!(
        r#"{{"vocab_size": {VOCABULARY}, "hidden_size": {hidden}, "num_hidden_layers": {layers},
            "num_attention_heads": {heads}, "intermediate_size": {wide}, "max_position_embeddings": 512}}"#
    ))?;
    (config.hidden_dropout, config.attention_dropout) = (dropout.parse()?, dropout.parse()?);
    let runtime = Runtime::get()?;
    let parts = Heads { language_model: true, pooler: false };
    let graph = bert::masked_language_model(&config, "batch".into(), "tokens".into(), "masked".into())?;
    let model = Model::random(config, parts, 1);
    let parameters = model.weights().iter().map(|weight| weight.parameter.clone()).collect();
    let mut weights = Weights::new(runtime, parameters, |_| mode == "train")?;
    for index in 0..weights.parameters().len() {
        weights.write(index)?.copy_from_slice(&model.values(index)?);
    }
    let mut optimiser = Optimiser::new(OptimiserOptions::default(), weights.trained().map(|it| (it, 1.0)))?;
    let arena = rest.first().map_or("shared", String::as_str);
    let mut options = SessionOptions::default().arena(match arena {
        "keep" => Arena::Keep,
        "shrink" => Arena::Shrink,
        "off" => Arena::Off,
        "shared" => Arena::Shared,
        other => return Err(format!("no arena is called {other:?}").into()),
    });
    if let Some(prefix) = rest.get(2) {
        options = options.profile(prefix);
    }
    let keep = match rest.get(1).map_or("products", String::as_str) {
        "everything" => Keep::Everything,
        "products" => Keep::Products,
        "long" => Keep::Long,
        "borders" => Keep::Borders,
        other => return Err(format!("nothing is kept by the name of {other:?}").into()),
    };
    let mut graph = StepGraph::new(runtime, graph, weights, options, 1).keeping(keep);
    let (mut seconds, mut losses, mut optimising) = (Vec::new(), Vec::new(), Vec::new());
    let started = Instant::now();
    let mut compiled = 0.0;
    let mut used = 0.0;
    for step in 0..steps + 2 {
        if step == 2 {
            used = processor_seconds();
        }
        let batch = batch(rows, tokens[step as usize % tokens.len()], step);
        let start = Instant::now();
        if mode == "train" {
            losses.push(graph.gradients(&batch, step, 0)?);
            let middle = Instant::now();
            let (mut values, gradients) = graph.weights_mut().update()?;
            optimiser.update(&mut values, &gradients, 1e-4)?;
            optimising.push(middle.elapsed().as_secs_f64());
        } else {
            losses.push(graph.evaluate(&batch, &["loss"])?[0].sum());
        }
        seconds.push(start.elapsed().as_secs_f64());
        if step == 0 {
            compiled = started.elapsed().as_secs_f64();
        }
    }
    let used = (processor_seconds() - used) / steps as f64;
    // The runtime writes its profile when the graph goes.
    drop(graph);
    let counted_seconds = seconds[2..].iter().sum::<f64>() / steps as f64;
    let optimiser_seconds = mean(&optimising);
    let profile = rest.get(2).map(|prefix| operators(prefix, steps as usize)).transpose()?.map(|operators| {
        let kernels: f64 = operators.values().sum();
        let outside = counted_seconds - kernels - optimiser_seconds;
        serde_json::json!({
            "operators": operators, "optimiser": optimiser_seconds, "outside": outside,
            "outside_share": outside / counted_seconds,
        })
    });
    let mut counted = seconds[2..].to_vec();
    counted.sort_by(f64::total_cmp);
    let median = counted[counted.len() / 2];
    println!(
        "{}",
        serde_json::json!({
            "mode": mode, "threads": runtime.threads(), "rows": rows, "tokens": tokens, "arena": arena, "dropout": dropout,
            "seconds": &seconds[2..], "median": median, "tokens_per_second": (rows * tokens.iter().sum::<usize>() / tokens.len()) as f64 / median,
            "processor_seconds": used, "optimiser_seconds": optimiser_seconds, "first_step_seconds": compiled,
            "peak_memory": kilobytes("VmHWM").map(|kilobytes| kilobytes << 10),
            "first_loss": losses.first(), "last_loss": losses.last(), "profile": profile,
        })
    );
    Ok(())
}
