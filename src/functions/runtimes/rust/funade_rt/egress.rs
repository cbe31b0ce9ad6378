//! The way out for programs that only know proxies by address and port: a local port whose connections are
//! passed on to the unix socket that answers CONNECT. One thread serves all of them, as the number of
//! threads of an instance is limited.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;

use crate::messages::LoadOrder;
use crate::system::{wait_for, Watched, READABLE, WRITABLE};

const PROXIES: [[&str; 2]; 2] = [["HTTPS_PROXY", "https_proxy"], ["HTTP_PROXY", "http_proxy"]];
const DIRECT: [&str; 2] = ["NO_PROXY", "no_proxy"];
const LOCAL: &str = "localhost,127.0.0.1,::1";
const STACK: usize = 128 * 1024;
const PIECE: usize = 64 * 1024;

/// Opens the port, if the order has a socket. Gives back the variables that lead to it: both spellings, or
/// none where the function brings one of them.
pub fn open(order: &LoadOrder) -> io::Result<Vec<(&'static str, String)>> {
    let Some(socket) = order.egress.clone() else {
        return Ok(Vec::new());
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let proxy = format!("http://{}", listener.local_addr()?);
    let thread = thread::Builder::new().name("funade-egress".to_owned());
    thread
        .stack_size(STACK)
        .spawn(move || bridge(&listener, &socket))?;
    let proxied = PROXIES.iter().map(|spellings| (spellings, proxy.as_str()));
    let wanted = proxied.chain([(&DIRECT, LOCAL)]);
    let unset = wanted.filter(|(names, _)| !names.iter().any(|name| order.has_variable(name)));
    Ok(unset
        .flat_map(|(names, value)| names.map(|name| (name, value.to_owned())))
        .collect())
}

fn bridge(listener: &TcpListener, socket: &str) {
    let mut links: Vec<Link> = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let mut watched = vec![Watched::new(listener.as_raw_fd(), READABLE)];
        watched.extend(links.iter().flat_map(Link::watched));
        wait_for(&mut watched, -1);
        let mut seen = watched[1..]
            .chunks_exact(2)
            .map(|pair| [pair[0].is_seen(), pair[1].is_seen()]);
        links.retain_mut(|link| match seen.next() {
            Some(seen) => link.pass_on(seen, &mut piece).unwrap_or(false),
            None => true,
        });
        if watched[0].is_seen() {
            // A client that comes while the proxy is away is closed, which its program sees.
            links.extend(Link::accept(listener, socket));
        }
    }
}

/// A client and the proxy. What is read of one is written to the other before more is read.
struct Link {
    ends: [UnixStream; 2],
    /// To be written to that end.
    waiting: [Vec<u8>; 2],
    /// That end has nothing more to say.
    has_ended: [bool; 2],
}

impl Link {
    fn accept(listener: &TcpListener, socket: &str) -> io::Result<Link> {
        let (client, _) = listener.accept()?;
        let _ = client.set_nodelay(true);
        // Reading, writing and shutting down are the same for every kind of socket.
        let client = UnixStream::from(OwnedFd::from(client));
        let proxy = UnixStream::connect(socket)?;
        client.set_nonblocking(true)?;
        proxy.set_nonblocking(true)?;
        Ok(Link {
            ends: [client, proxy],
            waiting: [Vec::new(), Vec::new()],
            has_ended: [false; 2],
        })
    }

    fn watched(&self) -> [Watched; 2] {
        [0, 1].map(|end| {
            let reads = !self.has_ended[end] && self.waiting[1 - end].is_empty();
            let writes = !self.waiting[end].is_empty();
            let wanted = if reads { READABLE } else { 0 } | if writes { WRITABLE } else { 0 };
            Watched::new(self.ends[end].as_raw_fd(), wanted)
        })
    }

    /// False when all is said.
    fn pass_on(&mut self, seen: [bool; 2], piece: &mut [u8]) -> io::Result<bool> {
        for end in [0, 1] {
            if seen[end] {
                self.write(end)?;
                self.read(end, piece)?;
            }
        }
        let is_over = self.has_ended == [true, true] && self.waiting.iter().all(Vec::is_empty);
        Ok(!is_over)
    }

    fn read(&mut self, end: usize, piece: &mut [u8]) -> io::Result<()> {
        let other = 1 - end;
        if self.has_ended[end] || !self.waiting[other].is_empty() {
            return Ok(());
        }
        match self.ends[end].read(piece) {
            Ok(0) => {
                self.has_ended[end] = true;
                self.ends[other].shutdown(Shutdown::Write)
            }
            Ok(count) => {
                self.waiting[other].extend_from_slice(&piece[..count]);
                self.write(other)
            }
            Err(error) if is_passing(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn write(&mut self, end: usize) -> io::Result<()> {
        if self.waiting[end].is_empty() {
            return Ok(());
        }
        match self.ends[end].write(&self.waiting[end]) {
            Ok(count) => {
                self.waiting[end].drain(..count);
                Ok(())
            }
            Err(error) if is_passing(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
