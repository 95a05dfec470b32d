//! `dlm data`: packs of public data, fetched, verified and kept in the user's cache.
//!
//! A pack is a name for some public files: where they come from and how each is known to be the right one. A fetch
//! reuses what is there and right, goes on where an earlier one was cut, and puts a file in its place only when it has
//! been verified. Beside it only
//! `dlm runtime install` reads from the network.

pub(crate) mod archive;
mod cache;
mod catalog;
pub(crate) mod digest;
mod fetch;
mod http;
mod pack;
mod pip;
#[cfg(test)]
mod tests;
mod tss;

use std::{fmt::Write as _, path::PathBuf};

use clap::{Args, Subcommand};
use dlm_sdk::{Error, Result, spec::nearest};
use serde::Serialize;

pub(crate) use self::pip::{Requirement, Tags};
pub use self::{
    cache::Cache,
    catalog::packs,
    fetch::{Fetched, FetchedFile, Fetcher, Presence, presence},
    http::Patience,
    pack::{Check, Conversion, Form, Origin, Pack, PackFile, Package},
    pip::Python,
};
use crate::context::{Context, Outcome};

/// Lists and fetches packs of public data.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the packs and which of them are in the cache
    List,
    /// Fetch a pack into the cache, or verify the one that is there
    Fetch(FetchArgs),
}

/// The arguments of `dlm data fetch`.
#[derive(Args, Debug)]
pub struct FetchArgs {
    /// The pack's name, as dlm data list shows it; several may be given
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<String>,
    /// Take the pack's file, its archive, or a folder with its files from here instead of the network
    #[arg(long, value_name = "PATH")]
    from_file: Option<PathBuf>,
}

impl DataCommand {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// No such pack, or it cannot be fetched.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::List => list(context),
            Self::Fetch(args) => args.run(context),
        }
    }
}

impl FetchArgs {
    fn run(self, context: &Context) -> Result<Outcome> {
        if self.from_file.is_some() && self.packs.len() > 1 {
            return Err(Error::invalid("--from-file goes with one pack"));
        }
        let packs = self.packs.iter().map(|id| find(id)).collect::<Result<Vec<_>>>()?;
        let fetcher = Fetcher::new(context, Cache::of_user()?);
        let mut packs_here = Vec::new();
        for pack in &packs {
            let from = self.from_file.as_deref();
            let named = |error: Error| match from.map(|path| path.display().to_string()) {
                Some(path) if !error.chain().contains(&path) => error.within(path),
                _ => error,
            };
            packs_here.push(fetcher.fetch(pack, from).map_err(named)?);
        }
        context.print(&packs_here, || {
            let mut text = String::new();
            for file in packs_here.iter().flat_map(|pack| pack.files.iter().map(move |file| (pack, file))) {
                let (pack, file) = file;
                let state = if file.reused { "there and verified" } else { "fetched and verified" };
                // Writing to a string never fails.
                let _ = writeln!(
                    text,
                    "{}  {}, sha256 {}",
                    pack.folder.join(&file.name).display(),
                    state,
                    file.sha256
                );
            }
            text
        })?;
        Ok(Outcome::Done)
    }
}

/// Finds a pack by its name.
///
/// # Errors
///
/// There is none; the hint names the nearest.
pub fn find(id: &str) -> Result<Pack> {
    let packs = packs();
    let ids: Vec<String> = packs.iter().map(|pack| pack.id.clone()).collect();
    packs.into_iter().find(|pack| pack.id == id).ok_or_else(|| {
        let error = Error::invalid(format!("no pack is called {id:?}"));
        match nearest(id, ids.iter().map(String::as_str)) {
            Some(near) => error.with_hint(format!("did you mean {near:?}?")),
            None => error.with_hint(format!("known are {}", ids.join(", "))),
        }
    })
}

#[derive(Serialize)]
struct Listed<'a> {
    pack: &'a str,
    summary: &'a str,
    notes: &'a str,
    citation: &'a str,
    license: &'a str,
    files: Vec<&'a str>,
    bytes: Option<u64>,
    presence: Presence,
    folder: PathBuf,
}

fn list(context: &Context) -> Result<Outcome> {
    let cache = Cache::of_user()?;
    let packs = packs();
    let listed: Vec<Listed<'_>> = packs
        .iter()
        .map(|pack| Listed {
            pack: &pack.id,
            summary: &pack.summary,
            notes: &pack.notes,
            citation: &pack.citation,
            license: &pack.license,
            files: pack.files.iter().map(|file| file.name.as_str()).collect(),
            bytes: pack.bytes(),
            presence: presence(&cache, pack),
            folder: cache.pack(&pack.id),
        })
        .collect();
    context.print(&listed, || {
        let mut text = format!("cache: {}\n\n", cache.folder().display());
        for pack in &listed {
            let state = match pack.presence {
                Presence::Whole => "here",
                Presence::Partial => "partly",
                Presence::Absent => "-",
            };
            let _ = writeln!(text, "{:<14}{:<8}{}", pack.pack, state, pack.summary);
        }
        text.push_str("\nfetch one by: dlm data fetch PACK\n");
        text
    })?;
    Ok(Outcome::Done)
}
