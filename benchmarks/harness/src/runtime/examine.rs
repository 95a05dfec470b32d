//! What the doctor says about ONNX Runtime.

use dlm_runtime::{Device, Runtime, Search, VERSION};
use serde::Serialize;

/// What was found about ONNX Runtime on this machine.
#[derive(Clone, Debug, Serialize)]
pub struct Examination {
    /// The version this program needs.
    pub wanted: &'static str,
    /// The library in use, and where it was found.
    pub library: Option<String>,
    /// What looked like the library and cannot be used, and why.
    pub skipped: Vec<String>,
    /// The devices that can be used.
    pub devices: Vec<&'static str>,
    /// The devices that cannot be used, and why.
    pub unusable: Vec<String>,
    /// What to do.
    pub advice: Option<String>,
}

/// Looks for the library, starts it, and tries each device with a small graph.
pub fn examine() -> Examination {
    let found = Search::of_user().find();
    let mut examination = Examination {
        wanted: VERSION,
        library: found
            .library
            .as_ref()
            .map(|library| format!("{}, {}", library.path.display(), library.origin)),
        skipped: found.skipped.iter().map(ToString::to_string).collect(),
        devices: Vec::new(),
        unusable: Vec::new(),
        advice: None,
    };
    let runtime = match Runtime::get() {
        Ok(runtime) => runtime,
        Err(error) => {
            examination.advice = error.hint().map(str::to_owned);
            if !matches!(error, dlm_runtime::Error::NotFound { .. }) {
                examination.unusable.push(dlm_sdk::Error::from(error).chain());
            }
            return examination;
        }
    };
    for device in [Device::Cpu, Device::Cuda] {
        match runtime.probe(device) {
            Ok(()) => examination.devices.push(device.name()),
            Err(error) => examination.unusable.push(dlm_sdk::Error::from(error).chain()),
        }
    }
    examination
}
