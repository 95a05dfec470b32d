//! `dlm model curve`: what a training has reached step by step, as a plot.
//!
//! The numbers are those that a training writes while it runs, one JSON object a line (`metrics.jsonl`), so that a
//! training under way can be looked at too. Where that file is gone, the curve on held-out data that is kept with the
//! model is drawn alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use dlm_genome::output;
use dlm_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::{
    context::Context,
    files::write_error,
    plot::{Line, LinePlot, Scale},
    tokenizer::shown,
};

/// Steps are joined to at most so many points, each the mean of its steps.
const POINTS: usize = 200;

/// A line of `metrics.jsonl`; other numbers are left aside.
#[derive(Debug, Deserialize)]
struct Metrics {
    step: u64,
    loss: Option<f64>,
    validation_loss: Option<f64>,
}

/// A point of the curve that is kept with a model.
#[derive(Debug, Deserialize)]
struct Kept {
    step: u64,
    loss: f64,
}

#[derive(Debug, Deserialize)]
struct Pretrained {
    curve: Vec<Kept>,
}

#[derive(Debug, Deserialize)]
struct Finetuned {
    facts: Pretrained,
}

/// The curves of a training: losses by steps.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Curves {
    name: String,
    /// Steps, mean loss of their batches, least and greatest.
    training: Vec<(f64, f64, f64, f64)>,
    validation: Vec<(u64, f64)>,
}

#[derive(Serialize)]
struct Answer {
    output: String,
    trainings: Vec<Curves>,
}

pub(super) fn run(trainings: &[PathBuf], to: &Path, logarithmic: bool, context: &Context) -> Result<()> {
    let curves = trainings.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    output::write(to, plot(&curves, logarithmic).to_svg()).map_err(|error| write_error(to, error))?;
    let answer = Answer { output: shown(to), trainings: curves };
    context.print(&answer, || {
        let mut text = String::new();
        for curves in &answer.trainings {
            text.push_str(&line(curves));
        }
        text + &answer.output + "\n"
    })
}

/// Says where a training stands.
fn line(curves: &Curves) -> String {
    let last =
        curves.training.last().map(|(step, loss, ..)| format!(", loss {loss:.4} around step {step:.0}"));
    let best = curves.validation.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let best = best.map(|(step, loss)| format!(", held out {loss:.4} at best, after {step} steps"));
    format!("{}{}{}\n", curves.name, last.unwrap_or_default(), best.unwrap_or_default())
}

/// Reads the curves of a folder or of a file of metrics.
fn read(path: &Path) -> Result<Curves> {
    let name =
        path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into());
    // A fine-tuning tries one recipe or several, each in a folder of its own.
    let within = ["training/metrics.jsonl", "training/trial-0/metrics.jsonl", "metrics.jsonl"];
    let metrics: Vec<PathBuf> =
        [path.to_owned()].into_iter().chain(within.map(|place| path.join(place))).collect();
    if let Some(metrics) = metrics.iter().find(|path| path.is_file()) {
        let text = text(metrics)?;
        return curves(name, &text).map_err(|error| error.within(metrics.display().to_string()));
    }
    let wrong =
        |path: &Path, error: serde_json::Error| Error::invalid(format!("{}: {error}", path.display()));
    let (pretrained, finetuned) = (path.join("pretraining.json"), path.join("finetuned.json"));
    let kept = if pretrained.is_file() {
        serde_json::from_str::<Pretrained>(&text(&pretrained)?).map_err(|error| wrong(&pretrained, error))?
    } else if finetuned.is_file() {
        let found = serde_json::from_str::<Finetuned>(&text(&finetuned)?);
        found.map_err(|error| wrong(&finetuned, error))?.facts
    } else {
        return Err(Error::invalid(format!("{}: holds no training", path.display()))
            .with_hint("name a folder that dlm pretrain or dlm finetune writes, or its metrics.jsonl"));
    };
    let validation: Vec<(u64, f64)> = kept.curve.iter().map(|point| (point.step, point.loss)).collect();
    if validation.is_empty() {
        return Err(Error::invalid(format!("{}: nothing was measured", path.display())));
    }
    Ok(Curves { name, training: Vec::new(), validation })
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))
}

