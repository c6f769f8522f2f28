//! One connection through the proxy, from the moment it is taken until both ends are gone.

use super::Counts;
use super::fault::{Fault, GARBLE};
use socket2::SockRef;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

/// A taken connection.
pub struct Line {
    client: TcpStream,
    server: (String, u16),
    fault: watch::Receiver<Fault>,
    counts: Arc<Counts>,
}

/// How a line ends.
enum End {
    /// In order.
    Close,
    /// With a reset on both sides.
    Reset,
    /// The server's side is closed, the client's stays: a half-open line.
    Forget,
}

impl Line {
    /// Counts a connection as open for as long as this value lives.
    pub fn new(client: TcpStream, server: (String, u16), fault: watch::Receiver<Fault>, counts: Arc<Counts>) -> Self {
        let open = counts.open.fetch_add(1, Ordering::SeqCst) + 1;
        counts.peak.fetch_max(open, Ordering::SeqCst);
        Self { client, server, fault, counts }
    }

    /// Lives until one of the ends, or the fault, ends it.
    pub async fn run(mut self) {
        let mut early = Vec::new();
        let fault = loop {
            let now = *self.fault.borrow_and_update();
            match now {
                Fault::Reset | Fault::Refuse => return reset(&self.client),
                Fault::Cut => return,
                Fault::HalfOpen => return self.forgotten().await,
                now if now.leads_on() => break now,
                // Nothing is passed on, but a client that gives up is noticed.
                _ => tokio::select! {
                    read = self.client.read_buf(&mut early) => if !matches!(read, Ok(1..)) { return },
                    changed = self.fault.changed() => if changed.is_err() { return },
                },
            }
        };
        let port = if let Fault::FailedOver(port) = fault { port } else { self.server.1 };
        let Ok(mut upstream) = TcpStream::connect((self.server.0.as_str(), port)).await else {
            return reset(&self.client);
        };
        let _ = (self.client.set_nodelay(true), upstream.set_nodelay(true));
        match self.pass(&mut upstream, early).await {
            End::Close => {}
            End::Reset => {
                reset(&self.client);
                reset(&upstream);
            }
            End::Forget => {
                drop(upstream);
                self.forgotten().await;
            }
        }
    }

    async fn pass(&mut self, upstream: &mut TcpStream, early: Vec<u8>) -> End {
        let began_with = *self.fault.borrow();
        let mut fault = self.fault.clone();
        let counts = Arc::clone(&self.counts);
        let (from_client, to_client) = self.client.split();
        let (from_server, to_server) = upstream.split();
        let there = Pump { from: from_client, to: to_server, fault: self.fault.clone(), count: &counts.from_clients };
        let back = Pump { from: from_server, to: to_client, fault: self.fault.clone(), count: &counts.from_servers };
        let ends = async {
            let end = fault
                .wait_for(|now| {
                    let ends = matches!(now, Fault::Reset | Fault::Refuse | Fault::Cut | Fault::HalfOpen);
                    ends || (matches!(now, Fault::FailedOver(_)) && *now != began_with)
                })
                .await;
            match end.map(|now| *now) {
                Ok(Fault::Cut) | Err(_) => End::Close,
                Ok(Fault::HalfOpen) => End::Forget,
                Ok(_) => End::Reset,
            }
        };
        tokio::select! {
            end = ends => end,
            end = there.run(early, false) => end,
            end = back.run(Vec::new(), true) => end,
        }
    }

