//! As much of HTTP as it takes to ask a question and look at the answer.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value as Json;

use crate::{Outcome, failed};

/// A request. `{n}` in its body stands for a word that is another one each time.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// The key of whoever asks.
    pub key: String,
    /// The body, JSON, or empty.
    pub body: String,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Request {
    /// Asks for a path.
    pub fn get(path: impl Into<String>, key: &str) -> Self {
        Self { method: "GET", path: path.into(), key: key.to_owned(), body: String::new() }
    }

    /// Sends a body to a path.
    pub fn post(path: impl Into<String>, key: &str, body: &Json) -> Self {
        Self { method: "POST", path: path.into(), key: key.to_owned(), body: body.to_string() }
    }

    /// Sends it over a connection of its own.
    pub fn send(&self, address: &str) -> Outcome<Reply> {
        let Self { method, path, key, body } = self;
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Reply::read(&answer)
    }

    /// Sends it and reads the answer, which has to be a good one.
    pub fn ask(&self, address: &str) -> Outcome<Json> {
        let Reply { status, body } = self.send(address)?;
        let answer: Json = serde_json::from_str(&body).unwrap_or_default();
        if !(200..300).contains(&status) || answer.get("errors").is_some() {
            return Err(failed(format!("{} {} was answered with {status}: {body}", self.method, self.path)));
        }
        Ok(answer)
    }
}

impl Reply {
    fn read(bytes: &[u8]) -> Outcome<Self> {
        let broken = || failed("that is no HTTP");
        let (head, body) = split(bytes, b"\r\n\r\n").ok_or_else(broken)?;
        let head = String::from_utf8(head.to_owned())?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        let body = if chunked { unchunked(body).ok_or_else(broken)? } else { body.to_owned() };
        Ok(Self { status, body: String::from_utf8(body)? })
    }
}

/// What stands before and behind a mark.
fn split<'b>(bytes: &'b [u8], mark: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let place = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((bytes.get(..place)?, bytes.get(place + mark.len()..)?))
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (size, more) = split(rest, b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(more.get(..size)?);
        rest = more.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn answers_are_read() {
        let plain = Reply::read(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!((plain.status, plain.body.as_str()), (201, "{}"));
        let chunks =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n";
        assert_eq!(Reply::read(chunks).unwrap().body, "{\"a\":1}");
    }
}
