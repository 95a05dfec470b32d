//! Native plugins in processes of their own.
//!
//! A stranger's code may crash, hang, or exhaust memory, and no thread can be stopped from outside. So each component of a
//! native plugin lives in a child process of this program, a *worker*, that loads the library, and the component here
//! is a `remote` that asks it over a socket. What goes wrong there is an error here, with its reason: in a benchmark
//! it costs its own cell and never the run. A worker that does not answer within [`limit`] is ended.
//!
//! An encoder that hands over its graph (`dlm.trainable/1`) is asked once; the graph then runs here.

mod link;
mod protocol;
mod remote;
mod serve;

use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use dlm_sdk::{Component, Config, Error, Kind, Result};

pub(super) use protocol::{receive, send};
pub use serve::WorkerArgs;

use self::link::Link;
use super::graph_encoder::GraphEncoder;

/// How long a worker may take for one answer, unless `DLM_PLUGIN_TIMEOUT` says otherwise.
const LIMIT: Duration = Duration::from_mins(10);

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Names the program that workers are started from: this one. A program that uses the library without the command line
/// names the `dlm` binary.
pub fn set_program(program: PathBuf) {
    // Who came first is right: it is the program itself.
    let _ = PROGRAM.set(program);
}

/// Returns the program that workers are started from.
pub(super) fn program() -> Result<PathBuf> {
    match PROGRAM.get() {
        Some(program) => Ok(program.clone()),
        None => env::current_exe().map_err(|error| Error::io("the path of this program is not known", error)),
    }
}

/// Returns how long a worker may take for one answer: the seconds of `DLM_PLUGIN_TIMEOUT`, else ten minutes.
///
/// # Errors
///
/// The variable is no number of seconds above zero.
pub fn limit() -> Result<Duration> {
    let Some(text) = env::var_os("DLM_PLUGIN_TIMEOUT") else { return Ok(LIMIT) };
    let seconds = text.to_str().and_then(|text| text.parse::<f64>().ok());
    let limit = seconds.filter(|&it| it > 0.0).and_then(|it| Duration::try_from_secs_f64(it).ok());
    limit.ok_or_else(|| {
        Error::invalid(format!("DLM_PLUGIN_TIMEOUT: {} is no number of seconds", text.display()))
    })
}

/// Makes a component in a worker of its own.
///
/// # Errors
///
/// The worker cannot be started, the plugin fails, or does not answer in time.
pub fn create(folder: &Path, kind: Kind, id: &str, config: &Config, digest: &str) -> Result<Component> {
    let link = Link::start(&program()?, folder, &format!("{} {id}", kind.name()), limit()?)?;
    let mut component = remote::create(link, folder, kind, id, config, digest)?;
    if let Component::Encoder(encoder) = &mut component
        && encoder.trainable().is_some()
    {
        return Ok(Component::Encoder(Box::new(GraphEncoder::of_trainable(&mut **encoder)?)));
    }
    Ok(component)
}
