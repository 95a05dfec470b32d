//! A server of one file that can misbehave.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What the server does with one request. Those not listed are answered well.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    /// Promises the rest of the file and closes after so many bytes of it.
    Cut(usize),
    /// Answers with a status and no file.
    Status(u16),
    /// Promises the file and sends nothing.
    Stall,
    /// Sends the whole file though a range was asked for, as if it had changed.
    Changed,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) range: Option<u64>,
    pub(super) if_range: bool,
}

pub(super) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(super) fn start(content: Vec<u8>, replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let content = Arc::new(content);
        thread::spawn(move || {
            let mut replies = replies.into_iter();
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                let reply = replies.next();
                let (seen, content) = (Arc::clone(&seen), Arc::clone(&content));
                thread::spawn(move || answer(stream, &content, reply, &seen));
            }
        });
        Self { port, requests }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/file.bin", self.port)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, content: &[u8], reply: Option<Reply>, seen: &Mutex<Vec<Request>>) {
    let mut request = Request { range: None, if_range: false };
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let Ok(line) = line else { return };
        let line = line.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            request.range = range.trim_end_matches('-').parse().ok();
        }
        request.if_range |= line == "if-range: \"v1\"";
    }
    let start = request.range.unwrap_or(0) as usize;
    seen.lock().unwrap().push(request.clone());
    // A client that went away is what some of the tests are about.
    let _ = match reply {
        Some(Reply::Status(status)) => {
            write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        Some(Reply::Stall) => {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        Some(Reply::Cut(bytes)) => send(&mut stream, content, start, Some(bytes)),
        Some(Reply::Changed) => send(&mut stream, content, 0, None),
        None => send(&mut stream, content, start, None),
    };
    let _ = stream.shutdown(Shutdown::Both);
}

fn send(stream: &mut TcpStream, content: &[u8], start: usize, cut: Option<usize>) -> std::io::Result<()> {
    let rest = &content[start..];
    let (status, range) = match start {
        0 => ("200 OK", String::new()),
        _ => (
            "206 Partial Content",
            format!("Content-Range: bytes {start}-{}/{}\r\n", content.len() - 1, content.len()),
        ),
    };
    let length = rest.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nETag: \"v1\"\r\n{range}Connection: close\r\n\r\n"
    )?;
    stream.write_all(&rest[..cut.unwrap_or(length).min(length)])?;
    stream.flush()
}