/// Reads lines of metrics. A process that is at work may have written half of the last.
fn curves(name: String, text: &str) -> Result<Curves> {
    let mut found = Curves { name, ..Curves::default() };
    let mut losses = Vec::new();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for (at, line) in whole.lines().enumerate() {
        let metrics: Metrics = serde_json::from_str(line)
            .map_err(|error| Error::invalid(format!("line {}: {error}", at + 1)))?;
        losses.extend(metrics.loss.map(|loss| (metrics.step, loss)));
        found.validation.extend(metrics.validation_loss.map(|loss| (metrics.step, loss)));
    }
    if losses.is_empty() && found.validation.is_empty() {
        return Err(Error::invalid("no step is written yet"));
    }
    let size = losses.len().div_ceil(POINTS).max(1);
    found.training = losses.chunks(size).map(joined).collect();
    Ok(found)
}

fn joined(steps: &[(u64, f64)]) -> (f64, f64, f64, f64) {
    let n = steps.len() as f64;
    let step = steps.iter().map(|(step, _)| *step as f64).sum::<f64>() / n;
    let loss = steps.iter().map(|(_, loss)| loss).sum::<f64>() / n;
    let least = steps.iter().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
    let greatest = steps.iter().map(|(_, loss)| *loss).fold(f64::NEG_INFINITY, f64::max);
    (step, loss, least, greatest)
}

/// Draws the loss of batches, with its spread, and on held-out data, with markers.
fn plot(trainings: &[Curves], logarithmic: bool) -> LinePlot {
    let mut plot = LinePlot::new("steps", "loss");
    if logarithmic {
        // There is no logarithm of the step before the first.
        plot.x_scale = Scale::Log;
    }
    let shown = |step: f64| !logarithmic || step >= 1.0;
    for curves in trainings {
        let batches = curves.training.iter().filter(|(step, ..)| shown(*step));
        let (mut points, mut band) = (Vec::new(), Vec::new());
        for &(step, loss, least, greatest) in batches {
            points.push((step, loss));
            band.push((step, least, greatest));
        }
        let held_out = curves.validation.iter().map(|&(step, loss)| (step as f64, loss));
        let held_out: Vec<(f64, f64)> = held_out.filter(|(step, _)| shown(*step)).collect();
        for (what, points, band, markers) in
            [("batches", points, band, false), ("held out", held_out, Vec::new(), true)]
        {
            if !points.is_empty() {
                let label = format!("{}, {what}", curves.name);
                let series = plot.lines.len();
                plot.lines.push(Line { label, points, band, markers, apart: false, series });
            }
        }
    }
    plot
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1,000 steps that fall from 5 to 4, validated twice, and a line that is being written.
    fn metrics() -> String {
        let step = |step: u32| {
            let loss = 5.0 - f64::from(step) / 1000.0;
            let mut lines = vec![format!("{{\"step\":{step},\"loss\":{loss},\"gradient_norm\":1}}\n")];
            if step % 500 == 499 {
                lines.push(format!("{{\"step\":{},\"validation_loss\":4.5}}\n", step + 1));
            }
            lines.concat()
        };
        let text: Vec<String> = (0..1000).map(step).collect();
        text.concat() + "{\"step\":1000,\"lo"
    }

    #[test]
    fn steps_are_joined_and_half_a_line_is_left_aside() {
        let curves = curves("mine".into(), &metrics()).unwrap();
        assert_eq!(curves.training.len(), POINTS);
        assert_eq!(curves.validation, [(500, 4.5), (1000, 4.5)]);
        let (step, loss, least, greatest) = curves.training[0];
        // The mean of steps 0 to 4.
        assert_eq!((step, greatest), (2.0, 5.0));
        assert!((loss - 4.998).abs() < 1e-9 && (least - 4.996).abs() < 1e-9, "{loss} {least}");
        let svg = plot(&[curves], false).to_svg();
        assert!(svg.contains(">mine, batches<") && svg.contains(">mine, held out<"), "{svg}");
        assert_eq!(svg.matches("<polyline").count(), 2);
    }

    #[test]
    fn wrong_lines_are_told_with_their_number() {
        let error = curves("mine".into(), "{\"step\":0,\"loss\":1}\nloss 2\n").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(curves("mine".into(), "{\"step\":0,\"lo").is_err());
    }

    #[test]
    fn folders_are_read_by_what_they_hold() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("model");
        fs::create_dir_all(&place).unwrap();
        assert!(read(&place).unwrap_err().to_string().contains("holds no training"));
        fs::write(place.join("pretraining.json"), r#"{"preset": "x", "curve": [{"step": 3, "loss": 2.5}]}"#)
            .unwrap();
        assert_eq!(read(&place).unwrap().validation, [(3, 2.5)]);
        fs::create_dir_all(place.join("training")).unwrap();
        fs::write(place.join("training/metrics.jsonl"), metrics()).unwrap();
        let found = read(&place).unwrap();
        assert_eq!((found.name.as_str(), found.training.len()), ("model", POINTS));
    }
}
