//! Running graphs on the real library, where there is one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use dlm_runtime::{
    Arena, BindingBuilder, Device, Element, Error, Memory, Optimisation, Runtime, Session, SessionOptions,
};
use ndarray::{Array2, array};
use support::{model, runtime};

/// `y = x w + x`, a product and a sum.
fn product(n: u64) -> Vec<u8> {
    model(
        &[("x", &[n, n]), ("w", &[n, n])],
        &[("MatMul", &["x", "w"], &["xw"]), ("Add", &["xw", "x"], &["y"])],
        &[("y", &[n, n])],
    )
}

fn load(runtime: &Runtime, bytes: &[u8], options: &SessionOptions) -> Session {
    Session::from_bytes(runtime, "toy", bytes, options).unwrap()
}

fn noise(n: usize, mut state: u32) -> Array2<f32> {
    Array2::from_shape_simple_fn((n, n), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    })
}

fn run<T: Element>(session: &mut Session, x: &Array2<f32>, w: &Array2<f32>) -> Array2<T> {
    let outputs = session.run(&[("x", x.into()), ("w", w.into())]).unwrap();
    outputs.array::<T>("y").unwrap().into_dimensionality().unwrap().to_owned()
}

#[test]
fn a_graph_runs_on_arrays() {
    let Some(runtime) = runtime() else { return };
    let mut session = load(runtime, &product(2), &SessionOptions::default());
    assert_eq!(session.inputs()[1].name, "w");
    assert_eq!(session.outputs()[0].shape, [Some(2), Some(2)]);
    let x = array![[1.0, 2.0], [3.0, 4.0]];
    let w = array![[0.0, 1.0], [1.0, 0.0]];
    assert_eq!(run::<f32>(&mut session, &x, &w), array![[3.0, 3.0], [7.0, 7.0]]);
    // An array that does not lie in row-major order is copied, not misread.
    let transposed = x.clone().reversed_axes();
    let outputs = session.run(&[("x", (&transposed).into()), ("w", (&w).into())]).unwrap();
    assert_eq!(outputs.array::<f32>("y").unwrap(), array![[4.0, 4.0], [6.0, 6.0]].into_dyn());
}

#[test]
fn wrong_input_is_told_by_name() {
    let Some(runtime) = runtime() else { return };
    let mut session = load(runtime, &product(2), &SessionOptions::default());
    let x = array![[1.0_f32, 2.0], [3.0, 4.0]];
    let missing = session.run(&[("x", (&x).into())]).unwrap_err();
    assert_eq!(missing.to_string(), "toy: its input \"w\" is missing");
    let unknown = session.run(&[("x", (&x).into()), ("v", (&x).into())]).unwrap_err();
    assert_eq!(unknown.to_string(), "toy: it has no input \"v\"");
    let row = array![1.0_f32];
    let shape = session.run(&[("x", (&x).into()), ("w", (&row).into())]).unwrap_err();
    assert!(matches!(shape, Error::Run { .. }), "{shape}");
    let outputs = session.run(&[("x", (&x).into()), ("w", (&x).into())]).unwrap();
    assert!(matches!(outputs.array::<i64>("y"), Err(Error::Element { .. })));
    assert!(matches!(outputs.array::<f32>("z"), Err(Error::Port { .. })));
}

#[test]
fn what_is_no_graph_is_an_error() {
    let Some(runtime) = runtime() else { return };
    let options = SessionOptions::default();
    let bytes = Session::from_bytes(runtime, "noise", b"no protobuf", &options).unwrap_err();
    assert!(matches!(bytes, Error::Load { .. }), "{bytes}");
    let operator = model(&[("x", &[1])], &[("NoSuchOperator", &["x"], &["y"])], &[("y", &[1])]);
    let unknown = Session::from_bytes(runtime, "toy", &operator, &options).unwrap_err();
    assert!(dlm_sdk::Error::from(unknown).chain().contains("NoSuchOperator"));
    let file = Session::from_path(runtime, "no/such.onnx", &options).unwrap_err();
    assert!(file.to_string().starts_with("no/such.onnx: "), "{file}");
}

#[test]
fn bound_tensors_are_read_and_written_in_place() {
    let Some(runtime) = runtime() else { return };
    let session = load(runtime, &product(2), &SessionOptions::default());
    let mut memory = Memory::new(runtime);
    let x = memory.add::<f32>("x", &[2, 2]).unwrap();
    let w = memory.add::<f32>("w", &[2, 2]).unwrap();
    let y = memory.add::<f32>("y", &[2, 2]).unwrap();
    let builder = BindingBuilder::new(session).input("x", x).input("w", w).output("y", y);
    let mut binding = builder.build(&mut memory).unwrap();
    memory.write::<f32>(x).unwrap().copy_from_slice(&[1.0, 2.0, 3.0, 4.0]);
    for (weight, expected) in [(1.0, [4.0, 3.0, 10.0, 7.0]), (2.0, [7.0, 3.0, 17.0, 7.0])] {
        memory.write::<f32>(w).unwrap().copy_from_slice(&[weight, 1.0, weight, 0.0]);
        let before = memory.read::<f32>(y).unwrap().as_ptr();
        binding.run(&mut memory).unwrap();
        assert_eq!(memory.read::<f32>(y).unwrap(), expected);
        assert_eq!(memory.read::<f32>(y).unwrap().as_ptr(), before);
    }
    assert!(matches!(memory.read::<i64>(y), Err(Error::Element { .. })));
    assert!(memory.write_all::<f32>(&[x, w, x]).is_err());
    assert_eq!(memory.write_all::<f32>(&[w, x]).unwrap()[1][3], 4.0);
    let mut other = Memory::new(runtime);
    assert!(matches!(binding.run(&mut other), Err(Error::Memory { .. })));
    assert!(matches!(other.read::<f32>(x), Err(Error::Memory { .. })));
}

