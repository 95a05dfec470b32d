//! Fetches, verifies and unpacks the library.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use dlm_runtime::{
    Device, Runtime, Search, VERSION,
    library::{
        cache_folder,
        wheel::{MEMBER_FOLDER, PYTHON_ABI, PYTHON_VERSION, Wheel},
    },
};
use dlm_sdk::{Error, Result};
use serde::Serialize;

use crate::{
    context::Context,
    data::{Cache, Python, Requirement, Tags, archive, digest::digests},
};

/// A library that lies in the cache.
#[derive(Clone, Debug, Serialize)]
pub struct Installed {
    /// The version of ONNX Runtime.
    pub version: &'static str,
    /// The device it supports beside the processor, by its name.
    pub device: &'static str,
    /// The library's file.
    pub library: PathBuf,
    /// The archive it came from.
    pub archive: &'static str,
    /// The digest of that archive, verified.
    pub sha256: &'static str,
    /// Whether it had been there before, and nothing was fetched.
    pub reused: bool,
}

impl Installed {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let state = if self.reused { "was there already" } else { "fetched, verified and unpacked" };
        // Writing to a string never fails.
        let _ = writeln!(text, "ONNX Runtime {} for {}: {state}", self.version, self.device);
        let _ = writeln!(text, "from {} (sha256 {})", self.archive, self.sha256);
        let _ = writeln!(text, "{}", self.library.display());
        text
    }
}

/// Makes sure that some library is found, and installs one for the processor if none is.
///
/// # Errors
///
/// None is found and none can be installed; or the user named one that cannot be used, and nothing is put in its place.
pub fn ensure(context: &Context) -> Result<&'static Runtime> {
    match Runtime::get() {
        Err(dlm_runtime::Error::NotFound { .. }) if env::var_os(dlm_runtime::library::VARIABLE).is_none() => {
            context.note(format!("ONNX Runtime {VERSION} was not found on this machine; installing it"));
            let installed = install(context, &Cache::of_user()?, Device::Cpu, None)?;
            context.note(installed.text().trim_end());
            Ok(Runtime::get()?)
        }
        other => Ok(other?),
    }
}

/// Puts the library for a device into a cache, unless it is there. With an archive on this machine nothing is fetched.
///
/// # Errors
///
/// No archive is published for this machine, it cannot be fetched, or it is not the one expected.
pub fn install(
    context: &Context,
    cache: &Cache,
    device: Device,
    archive: Option<&Path>,
) -> Result<Installed> {
    let (os, arch) = (env::consts::OS, env::consts::ARCH);
    let wheel = Wheel::pinned(device, os, arch).ok_or_else(|| {
        let what = if device == Device::Cuda { " with CUDA" } else { "" };
        Error::unsupported(format!("no library{what} of ONNX Runtime {VERSION} is pinned for {os} on {arch}"))
            .with_hint(format!(
                "build or fetch ONNX Runtime {VERSION} for this machine, and set {} to its library",
                dlm_runtime::library::VARIABLE
            ))
    })?;
    let lock = Cache::lock_folder(context, "ONNX Runtime", cache_folder(cache.folder(), device))?;
    let library = lock.folder().join(wheel.members[0]);
    let done = |reused| Installed {
        version: VERSION,
        device: device.name(),
        library: library.clone(),
        archive: wheel.archive,
        sha256: wheel.sha256,
        reused,
    };
    let complete = wheel.members.iter().all(|member| lock.folder().join(member).is_file());
    if complete && Search::at(&library).find().library.is_some() {
        return Ok(done(true));
    }
    let scratch = tempfile::Builder::new()
        .prefix("onnxruntime-")
        .tempdir_in(cache.partial()?)
        .map_err(|error| Error::io("the cache cannot be written to", error))?;
    let archive = match archive {
        Some(archive) => archive.to_owned(),
        None => Python::find()?.download(context, requirement(wheel), scratch.path()).map_err(|error| {
            let hint = format!(
                "check that pip reaches its package index, or install the package {} {VERSION} into the Python on the \
                 search path by other means: it is found there",
                wheel.package
            );
            error.with_hint(hint)
        })?,
    };
    let found = digests(&archive, &|| context.check())?.sha256;
    if found != wheel.sha256 {
        return Err(Error::invalid(format!(
            "{}: its sha256 is {found}, expected {}",
            archive.display(),
            wheel.sha256
        ))
        .with_hint("the file is damaged or not the published one; nothing of it was kept"));
    }
    unpack(wheel, &archive, scratch.path(), lock.folder())?;
    match Search::at(&library).find() {
        found if found.library.is_some() => Ok(done(false)),
        found => Err(dlm_runtime::Error::NotFound { skipped: found.skipped }.into()),
    }
}

fn requirement(wheel: &'static Wheel) -> Requirement<'static> {
    Requirement {
        name: wheel.package,
        version: wheel.version(),
        archive: wheel.archive,
        sha256: wheel.sha256,
        build_system: None,
        tags: Some(Tags { platform: wheel.platform, python_version: PYTHON_VERSION, abi: PYTHON_ABI }),
    }
}

/// Unpacks the members beside their place and moves them into it, the library last, so that it is found only when all
/// it needs is there.
fn unpack(wheel: &Wheel, archive: &Path, scratch: &Path, folder: &Path) -> Result<()> {
    let fail = |path: &Path, error| Error::io(format!("{}: cannot be written", path.display()), error);
    for member in wheel.members {
        let path = scratch.join(member);
        let mut file = fs::File::create(&path).map_err(|error| fail(&path, error))?;
        archive::extract(archive, &format!("{MEMBER_FOLDER}/{member}"), &mut file)?;
        file.sync_all().map_err(|error| fail(&path, error))?;
    }
    for member in wheel.members.iter().rev() {
        let path = folder.join(member);
        fs::rename(scratch.join(member), &path).map_err(|error| fail(&path, error))?;
    }
    Ok(())
}
