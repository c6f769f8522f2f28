//! A network that fails on command: a TCP proxy on loopback that can hold everything back or cut every line.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// How the network behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Bytes pass.
    Open,
    /// New connections are taken and bytes are read, but nothing is passed on: a server that hangs.
    Stalled,
    /// Every connection is closed at once.
    Cut,
}

#[derive(Debug)]
struct Shared {
    mood: Mutex<Mood>,
    changed: Condvar,
    lines: Mutex<Vec<TcpStream>>,
}

/// A running proxy. Dropping it cuts every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Listens on a free port and passes everything on to a server on this machine.
    pub fn to(host: &str, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared =
            Arc::new(Shared { mood: Mutex::new(Mood::Open), changed: Condvar::new(), lines: Mutex::default() });
        let (server, state) = ((host.to_owned(), port), Arc::clone(&shared));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if *state.mood.lock().unwrap() == Mood::Cut {
                    continue;
                }
                let Ok(upstream) = TcpStream::connect((server.0.as_str(), server.1)) else { continue };
                for (from, to) in [(&client, &upstream), (&upstream, &client)] {
                    let (from, to, state) = (from.try_clone().unwrap(), to.try_clone().unwrap(), Arc::clone(&state));
                    std::thread::spawn(move || pass(from, to, &state));
                }
                state.lines.lock().unwrap().extend([client, upstream]);
            }
        });
        Self { address, shared }
    }

    /// The port to connect to, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were ever made through it.
    pub fn connections(&self) -> usize {
        self.shared.lines.lock().unwrap().len() / 2
    }

    /// From now on nothing is passed on, in either direction.
    pub fn stall(&self) {
        self.set(Mood::Stalled);
    }

    /// Passes on again, what was held back first.
    pub fn resume(&self) {
        self.set(Mood::Open);
    }

    /// Closes every connection, and every new one at once.
    pub fn cut(&self) {
        self.set(Mood::Cut);
        for line in self.shared.lines.lock().unwrap().iter() {
            let _ = line.shutdown(Shutdown::Both);
        }
    }

    fn set(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        // The listener's thread ends with the test's process; this wakes it so that it sees the cut.
        let _ = TcpStream::connect(self.address);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, shared: &Shared) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let mood = shared.changed.wait_while(shared.mood.lock().unwrap(), |mood| *mood == Mood::Stalled).unwrap();
        if *mood == Mood::Cut || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn bytes_pass_wait_and_end_as_told() {
    use std::time::Duration;
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::to("127.0.0.1", server.local_addr().unwrap().port());
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    let mut upstream = server.accept().unwrap().0;
    let mut byte = [0];

    client.write_all(b"a").unwrap();
    upstream.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"a");

    proxy.stall();
    client.write_all(b"b").unwrap();
    upstream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(upstream.read_exact(&mut byte).is_err(), "a stalled network passes nothing");
    upstream.set_read_timeout(None).unwrap();
    proxy.resume();
    upstream.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"b");

    proxy.cut();
    assert_eq!(client.read(&mut byte).unwrap_or(0), 0, "a cut line is closed");
    assert_eq!(proxy.connections(), 1);
}
