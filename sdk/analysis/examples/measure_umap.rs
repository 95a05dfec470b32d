//! Maps points and prints how long it took, for comparison with peers.
//!
//! `measure_umap POINTS COLUMNS MAP`; POINTS holds rows of single-precision numbers as they lie in memory, and MAP takes two
//! for each. Threads are set by `RAYON_NUM_THREADS`. Reading and writing are not timed.

use std::{env, error::Error, fs, time::Instant};

use dlm_analysis::umap::{Options, umap};
use ndarray::Array2;

#[expect(clippy::print_stdout, reason = "the numbers are the program's output")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [points, columns, map] = arguments.as_slice() else {
        return Err("measure_umap POINTS COLUMNS MAP".into());
    };
    let columns: usize = columns.parse()?;
    let numbers: Vec<f32> =
        fs::read(points)?.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let table = Array2::from_shape_vec((numbers.len() / columns, columns), numbers)?;
    let began = Instant::now();
    let places = umap(table.view(), &Options::default(), |_, _| Ok(()))?;
    let seconds = began.elapsed().as_secs_f64();
    let bytes: Vec<u8> = places.iter().flat_map(|place| place.to_le_bytes()).collect();
    fs::write(map, bytes)?;
    println!("{{\"seconds\": {seconds:.3}}}");
    Ok(())
}
