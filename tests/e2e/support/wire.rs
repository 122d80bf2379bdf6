//! A connection as it is, for requests that no client library sends.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{Caller, Reply};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection on which one request is sent.
pub struct Wire(TcpStream);

impl Wire {
    /// Sends the head of a request whose body will have so many bytes.
    pub async fn open(
        caller: &Caller,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        length: usize,
    ) -> Self {
        let address = caller.url.strip_prefix("http://").unwrap();
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nconnection: close\r\n",
            caller.key
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if length > 0 {
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        let mut wire = Self(TcpStream::connect(address).await.expect("a connection"));
        wire.send((head + "\r\n").as_bytes()).await;
        wire
    }

    /// Sends bytes. A server that has answered already may not take them.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.ok();
    }

    /// The answer, once the server has closed the connection.
    pub async fn reply(mut self) -> Reply {
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut answer)).await;
        read.expect("the server closes the connection").ok();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        Reply { status, headers, bytes: answer[end + 4..].to_vec() }
    }
}
