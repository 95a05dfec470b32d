//! Downloads that survive a cut.
//!
//! What came so far lies in a `.part` file beside a `.part.tag` file with the server's validator for it. Another try, in
//! this process or a later one, asks for the rest by `Range`, with `If-Range` so that a changed file starts anew. A
//! server that sends nothing for a while counts as a cut.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use dlm_sdk::{Error, Result};
use ureq::{Agent, http::Response};

use crate::context::Context;

const BUFFER: usize = 1 << 16;

/// How patient a download is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long a connection may take to open.
    pub connect: Duration,
    /// How long a server may send nothing.
    pub silence: Duration,
    /// How often in a row a try may bring nothing new.
    pub tries: u32,
    /// How long to wait before the second try; twice as long before each further one.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            silence: Duration::from_mins(1),
            tries: 4,
            pause: Duration::from_secs(1),
        }
    }
}

/// Why a try ended without the whole file.
enum Cut {
    /// Another try may help.
    Passing(Error),
    /// It may not.
    Final(Error),
}

/// Fetches an address into a file that must not be complete yet. The file's content is not checked.
pub(super) fn download(context: &Context, url: &str, part: &Path, patience: Patience) -> Result<()> {
    let agent = agent(patience);
    let mut idle = 0;
    loop {
        context.check()?;
        let before = size(part);
        let error = match attempt(context, &agent, url, part) {
            Ok(()) => return Ok(()),
            Err(Cut::Final(error)) => return Err(error),
            Err(Cut::Passing(error)) => error,
        };
        context.check()?;
        idle = if size(part) > before { 0 } else { idle + 1 };
        if idle >= patience.tries {
            return Err(error);
        }
        wait(context, patience.pause * 2_u32.saturating_pow(idle.saturating_sub(1)).min(30))?;
    }
}

fn agent(patience: Patience) -> Agent {
    Agent::config_builder()
        .user_agent(concat!("dlm/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .timeout_resolve(Some(patience.connect))
        .timeout_connect(Some(patience.connect))
        .timeout_recv_response(Some(patience.silence))
        .timeout_per_read(Some(patience.silence))
        .build()
        .new_agent()
}

fn attempt(context: &Context, agent: &Agent, url: &str, part: &Path) -> Result<(), Cut> {
    let tag = tag_path(part);
    let validator = fs::read_to_string(&tag).unwrap_or_default();
    let mut have = size(part);
    if validator.is_empty() {
        // Nothing says that the rest would belong to what came so far.
        have = 0;
    }
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-")).header("If-Range", &validator);
    }
    let response = request.call().map_err(|error| unreachable(url, error))?;
    let status = response.status().as_u16();
    match status {
        206 if content_start(&response) == Some(have) => {}
        200 => have = 0,
        206 | 416 => {
            discard(part);
            return Err(Cut::Passing(Error::io(
                format!("{url}: no such range"),
                io::Error::other("the file changed"),
            )));
        }
        _ => return Err(refused(url, status)),
    }
    if let Some(validator) = ["etag", "last-modified"].iter().find_map(|name| header(&response, name)) {
        // A weak tag does not promise the same bytes.
        let strong = if validator.starts_with("W/") { "" } else { validator };
        fs::write(&tag, strong).map_err(|error| local(&tag, error))?;
    } else {
        let _ = fs::remove_file(&tag);
    }
    let length = header(&response, "content-length").and_then(|text| text.parse::<u64>().ok());
    receive(context, url, response, part, have, length.map(|length| length + have))
}

fn receive(
    context: &Context,
    url: &str,
    response: Response<ureq::Body>,
    part: &Path,
    have: u64,
    whole: Option<u64>,
) -> Result<(), Cut> {
    let mut file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(part)
        .map_err(|error| local(part, error))?;
    file.set_len(have)
        .and_then(|()| file.seek(io::SeekFrom::Start(have)))
        .map_err(|error| local(part, error))?;
    let name = url.rsplit('/').next().unwrap_or(url);
    let progress = context.progress(format!("fetching {name}"), whole);
    let mut reader = response.into_body().into_reader();
    let (mut buffer, mut done) = (vec![0; BUFFER], have);
    loop {
        context.check().map_err(Cut::Final)?;
        progress.set(done);
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                file.write_all(&buffer[..n]).map_err(|error| local(part, error))?;
                done += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(Cut::Passing(Error::io(
                    format!("{url}: the connection was cut after {done} bytes"),
                    error,
                )));
            }
        }
    }
    file.sync_all().map_err(|error| local(part, error))?;
    match whole {
        Some(whole) if done < whole => Err(Cut::Passing(Error::io(
            format!("{url}: the connection was cut after {done} of {whole} bytes"),
            io::Error::from(io::ErrorKind::UnexpectedEof),
        ))),
        _ => Ok(()),
    }
}

/// Removes what came so far.
pub(super) fn discard(part: &Path) {
    for path in [part, &tag_path(part)] {
        // What is not there needs no removal, and what stays is overwritten.
        let _ = fs::remove_file(path);
    }
}

fn tag_path(part: &Path) -> PathBuf {
    let mut name = part.as_os_str().to_owned();
    name.push(".tag");
    PathBuf::from(name)
}

fn size(part: &Path) -> u64 {
    fs::metadata(part).map_or(0, |metadata| metadata.len())
}

fn header<'a>(response: &'a Response<ureq::Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// Returns the first byte that a partial answer holds: `bytes 100-199/200`.
fn content_start(response: &Response<ureq::Body>) -> Option<u64> {
    header(response, "content-range")?.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

fn wait(context: &Context, pause: Duration) -> Result<()> {
    let step = Duration::from_millis(50);
    let mut left = pause;
    while !left.is_zero() {
        context.check()?;
        thread::sleep(step.min(left));
        left = left.saturating_sub(step);
    }
    Ok(())
}

const ELSEWHERE: &str = "fetch the file on a machine that can reach it and give it by --from-file";

fn unreachable(url: &str, error: ureq::Error) -> Cut {
    let host = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or(url).to_owned();
    let passing = !matches!(error, ureq::Error::HostNotFound | ureq::Error::BadUri(_) | ureq::Error::Tls(_));
    let error =
        Error::io(format!("{host} could not be reached from here: {url}"), error).with_hint(ELSEWHERE);
    if passing { Cut::Passing(error) } else { Cut::Final(error) }
}

fn refused(url: &str, status: u16) -> Cut {
    let passing = status == 408 || status == 429 || status >= 500;
    let error =
        Error::io(format!("{url}: not fetched"), io::Error::other(format!("the server answered {status}")))
            .with_hint(ELSEWHERE);
    if passing { Cut::Passing(error) } else { Cut::Final(error) }
}

fn local(path: &Path, error: io::Error) -> Cut {
    let full = error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded;
    let error = Error::io(format!("{}: cannot be written", path.display()), error);
    Cut::Final(if full {
        error.with_hint("free some space; the fetch then goes on where it stopped")
    } else {
        error
    })
}
