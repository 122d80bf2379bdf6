//! As much of HTTP as it takes to ask a question and look at the answer.

use std::{
    io::{BufRead, BufReader, Read, Write},
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
        Connection::open(address)?.send(self)
    }

    /// Sends it and reads the answer, which has to be a good one.
    pub fn ask(&self, address: &str) -> Outcome<Json> {
        Connection::open(address)?.ask(self)
    }
}

/// A connection that is kept for one request after the other.
pub struct Connection {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Connection {
    /// Connects.
    pub fn open(address: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream: BufReader::new(stream), address: address.to_owned() })
    }

    /// Sends a request and reads the answer.
    pub fn send(&mut self, Request { method, path, key, body }: &Request) -> Outcome<Reply> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        Reply::read(&mut self.stream)
    }

    /// Sends a request and reads the answer, which has to be a good one.
    pub fn ask(&mut self, request: &Request) -> Outcome<Json> {
        let Reply { status, body } = self.send(request)?;
        let answer: Json = serde_json::from_str(&body).unwrap_or_default();
        if !(200..300).contains(&status) || answer.get("errors").is_some() {
            let Request { method, path, .. } = request;
            return Err(failed(format!("{method} {path} was answered with {status}: {body}")));
        }
        Ok(answer)
    }
}

impl Reply {
    fn read(stream: &mut impl BufRead) -> Outcome<Self> {
        let broken = || failed("that is no HTTP");
        let first = line(stream)?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let header = line(stream)?.to_ascii_lowercase();
            match header.split_once(": ") {
                Some(("content-length", value)) => length = value.parse()?,
                Some(("transfer-encoding", value)) => chunked = value == "chunked",
                Some(_) => {}
                None if header.is_empty() => break,
                None => return Err(broken()),
            }
        }
        let mut body = Vec::new();
        if chunked {
            while let size @ 1.. = usize::from_str_radix(&line(stream)?, 16)? {
                take(stream, size, &mut body)?;
                line(stream)?;
            }
            line(stream)?;
        } else {
            take(stream, length, &mut body)?;
        }
        Ok(Self { status, body: String::from_utf8(body)? })
    }
}

fn line(stream: &mut impl BufRead) -> Outcome<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    Ok(line.strip_suffix("\r\n").ok_or_else(|| failed("the answer ends too early"))?.to_owned())
}

fn take(stream: &mut impl BufRead, size: usize, body: &mut Vec<u8>) -> Outcome {
    match stream.take(size as u64).read_to_end(body)? == size {
        true => Ok(()),
        false => Err(failed("the answer ends too early")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn answers_are_read_one_after_the_other() {
        let mut stream: &[u8] = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}\
            HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n\
            HTTP/1.1 204 No Content\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}";
        let mut read = || Reply::read(&mut stream).map(|reply| (reply.status, reply.body));
        assert_eq!(read().unwrap(), (201, "{}".to_owned()));
        assert_eq!(read().unwrap(), (200, "{\"a\":1}".to_owned()));
        assert_eq!(read().unwrap(), (204, String::new()));
        assert!(read().is_err(), "it is cut short");
    }
}
