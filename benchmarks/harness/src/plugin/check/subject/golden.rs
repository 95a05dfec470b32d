//! Hidden states that a plugin's author knows to be right.

use std::path::Path;

use dlm_nn::weights::Checkpoint;
use dlm_sdk::{Encoder, conformance::Outcome};
use ndarray::{Array2, Array3};

use super::{encoder, ensure, outcome, told};

/// The file, beside the manifest.
const FILE: &str = "check/hidden.safetensors";
/// How far a state may lie from the one that is given.
const NEAR: f32 = 1e-4;

/// Compares with the states beside the manifest: `input_ids` and `attention_mask`, `[batch, tokens]`, and `hidden`,
/// `[batch, tokens, width]`.
pub(super) fn hidden(folder: &Path, made: &mut Box<dyn Encoder>) -> Result<Outcome, String> {
    let path = folder.join(FILE);
    if !path.is_file() {
        return Err(format!("there is no {FILE}"));
    }
    let checkpoint = Checkpoint::open(&path).map_err(|error| told(&error))?;
    let read = |name: &str, axes: usize| {
        let entry = checkpoint.entries().iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| format!("{FILE} has no tensor {name}"))?;
        if entry.shape.len() != axes {
            return Err(format!("{FILE}: {name} has the shape {:?}, not {axes} axes", entry.shape));
        }
        let mut values = vec![0.0; entry.shape.iter().product()];
        checkpoint.read(name, &mut values).map_err(|error| told(&error))?;
        Ok((entry.shape.clone(), values))
    };
    let whole = |name: &str| -> Result<Array2<i64>, String> {
        let (shape, values) = read(name, 2)?;
        let values = values.into_iter().map(|value| value as i64).collect();
        Array2::from_shape_vec((shape[0], shape[1]), values).map_err(|error| error.to_string())
    };
    let (ids, mask) = (whole("input_ids")?, whole("attention_mask")?);
    let (shape, wanted) = read("hidden", 3)?;
    let wanted = Array3::from_shape_vec((shape[0], shape[1], shape[2]), wanted);
    let wanted = wanted.map_err(|error| error.to_string())?;
    let mut encoder = encoder::whole(made)?;
    let fits = ids.dim() == mask.dim() && wanted.dim() == (ids.nrows(), ids.ncols(), encoder.spec().hidden);
    if !fits {
        return Ok(Outcome::Failed(format!(
            "{FILE} has ids of {:?}, a mask of {:?} and states of {:?}, and the encoder a width of {}",
            ids.dim(),
            mask.dim(),
            wanted.dim(),
            encoder.spec().hidden
        )));
    }
    let states = match encoder::encode(&mut *encoder, &ids, &mask) {
        Ok(states) => states,
        Err(error) => return Ok(Outcome::Failed(told(&error))),
    };
    let far = states.indexed_iter().find(|((row, column, unit), state)| {
        mask[[*row, *column]] != 0 && (*state - wanted[[*row, *column, *unit]]).abs() > NEAR
    });
    let compared = far.map_or(Ok(()), |((row, column, unit), state)| {
        let wanted = wanted[[row, column, unit]];
        ensure(false, || format!("row {row}, token {column}, unit {unit} is {state}, not {wanted}"))
    });
    Ok(outcome(compared))
}
