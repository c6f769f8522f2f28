//! A network that fails on command: a TCP proxy on loopback between a client and a server on this machine.
//!
//! It runs on a thread of its own, so that tests with and without a runtime use it alike. What it does is one value,
//! [`Fault`], which a test sets and heals at any time; open connections follow at once. It counts connections and
//! bytes, so that a test can tell what never left.

mod fault;
mod line;

pub use fault::Fault;

use line::Line;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{oneshot, watch};

/// What is counted.
#[derive(Debug, Default)]
struct Counts {
    /// Connections ever made.
    made: AtomicUsize,
    /// Connections open now, as far as the client has not closed them.
    open: AtomicUsize,
    /// The most that were ever open at once.
    peak: AtomicUsize,
    /// Bytes that clients sent.
    from_clients: AtomicU64,
    /// Bytes that servers sent.
    from_servers: AtomicU64,
}

/// A running proxy. Dropping it closes every connection.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    fault: watch::Sender<Fault>,
    counts: Arc<Counts>,
    _end: oneshot::Sender<()>,
}

impl Proxy {
    /// Listens on a free port and passes everything on to a server on this machine.
    pub fn to(host: &str, port: u16) -> Self {
        let (told, port_told) = mpsc::channel();
        let (fault, fault_now) = watch::channel(Fault::None);
        let (end, ended) = oneshot::channel();
        let counts = Arc::<Counts>::default();
        let (server, counted) = ((host.to_owned(), port), Arc::clone(&counts));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                tokio::select! {
                    () = listen(server, fault_now, counted, told) => {}
                    _ = ended => {}
                }
            });
        });
        Self { port: port_told.recv().unwrap(), fault, counts, _end: end }
    }

    /// The port to connect to, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on the network fails like this.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// All is well again. What was held back is passed on first.
    pub fn heal(&self) {
        self.set(Fault::None);
    }

    /// From now on nothing is passed on, in either direction.
    pub fn stall(&self) {
        self.set(Fault::Blackhole);
    }

    /// Passes on again, what was held back first.
    pub fn resume(&self) {
        self.heal();
    }

    /// Closes every connection, and every new one at once.
    pub fn cut(&self) {
        self.set(Fault::Cut);
    }

    /// How many connections were ever made through it.
    pub fn connections(&self) -> usize {
        self.counts.made.load(Ordering::SeqCst)
    }

    /// The most connections that were ever open at once.
    pub fn peak(&self) -> usize {
        self.counts.peak.load(Ordering::SeqCst)
    }

    /// Bytes that clients sent so far.
    pub fn bytes_from_clients(&self) -> u64 {
        self.counts.from_clients.load(Ordering::SeqCst)
    }

    /// Bytes that servers sent so far.
    pub fn bytes_from_servers(&self) -> u64 {
        self.counts.from_servers.load(Ordering::SeqCst)
    }
}

/// Takes connections as long as the fault lets it.
async fn listen(
    server: (String, u16),
    mut fault: watch::Receiver<Fault>,
    counts: Arc<Counts>,
    told: mpsc::Sender<u16>,
) {
    let mut address = SocketAddr::from(([127, 0, 0, 1], 0));
    loop {
        let Some(listener) = bind(address) else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        address = listener.local_addr().unwrap();
        let _ = told.send(address.port());
        loop {
            tokio::select! {
                client = listener.accept() => {
                    let Ok((client, _)) = client else { continue };
                    counts.made.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(Line::new(client, server.clone(), fault.clone(), Arc::clone(&counts)).run());
                }
                changed = fault.changed() => if changed.is_err() { return },
            }
            if *fault.borrow() == Fault::Refuse {
                break;
            }
        }
        // The port is closed: a client is told so by the system itself.
        drop(listener);
        if fault.wait_for(|fault| *fault != Fault::Refuse).await.is_err() {
            return;
        }
    }
}