#[test]
fn a_binding_that_could_overwrite_its_input_is_refused() {
    let Some(runtime) = runtime() else { return };
    let mut memory = Memory::new(runtime);
    let x = memory.add::<f32>("x", &[2, 2]).unwrap();
    let w = memory.add::<f32>("w", &[2, 2]).unwrap();
    let bind = |session| BindingBuilder::new(session).input("x", x).input("w", w);
    let session = || load(runtime, &product(2), &SessionOptions::default());
    assert!(bind(session()).output("y", x).build(&mut memory).is_err());
    assert!(bind(session()).output("z", x).build(&mut memory).is_err());
    assert!(BindingBuilder::new(session()).input("x", x).build(&mut memory).is_err());
}

/// The same number of threads gives the same bits, in one session and in two, with every use of memory.
#[test]
fn equal_threads_give_equal_bits() {
    let Some(runtime) = runtime() else { return };
    let (x, w) = (noise(150, 1), noise(150, 2));
    for threads in [1, 2, 3] {
        let mut results = Vec::new();
        for arena in [Arena::Keep, Arena::Shrink, Arena::Off, Arena::Shared, Arena::Keep] {
            let options = SessionOptions::default().threads(threads).arena(arena);
            let mut session = load(runtime, &product(150), &options);
            results.push(run::<f32>(&mut session, &x, &w));
            results.push(run::<f32>(&mut session, &x, &w));
        }
        assert!(results.iter().all(|result| *result == results[0]), "{threads} threads");
    }
}

#[test]
fn other_threads_and_optimisations_agree_closely() {
    let Some(runtime) = runtime() else { return };
    let (x, w) = (noise(150, 1), noise(150, 2));
    let mut expected = x.dot(&w);
    expected += &x;
    for threads in [1, 2, 3] {
        for optimisation in [Optimisation::Off, Optimisation::Basic, Optimisation::Full] {
            let options = SessionOptions::default().threads(threads).optimisation(optimisation);
            let result = run::<f32>(&mut load(runtime, &product(150), &options), &x, &w);
            let worst = (&result - &expected).iter().fold(0.0_f32, |worst, error| worst.max(error.abs()));
            assert!(worst < 1e-4, "{threads} threads: {worst}");
        }
    }
}

/// A device that is not there is told, whether the library lacks it or the machine does.
#[test]
fn cuda_fails_loudly_where_it_cannot_start() {
    let Some(runtime) = runtime() else { return };
    let options = SessionOptions::default().device(Device::Cuda);
    match Session::from_bytes(runtime, "toy", &product(2), &options) {
        // A session in spite of a library without CUDA would be one that fell back.
        Ok(_) => assert!(runtime.devices().contains(&Device::Cuda)),
        Err(error) => {
            assert!(matches!(error, Error::NoProvider { .. } | Error::Device { .. }), "{error}");
            assert!(dlm_sdk::Error::from(error).hint().unwrap().contains("--device cpu"));
        }
    }
    runtime.probe(Device::Cpu).unwrap();
    assert!(runtime.devices().contains(&Device::Cpu));
}

/// On the processor resident tensors are as closed as on a device, and an output may be written over its input by name.
#[test]
fn resident_tensors_are_stored_fetched_and_written_in_place() {
    let Some(runtime) = runtime() else { return };
    let mut plain = Memory::new(runtime);
    assert!(plain.add_resident::<f32>("x", &[2, 2]).is_err());
    let mut memory = Memory::of_device(runtime, Device::Cpu).unwrap();
    assert_eq!(memory.device(), Some(Device::Cpu));
    let x = memory.add_resident::<f32>("x", &[2, 2]).unwrap();
    let w = memory.add::<f32>("w", &[2, 2]).unwrap();
    assert_eq!(memory.fetch::<f32>(x).unwrap(), [0.0; 4]);
    memory.store(x, &[1.0_f32, 2.0, 3.0, 4.0]).unwrap();
    assert_eq!(memory.fetch::<f32>(x).unwrap(), [1.0, 2.0, 3.0, 4.0]);
    assert!(matches!(memory.read::<f32>(x), Err(Error::Memory { .. })));
    assert!(matches!(memory.write::<f32>(x), Err(Error::Memory { .. })));
    assert!(matches!(memory.fetch::<i64>(x), Err(Error::Element { .. })));
    assert!(matches!(memory.store::<i64>(x, &[1; 4]), Err(Error::Element { .. })));
    assert!(matches!(memory.store(x, &[1.0_f32]), Err(Error::Memory { .. })));
    // The tensor is bound as the input `x` and as the output `y`: the sum is the last to read it.
    memory.store(w, &[1.0_f32, 0.0, 0.0, 1.0]).unwrap();
    let session = load(runtime, &product(2), &SessionOptions::default());
    let mut binding =
        BindingBuilder::new(session).in_place("x", "y", x).input("w", w).build(&mut memory).unwrap();
    let before = memory.traffic();
    for expected in [[2.0, 4.0, 6.0, 8.0], [4.0, 8.0, 12.0, 16.0]] {
        binding.run(&mut memory).unwrap();
        assert_eq!(memory.fetch::<f32>(x).unwrap(), expected);
    }
    let after = memory.traffic();
    // Two runs take `w`; two fetches bring `x`.
    assert_eq!(after.to_device - before.to_device, 2 * 16);
    assert_eq!(after.from_device - before.from_device, 2 * 16);
    // What is in place for two names is not for a third.
    let session = load(runtime, &product(2), &SessionOptions::default());
    assert!(BindingBuilder::new(session).in_place("x", "y", x).input("w", x).build(&mut memory).is_err());
}
