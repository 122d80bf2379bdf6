//! Listens: an HTTP server whose connections are bounded in number and in the time that a request's head may take.

use std::{
    io,
    net::{TcpListener, ToSocketAddrs as _},
    rc::Rc,
    time::Duration,
};

use actix_http::{HttpService, Protocol, Request, error::DispatchError};
use actix_server::Server;
use actix_service::map_config;
use actix_service::{
    IntoServiceFactory as _, Service as _, ServiceFactoryExt as _, apply_fn_factory, fn_service,
};
use actix_web::{App, dev::AppConfig, rt::net::TcpStream};
use socket2::{Domain, Protocol as TcpProtocol, Socket, Type};
use tokio::{sync::Semaphore, task::yield_now};
use transport::Transport;

use crate::{
    config::Config,
    connection::{Connection, HEAD, Progress, Seats},
};

/// Requests may take so long to finish after the server was asked to stop.
const FAREWELL: u64 = 30;

/// An idle connection is kept longer than the usual balancer keeps it, so that the balancer never writes
/// to one that is being closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The longest that a client may take to notice the end of its connection.
const PARTING: Duration = Duration::from_secs(1);

/// How many connections may wait to be accepted, as far as the system lets them.
const QUEUE: i32 = 4_096;

/// How many new connections a thread starts to serve before it looks again at those that it serves already: many that
/// come at once, and may be gone as quickly, do not make the others wait.
const STARTS: usize = 4;

/// File descriptors that are not for clients nor for the database: the log, the timer, the files of an import.
const RESERVED: usize = 64;

/// Listens at an address, with room for many who come at once: the standard library's queue has room for 128, and a
/// client that finds it full comes again after a second.
pub(crate) fn bind(address: &str) -> io::Result<TcpListener> {
    let mut failure = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    for address in address.to_socket_addrs()? {
        let listening = || {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(TcpProtocol::TCP))?;
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(QUEUE)?;
            Ok(socket.into())
        };
        match listening() {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The server, listening.
pub(crate) fn server(listener: TcpListener, transport: Transport, config: &Config) -> io::Result<Server> {
    let connections = descriptors().saturating_sub(config.connections + RESERVED).max(RESERVED);
    let seats = Seats::new(config.connections_per_address.unwrap_or(connections / 2));
    let builder = Server::build()
        .workers(config.workers)
        .max_concurrent_connections((connections / config.workers).max(1))
        .shutdown_timeout(FAREWELL)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let builder = builder.listen("kith", listener, move || {
        let app = App::new().configure(transport::configure(transport.clone()));
        let app = app.into_factory().map_err(|error: actix_web::Error| error.error_response());
        let app = apply_fn_factory(map_config(app, |()| AppConfig::default()), |request: Request, app| {
            let progress = request.conn_data::<Progress>().cloned();
            progress.iter().for_each(Progress::request_begins);
            let answer = app.call(request);
            async move {
                let answer = answer.await;
                progress.iter().for_each(Progress::answer_begins);
                answer
            }
        });
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD)
            .client_disconnect_timeout(PARTING)
            // A request whose client has gone is dropped, wherever it stands.
            .h1_allow_half_closed(false)
            .on_connect_ext(|connection: &Connection, data| drop(data.insert(connection.progress())))
            .finish(app);
        let (transport, seats) = (transport.clone(), seats.clone());
        let starts = Rc::new(Semaphore::new(STARTS));
        fn_service(move |stream: TcpStream| {
            let connection = stream.peer_addr().map(|peer| {
                let connection = Connection::accept(stream, peer, &seats, &transport);
                connection.map(|connection| (connection, Protocol::Http1, Some(peer)))
            });
            let starts = Rc::clone(&starts);
            async move {
                let connection = connection?.ok_or_else(|| refused("too many connections of one address"))?;
                {
                    let _start = starts.acquire().await;
                    yield_now().await;
                }
                if connection.0.is_closed_by_client() {
                    Err(refused("the client has gone"))
                } else {
                    Ok(connection)
                }
            }
        })
        .and_then(http)
    })?;
    Ok(builder.run())
}

fn refused(why: &'static str) -> DispatchError {
    DispatchError::Io(io::Error::other(why))
}

/// Raises the number of files and sockets that the process may have open as far as it may, and gives it.
fn descriptors() -> usize {
    let most = rlimit::increase_nofile_limit(rlimit::INFINITY).unwrap_or(1_024);
    usize::try_from(most).unwrap_or(usize::MAX).min(1 << 20)
}
