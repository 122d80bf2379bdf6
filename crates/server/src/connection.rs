//! Connections of clients: how many one address may hold, and how long the head of a request may take to arrive.
//!
//! The HTTP library bounds the head of a connection's first request only, and answers what it cannot parse without
//! a body. Both are mended here, in the stream that it reads and writes.

use std::{
    cell::Cell,
    collections::{HashMap, hash_map::Entry},
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use actix_web::rt::{
    net::TcpStream,
    time::{Sleep, sleep},
};
use futures::FutureExt as _;
use kernel::{Code, Error};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use transport::Transport;

/// The longest that the head of a request may take to arrive, from its first byte on.
pub(crate) const HEAD: Duration = Duration::from_secs(5);

/// The connections that each address holds. Addresses of one IPv6 network (/64) belong to one host.
pub(crate) struct Seats {
    held: Mutex<HashMap<IpAddr, usize>>,
    most: usize,
}

/// One connection of an address, given back when dropped.
struct Seat {
    seats: Arc<Seats>,
    address: IpAddr,
}

impl Seats {
    /// A limit of connections for each address.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { held: Mutex::default(), most })
    }

    fn take(self: &Arc<Self>, peer: SocketAddr) -> Option<Seat> {
        let address = match peer.ip().to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            address => address,
        };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Seat { seats: Arc::clone(self), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = self.seats.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = held.entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// The state of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Nothing has come yet.
    New,
    /// The head of a request is arriving.
    Head,
    /// A request is at work.
    Request,
    /// A request is being answered, or was.
    Answer,
}

/// The state that the requests of a connection share with its stream.
#[derive(Clone)]
pub(crate) struct Progress(Rc<Cell<Phase>>);

impl Progress {
    /// The head of a request has arrived.
    pub fn request_begins(&self) {
        self.0.set(Phase::Request);
    }

    /// The head of its answer is there.
    pub fn answer_begins(&self) {
        self.0.set(Phase::Answer);
    }
}

/// The stream of a connection.
pub(crate) struct Connection {
    io: TcpStream,
    phase: Rc<Cell<Phase>>,
    /// The deadline of a head that is arriving.
    deadline: Option<Pin<Box<Sleep>>>,
    transport: Transport,
    _seat: Seat,
}

impl Connection {
    /// A new connection, unless its address has too many already.
    pub fn accept(
        io: TcpStream,
        peer: SocketAddr,
        seats: &Arc<Seats>,
        transport: &Transport,
    ) -> Option<Self> {
        let seat = seats.take(peer)?;
        // Answers are written whole, so there is nothing to wait for before they are sent.
        io.set_nodelay(true).ok();
        let phase = Rc::new(Cell::new(Phase::New));
        Some(Self { io, phase, deadline: None, transport: transport.clone(), _seat: seat })
    }

    /// Whether the client has closed it, as far as is known without reading what it has sent.
    pub fn is_closed_by_client(&self) -> bool {
        let ready = self.io.ready(Interest::READABLE).now_or_never();
        ready.and_then(Result::ok).is_some_and(|ready| ready.is_read_closed())
    }

    /// The state that its requests share with it.
    pub fn progress(&self) -> Progress {
        Progress(Rc::clone(&self.phase))
    }

    /// The full answer in place of the library's own, if that is what is about to be written: it comes where no request
    /// is at work, without a body.
    fn refusal(&self, written: &[u8]) -> Option<Vec<u8>> {
        if !matches!(self.phase.get(), Phase::New | Phase::Head) {
            return None;
        }
        let line = written.strip_prefix(b"HTTP/1.1 ")?;
        let is_empty =
            written.windows(19).any(|window| window.eq_ignore_ascii_case(b"content-length: 0\r\n"));
        let error = match line.get(..3).filter(|_| is_empty)? {
            b"400" => Code::Malformed.into(),
            b"408" => Code::RequestTimeout.into(),
            b"431" => Error::new(Code::TooLarge, "the head of the request is larger than the server accepts"),
            _ => return None,
        };
        Some(self.transport.refusal(&error))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.io).poll_read(cx, buffer);
        if matches!(this.phase.get(), Phase::New | Phase::Answer) && buffer.filled().len() > before {
            this.phase.set(Phase::Head);
            this.deadline = Some(Box::pin(sleep(HEAD)));
        }
        match &mut this.deadline {
            Some(deadline) if read.is_pending() && this.phase.get() == Phase::Head => {
                // As if the client had ended the connection.
                deadline.as_mut().poll(cx).map(Ok)
            }
            _ => read,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(refusal) = this.refusal(bytes) {
            // The connection is closed behind it, so a part of it that finds no room is given up.
            this.deadline = None;
            return Pin::new(&mut this.io).poll_write(cx, &refusal).map_ok(|_| bytes.len());
        }
        // The answer to the request before goes on, and with it the client's reason to wait.
        if this.phase.get() == Phase::Head {
            this.phase.set(Phase::Answer);
        }
        Pin::new(&mut this.io).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_address_holds_so_many_connections() {
        let seats = Seats::new(2);
        let take = |address: &str| seats.take(address.parse().unwrap());
        let (first, second) = (take("192.0.2.1:1"), take("[::ffff:192.0.2.1]:2"));
        assert!(first.is_some() && second.is_some() && take("192.0.2.1:3").is_none());
        assert!(take("192.0.2.2:1").is_some());
        drop(first);
        assert!(take("192.0.2.1:3").is_some());
        let network = (take("[2001:db8::1]:1"), take("[2001:db8::2]:1"));
        assert!(network.0.is_some() && network.1.is_some() && take("[2001:db8::3]:1").is_none());
        drop((second, network));
        assert!(seats.held.lock().unwrap().is_empty());
    }
}
