//! `dlm runtime`: the ONNX Runtime library in the user's cache, and what the doctor says about it.

mod examine;
mod install;

use clap::{Args, Subcommand};
use dlm_runtime::Device;
use dlm_sdk::Result;

pub use self::{
    examine::{Examination, examine},
    install::{Installed, ensure, install},
};
use crate::{
    context::{Context, Outcome},
    data::Cache,
};

/// Installs the library that runs models.
#[derive(Debug, Subcommand)]
pub enum RuntimeCommand {
    /// Put the pinned ONNX Runtime library into the user's cache, through pip, and verify it
    Install(InstallArgs),
}

/// The arguments of `dlm runtime install`.
#[derive(Args, Debug)]
pub struct InstallArgs {
    /// Install the library that also runs on NVIDIA devices (a quarter of a gigabyte to fetch)
    #[arg(long)]
    cuda: bool,
}

impl RuntimeCommand {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// No library is published for this machine, it cannot be fetched, or it is not the one expected.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Install(arguments) => {
                let device = if arguments.cuda { Device::Cuda } else { Device::Cpu };
                let installed = install(context, &Cache::of_user()?, device, None)?;
                context.print(&installed, || installed.text())?;
                Ok(Outcome::Done)
            }
        }
    }
}