    /// A line whose server knows nothing of it: swallows what the client sends, and once the network is whole again
    /// the client is told.
    async fn forgotten(mut self) {
        let mut swallowed = Vec::new();
        loop {
            swallowed.clear();
            tokio::select! {
                read = self.client.read_buf(&mut swallowed) => if !matches!(read, Ok(1..)) { return },
                healed = self.fault.wait_for(|now| *now != Fault::HalfOpen) => {
                    drop(healed);
                    return reset(&self.client);
                }
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.counts.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Closing it now sends a reset.
fn reset(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// One direction.
struct Pump<'a> {
    from: ReadHalf<'a>,
    to: WriteHalf<'a>,
    fault: watch::Receiver<Fault>,
    count: &'a AtomicU64,
}

impl Pump<'_> {
    /// Passes on until one end is gone. `from_server` tells the direction: some faults are the server's alone.
    async fn run(mut self, mut held: Vec<u8>, from_server: bool) -> End {
        let mut passed = 0;
        self.count.fetch_add(held.len() as u64, Ordering::SeqCst);
        loop {
            let fault = *self.fault.borrow_and_update();
            if !matches!(fault, Fault::CutAfter(_)) {
                passed = 0;
            }
            if fault.leads_on() && !held.is_empty() {
                match self.deliver(&mut held, fault, from_server, &mut passed).await {
                    Ok(None) => continue,
                    Ok(Some(end)) => return end,
                    Err(_) => return End::Close,
                }
            }
            tokio::select! {
                read = self.from.read_buf(&mut held) => match read {
                    Ok(length @ 1..) => { self.count.fetch_add(length as u64, Ordering::SeqCst); }
                    _ => return End::Close,
                },
                changed = self.fault.changed() => if changed.is_err() { return End::Close },
            }
        }
    }

    /// Passes on what is held, as the fault wants it; stops early when the fault changes.
    async fn deliver(
        &mut self,
        held: &mut Vec<u8>,
        fault: Fault,
        from_server: bool,
        passed: &mut usize,
    ) -> io::Result<Option<End>> {
        match fault {
            Fault::Latency(time) if self.left_within(time, held, from_server).await => {
                return Ok(Some(End::Close));
            }
            Fault::Jitter(most) => {
                // Any spread will do; the number of bytes so far is as good a die as another.
                let die = self.count.load(Ordering::SeqCst).wrapping_mul(0x9E37_79B9) % 1_000;
                let time = most.mul_f64(die as f64 / 1_000.0);
                if self.left_within(time, held, from_server).await {
                    return Ok(Some(End::Close));
                }
            }
            Fault::SlowBytes(pace) if from_server => {
                self.to.write_all(&held[..1]).await?;
                held.remove(0);
                self.wait(pace).await;
                return Ok(None);
            }
            Fault::CutAfter(most) if from_server => {
                let rest = held.len().min(most.saturating_sub(*passed));
                self.to.write_all(&held[..rest]).await?;
                *passed += rest;
                held.drain(..rest);
                return Ok((!held.is_empty() || *passed == most).then_some(End::Close));
            }
            Fault::CutMidRow if from_server => {
                self.to.write_all(&held[..held.len() / 2]).await?;
                return Ok(Some(End::Reset));
            }
            Fault::Garbled if from_server => held.iter_mut().for_each(|byte| *byte ^= GARBLE),
            _ => {}
        }
        if self.fault.has_changed().unwrap_or(true) && !matches!(fault, Fault::Garbled) {
            return Ok(None);
        }
        self.to.write_all(held).await?;
        held.clear();
        Ok(None)
    }

    /// Waits, and tells whether the client has gone meanwhile: its line is then open no more, whatever is on the way.
    async fn left_within(&mut self, time: Duration, held: &mut Vec<u8>, from_server: bool) -> bool {
        if from_server {
            self.wait(time).await;
            return false;
        }
        let mut fault = self.fault.clone();
        let over = tokio::time::timeout(time, fault.changed());
        tokio::pin!(over);
        loop {
            tokio::select! {
                _ = &mut over => return false,
                read = self.from.read_buf(held) => match read {
                    Ok(length @ 1..) => { self.count.fetch_add(length as u64, Ordering::SeqCst); }
                    _ => return true,
                },
            }
        }
    }

    /// Waits, but not longer than the fault lasts.
    async fn wait(&mut self, time: Duration) {
        let mut fault = self.fault.clone();
        let _ = tokio::time::timeout(time, fault.changed()).await;
    }
}