fn bind(address: SocketAddr) -> Option<TcpListener> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).ok()?;
    socket.listen(64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Read as _, Write as _};
    use std::net::{TcpListener as Listener, TcpStream};

    const PATIENCE: Duration = Duration::from_secs(20);
    const MOMENT: Duration = Duration::from_millis(60);

    fn pair() -> (Listener, Proxy, TcpStream, TcpStream) {
        let server = Listener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::to("127.0.0.1", server.local_addr().unwrap().port());
        let client = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        let upstream = server.accept().unwrap().0;
        for end in [&client, &upstream] {
            end.set_read_timeout(Some(PATIENCE)).unwrap();
        }
        (server, proxy, client, upstream)
    }

    fn byte(from: &mut TcpStream) -> std::io::Result<u8> {
        let mut byte = [0];
        from.read_exact(&mut byte).map(|()| byte[0])
    }

    /// Nothing arrives for a moment.
    fn silent(stream: &mut TcpStream) -> bool {
        stream.set_read_timeout(Some(MOMENT)).unwrap();
        let silent = byte(stream).is_err_and(|e| matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        silent
    }

    #[test]
    fn bytes_pass_wait_and_end_as_told() {
        let (_server, proxy, mut client, mut upstream) = pair();
        client.write_all(b"a").unwrap();
        assert_eq!(byte(&mut upstream).unwrap(), b'a');
        proxy.stall();
        client.write_all(b"b").unwrap();
        assert!(silent(&mut upstream), "a stalled network passes nothing");
        proxy.resume();
        assert_eq!(byte(&mut upstream).unwrap(), b'b');
        assert_eq!((proxy.bytes_from_clients(), proxy.bytes_from_servers()), (2, 0));
        proxy.cut();
        assert!(byte(&mut client).is_err(), "a cut line is closed");
        assert_eq!((proxy.connections(), proxy.peak()), (1, 1));
    }

    #[test]
    fn a_reset_line_says_so_and_a_closed_port_refuses_until_it_heals() {
        let (server, proxy, mut client, mut upstream) = pair();
        proxy.set(Fault::Reset);
        assert_eq!(byte(&mut client).unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert!(byte(&mut upstream).is_err());
        proxy.set(Fault::Refuse);
        let deadline = std::time::Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", proxy.port())).is_ok() {
            assert!(std::time::Instant::now() < deadline, "the port stays open");
        }
        proxy.heal();
        let mut client = loop {
            assert!(std::time::Instant::now() < deadline, "the port stays closed");
            if let Ok(client) = TcpStream::connect(("127.0.0.1", proxy.port())) {
                break client;
            }
        };
        client.write_all(b"c").unwrap();
        // A connection of the loop above may have reached the server before the port was closed.
        assert!((0..100).any(|_| byte(&mut server.accept().unwrap().0).is_ok_and(|byte| byte == b'c')));
    }

    #[test]
    fn a_half_open_line_swallows_and_stays_dead() {
        let (_server, proxy, mut client, mut upstream) = pair();
        proxy.set(Fault::HalfOpen);
        assert!(byte(&mut upstream).is_err(), "the server's end is closed");
        client.write_all(b"d").unwrap();
        assert!(silent(&mut client), "the client learns nothing");
        proxy.heal();
        assert_eq!(byte(&mut client).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_reply_is_cut_delayed_garbled_or_dripped() {
        let (_server, proxy, mut client, mut upstream) = pair();
        proxy.set(Fault::CutAfter(3));
        upstream.write_all(b"12345").unwrap();
        let mut read = Vec::new();
        let _ = client.read_to_end(&mut read);
        assert_eq!(read, b"123");

        let (_server, proxy, mut client, mut upstream) = pair();
        proxy.set(Fault::Garbled);
        upstream.write_all(b"A").unwrap();
        assert_eq!(byte(&mut client).unwrap(), b'A' ^ fault::GARBLE);

        let (_server, proxy, mut client, mut upstream) = pair();
        proxy.set(Fault::Latency(MOMENT));
        let began = std::time::Instant::now();
        upstream.write_all(b"A").unwrap();
        byte(&mut client).unwrap();
        assert!(began.elapsed() >= MOMENT);

        proxy.set(Fault::SlowBytes(MOMENT));
        upstream.write_all(b"AB").unwrap();
        let began = std::time::Instant::now();
        byte(&mut client).unwrap();
        byte(&mut client).unwrap();
        assert!(began.elapsed() >= MOMENT);
    }

    #[test]
    fn a_failover_leads_to_the_other_server() {
        let (_first, proxy, mut client, _upstream) = pair();
        let second = Listener::bind("127.0.0.1:0").unwrap();
        proxy.set(Fault::FailedOver(second.local_addr().unwrap().port()));
        assert!(byte(&mut client).is_err(), "the old line is gone");
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        client.write_all(b"e").unwrap();
        assert_eq!(byte(&mut second.accept().unwrap().0).unwrap(), b'e');
    }
}
