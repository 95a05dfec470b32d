//! What this program offers to native plugins.

use std::{ffi::c_void, ptr, sync::OnceLock};

use dlm_runtime::Runtime;
use dlm_sdk::border::{
    abi,
    host::{Host, Services},
};

use crate::context::Cancellation;

/// Messages that are shown: errors, warnings and information.
const SHOWN: u32 = 3;

struct OfProgram {
    cancellation: Cancellation,
    threads: u32,
}

impl Services for OfProgram {
    #[expect(clippy::print_stderr, reason = "a plugin's messages go where notes go")]
    fn log(&self, level: u32, message: &str) {
        if level <= SHOWN {
            eprintln!("plugin: {message}");
        }
    }

    fn cancelled(&self) -> bool {
        self.cancellation.signal().is_some()
    }

    fn threads(&self) -> u32 {
        self.threads
    }

    /// ONNX Runtime is started when somebody asks for it: most plugins never do.
    fn extension(&self, id: &str) -> *const c_void {
        let shared = (id == abi::HOST_EXT_ORT).then(|| Runtime::get().ok()?.api_base());
        shared.flatten().unwrap_or(ptr::null())
    }
}

/// Returns the host that plugins of this process see; threads and cancellation are those of the first call.
pub(crate) fn host(cancellation: &Cancellation) -> Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    *HOST.get_or_init(|| {
        let threads = u32::try_from(rayon::current_num_threads()).unwrap_or(1);
        Host::new(Box::new(OfProgram { cancellation: cancellation.clone(), threads }))
    })
}
