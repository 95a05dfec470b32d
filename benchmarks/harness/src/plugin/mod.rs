//! Plugins: components that strangers wrote, each in a folder with a manifest.
//!
//! A plugin is a *bundle*, data alone (an ONNX graph and a `tokenizer.json`), or *native*, a shared library behind the C
//! ABI of `dlm_plugin.h`. It lies in a folder with a [`manifest`], which says everything that is known before code is
//! loaded: finding and listing plugins reads manifests only.
//!
//! Native code runs with the rights of whoever runs this program. So it is off until the user [trusts](Trust) a library,
//! by its digest; it is loaded into processes of its own ([`worker`]), where a crash or an endless loop costs one cell of a
//! benchmark; and everything it answers is checked. None of this is a sandbox: a plugin can read and write what its user
//! can.
//!
//! | command | what |
//! |---|---|
//! | `dlm plugin new` | writes a plugin that works, to start from |
//! | `dlm plugin check` | runs the rules of the border against a plugin |
//! | `dlm plugin list` | shows what is installed, without loading it |
//! | `dlm plugin trust` | lets the code of a native plugin run |
//! | `dlm plugin install` | copies a plugin's folder into place |

mod bundle;
pub mod check;
mod confine;
mod convert;
mod discover;
mod graph_encoder;
mod handed;
mod install;
mod list;
pub mod loader;
pub mod manifest;
mod new;
mod registry;
mod services;
mod templates;
mod trust;
pub mod worker;

use clap::Subcommand;
use dlm_sdk::Result;

use crate::context::{Context, Outcome};

pub use discover::{Found, discover, search_path};
pub use manifest::Manifest;
pub use registry::{register, versions};
pub use trust::Trust;

/// Writes, checks, finds, trusts and installs plugins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Write a plugin that works, to start from
    New(new::NewArgs),
    /// Run the rules that every plugin must hold; this runs the plugin's code
    Check(check::CheckArgs),
    /// Show the plugins that are found; no code is loaded
    List(list::ListArgs),
    /// Let the code of an installed native plugin run, as it is now
    Trust(install::TrustArgs),
    /// Copy a plugin's folder to where plugins are found
    Install(install::InstallArgs),
    /// Answer requests about one component on standard input
    #[command(hide = true)]
    Worker(worker::WorkerArgs),
}

impl PluginCommand {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Wrong input, a plugin that cannot be read, or a folder that cannot be written.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::New(arguments) => arguments.run(context),
            Self::Check(arguments) => arguments.run(context),
            Self::List(arguments) => arguments.run(context),
            Self::Trust(arguments) => arguments.run(context),
            Self::Install(arguments) => arguments.run(context),
            Self::Worker(arguments) => arguments.run(context),
        }
    }
}
