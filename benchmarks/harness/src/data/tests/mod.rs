//! Fetching against a server on this machine, and from archives made here.

mod archives;
mod server;

use std::{fs, path::Path, time::Duration};

use dlm_sdk::{ErrorKind, Registry};
use sha2::{Digest as _, Sha256};

use self::server::{Reply, Server};
use super::*;
use crate::context::{Cancellation, Flags};

pub(super) fn context() -> Context {
    let flags = Flags { quiet: true, ..Flags::default() };
    Context::with_registry(flags, Cancellation::default(), Registry::default())
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    dlm_sdk::hexadecimal(&Sha256::digest(bytes))
}

fn impatient() -> Patience {
    Patience {
        connect: Duration::from_secs(5),
        silence: Duration::from_millis(300),
        tries: 2,
        pause: Duration::from_millis(10),
    }
}

fn content() -> Vec<u8> {
    (0..200_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn pack(url: String, check: Check) -> Pack {
    let file = PackFile {
        name: "data/file.bin".into(),
        origin: Origin::Url(url),
        check,
        bytes: None,
        form: Form::Any,
    };
    let text = String::new();
    Pack {
        id: "toy".into(),
        summary: text.clone(),
        notes: text.clone(),
        citation: text.clone(),
        license: text,
        files: vec![file],
    }
}

fn fetch(cache: &Path, pack: &Pack) -> Result<Fetched> {
    Fetcher::new(&context(), Cache::at(cache)).with_patience(impatient()).fetch(pack, None)
}

fn leftovers(cache: &Path) -> Vec<String> {
    let entries = fs::read_dir(cache.join("partial")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_whole_file_is_fetched_once_and_verified_again() {
    let server = Server::start(content(), vec![]);
    let cache = tempfile::tempdir().unwrap();
    let pack = pack(server.url(), Check::Sha256(sha256(&content())));
    let first = fetch(cache.path(), &pack).unwrap();
    assert_eq!(fs::read(first.first()).unwrap(), content());
    assert!(!first.files[0].reused);
    let second = fetch(cache.path(), &pack).unwrap();
    assert!(second.files[0].reused);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(leftovers(cache.path()), Vec::<String>::new());
    assert_eq!(presence(&Cache::at(cache.path()), &pack), Presence::Whole);
}

#[test]
fn a_cut_connection_is_resumed_where_it_was_cut() {
    let server = Server::start(content(), vec![Reply::Cut(300_000), Reply::Cut(200_000)]);
    let cache = tempfile::tempdir().unwrap();
    let fetched = fetch(cache.path(), &pack(server.url(), Check::Sha256(sha256(&content())))).unwrap();
    assert_eq!(fs::read(fetched.first()).unwrap(), content());
    let ranges: Vec<Option<u64>> = server.requests().iter().map(|request| request.range).collect();
    assert_eq!(ranges.len(), 3);
    assert_eq!(ranges[0], None);
    assert!(ranges[1].is_some_and(|start| start > 0 && start <= 300_000), "{ranges:?}");
    assert!(ranges[2] > ranges[1], "{ranges:?}");
    assert!(server.requests()[1].if_range);
}

#[test]
fn a_later_process_resumes_what_an_earlier_one_left() {
    let server = Server::start(content(), vec![Reply::Cut(300_000), Reply::Status(404)]);
    let cache = tempfile::tempdir().unwrap();
    let pack = pack(server.url(), Check::Sha256(sha256(&content())));
    fetch(cache.path(), &pack).unwrap_err();
    assert!(!leftovers(cache.path()).is_empty(), "what came so far is kept");
    let fetched = fetch(cache.path(), &pack).unwrap();
    assert_eq!(fs::read(fetched.first()).unwrap(), content());
    assert!(server.requests()[2].range.is_some());
}

#[test]
fn a_file_that_changed_meanwhile_starts_anew() {
    let server = Server::start(content(), vec![Reply::Cut(300_000), Reply::Changed]);
    let cache = tempfile::tempdir().unwrap();
    let fetched = fetch(cache.path(), &pack(server.url(), Check::Sha256(sha256(&content())))).unwrap();
    assert_eq!(fs::read(fetched.first()).unwrap(), content());
}

#[test]
fn a_wrong_digest_is_refused_and_nothing_stays() {
    let server = Server::start(content(), vec![]);
    let cache = tempfile::tempdir().unwrap();
    for check in [Check::Sha256("0".repeat(64)), Check::Md5("0".repeat(32))] {
        let pack = pack(server.url(), check);
        let error = fetch(cache.path(), &pack).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.chain().contains("expected 0000"), "{}", error.chain());
        assert_eq!(leftovers(cache.path()), Vec::<String>::new());
        assert_eq!(presence(&Cache::at(cache.path()), &pack), Presence::Absent);
    }
}

#[test]
fn an_unmeasured_file_is_recorded_and_then_held_to_it() {
    let server = Server::start(content(), vec![]);
    let cache = tempfile::tempdir().unwrap();
    let pack = pack(server.url(), Check::Recorded);
    let first = fetch(cache.path(), &pack).unwrap();
    let record = fs::read_to_string(first.folder.join("pack.json")).unwrap();
    assert!(record.contains(&sha256(&content())));
    fs::write(first.first(), b"damaged").unwrap();
    let second = fetch(cache.path(), &pack).unwrap();
    assert!(!second.files[0].reused);
    assert_eq!(fs::read(second.first()).unwrap(), content());
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_missing_file_fails_at_once_and_says_what_to_do() {
    let server = Server::start(content(), vec![Reply::Status(404)]);
    let cache = tempfile::tempdir().unwrap();
    let error = fetch(cache.path(), &pack(server.url(), Check::Recorded)).unwrap_err();
    assert!(error.chain().contains("404"), "{}", error.chain());
    assert!(error.hint().unwrap().contains("--from-file"));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_busy_server_is_asked_again() {
    let server = Server::start(content(), vec![Reply::Status(503)]);
    let cache = tempfile::tempdir().unwrap();
    fetch(cache.path(), &pack(server.url(), Check::Recorded)).unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_stalled_server_is_given_up() {
    let server = Server::start(content(), vec![Reply::Stall; 8]);
    let cache = tempfile::tempdir().unwrap();
    let start = std::time::Instant::now();
    let error = fetch(cache.path(), &pack(server.url(), Check::Recorded)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let cache = tempfile::tempdir().unwrap();
    let error = fetch(cache.path(), &pack("http://127.0.0.1:9/file".into(), Check::Recorded)).unwrap_err();
    assert!(error.chain().contains("127.0.0.1:9 could not be reached from here"), "{}", error.chain());
    assert!(error.hint().unwrap().contains("--from-file"));
}

#[test]
fn a_page_does_not_pass_for_data() {
    let server = Server::start(b"<html>please sign in</html>".to_vec(), vec![]);
    let cache = tempfile::tempdir().unwrap();
    let mut pack = pack(server.url(), Check::Recorded);
    pack.files[0].form = Form::Gzip;
    let error = fetch(cache.path(), &pack).unwrap_err();
    assert!(error.chain().contains("not compressed"), "{}", error.chain());
    assert_eq!(presence(&Cache::at(cache.path()), &pack), Presence::Absent);
}

#[test]
fn a_request_to_stop_ends_a_fetch_and_keeps_what_came() {
    let server = Server::start(content(), vec![]);
    let cache = tempfile::tempdir().unwrap();
    let context = context();
    context.cancellation().cancel(2);
    let error = Fetcher::new(&context, Cache::at(cache.path()))
        .fetch(&pack(server.url(), Check::Recorded), None)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn a_local_file_takes_the_place_of_the_network() {
    let cache = tempfile::tempdir().unwrap();
    let local = tempfile::tempdir().unwrap();
    let path = local.path().join("renamed.bin");
    fs::write(&path, content()).unwrap();
    let pack = pack("http://127.0.0.1:9/file".into(), Check::Sha256(sha256(&content())));
    let context = context();
    let fetcher = Fetcher::new(&context, Cache::at(cache.path()));
    fs::write(local.path().join("wrong"), b"wrong").unwrap();
    assert!(fetcher.fetch(&pack, Some(&local.path().join("wrong"))).is_err());
    let taken = fetcher.fetch(&pack, Some(&path)).unwrap();
    assert_eq!(fs::read(taken.first()).unwrap(), content());
    assert!(path.exists(), "the user's file stays");
}

#[test]
fn a_name_that_is_nearly_a_pack_is_corrected() {
    let error = find("human-chr2").unwrap_err();
    assert_eq!(error.hint(), Some("did you mean \"human-chr21\"?"));
}
