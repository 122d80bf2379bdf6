//! Clients by the hundred: requests at a pace that does not wait for answers, and how long each answer took.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    sync::mpsc,
    time::{sleep_until, timeout},
};

use crate::http::Request;

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What answers were like.
#[derive(Clone, Default)]
pub struct Answers(Arc<Mutex<Vec<(u16, Duration)>>>);

impl Answers {
    fn note(&self, status: u16, took: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((status, took));
    }

    /// These and those.
    pub fn and(self, others: Self) -> Self {
        let others = std::mem::take(&mut *others.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(others);
        self
    }

    /// How many had a status of these.
    pub fn count(&self, wanted: impl Fn(u16) -> bool) -> usize {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter(|(status, _)| wanted(*status))
            .count()
    }

    /// How long the slowest took but for one in a hundred, of those with a status of these; in milliseconds.
    pub fn p99(&self, wanted: impl Fn(u16) -> bool) -> f64 {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut took: Vec<_> =
            answers.iter().filter(|(status, _)| wanted(*status)).map(|(_, took)| *took).collect();
        took.sort();
        let place = (took.len() * 99).div_ceil(100).saturating_sub(1);
        took.get(place).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    }
}

/// A number that no other request has.
pub fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A request as it is sent.
pub fn spell(Request { method, path, key, body }: &Request) -> String {
    let body = body.replace("{n}", &format!("{}x{}", std::process::id(), number()));
    format!(
        "{method} {path} HTTP/1.1\r\nHost: kith\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A client with a connection that is opened anew where it was ended.
pub struct Client {
    address: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None }
    }

    /// The status of the answer; 0 where there is none.
    pub async fn send(&mut self, request: &Request) -> u16 {
        match timeout(PATIENCE, self.try_send(&spell(request))).await {
            Ok(Ok(status)) => status,
            _ => {
                self.stream = None;
                0
            }
        }
    }

    async fn try_send(&mut self, request: &str) -> std::io::Result<u16> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(&self.address).await?;
                stream.set_nodelay(true)?;
                none.insert(BufReader::new(stream))
            }
        };
        stream.get_mut().write_all(request.as_bytes()).await?;
        let (mut status, mut length, mut line) = (0, 0, String::new());
        while stream.read_line(&mut line).await? > 2 {
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest.get(..3).and_then(|status| status.parse().ok()).unwrap_or_default();
            } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap_or_default();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        Ok(status)
    }
}

/// Asks one after the other for so long, over so many connections.
pub async fn closed(address: &str, requests: &[Request], connections: usize, length: Duration) -> Answers {
    let (answers, end) = (Answers::default(), Instant::now() + length);
    let ask = async |first: usize| {
        let mut client = Client::new(address);
        for request in requests.iter().cycle().skip(first * 7) {
            if Instant::now() >= end {
                return;
            }
            let begun = Instant::now();
            answers.note(client.send(request).await, begun.elapsed());
        }
    };
    futures::future::join_all((0..connections).map(ask)).await;
    answers
}

/// Asks so many times a second, whether answers come or not; times count from when a request was due.
pub async fn open(
    address: &str,
    requests: &[Request],
    rate: f64,
    connections: usize,
    length: Duration,
) -> Answers {
    let (answers, begun) = (Answers::default(), Instant::now());
    let (due, asked) = mpsc::unbounded_channel::<(Instant, &Request)>();
    let asked = tokio::sync::Mutex::new(asked);
    let pace = async move {
        let mut sent = 0.0;
        for request in requests.iter().cycle() {
            let at = begun + Duration::from_secs_f64(sent / rate);
            if at >= begun + length {
                return;
            }
            sleep_until(at.into()).await;
            if due.send((at, request)).is_err() {
                return;
            }
            sent += 1.0;
        }
    };
    let ask = async || {
        let mut client = Client::new(address);
        loop {
            let next = asked.lock().await.recv().await;
            let Some((at, request)) = next else { return };
            answers.note(client.send(request).await, at.elapsed());
        }
    };
    tokio::join!(pace, futures::future::join_all((0..connections).map(|_| ask())));
    answers
}

/// Sends requests over connections of their own, so many a second, and hangs up within milliseconds.
pub async fn hang_up(address: &str, request: &Request, times: usize, rate: f64, at_once: usize) {
    use futures::StreamExt as _;
    let begun = Instant::now();
    let client = |number: usize| async move {
        sleep_until((begun + Duration::from_secs_f64(number as f64 / rate)).into()).await;
        let Ok(mut stream) = TcpStream::connect(address).await else { return };
        if stream.write_all(spell(request).as_bytes()).await.is_ok() {
            tokio::time::sleep(Duration::from_micros(500 + 500 * (number as u64 % 5))).await;
        }
    };
    futures::stream::iter((0..times).map(client)).buffer_unordered(at_once).collect::<Vec<_>>().await;
}
