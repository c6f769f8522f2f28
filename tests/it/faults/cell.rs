//! One cell of the matrix: a target behind the proxy, watched by the program's own loop, in trouble and out of it.

use crate::support::at_hand::{Server, by_host, by_password, by_port, port_of};
use crate::support::proxy::{Fault, Proxy};
use dba_gpt::app::model::{Link, TargetModel};
use dba_gpt::domain::health::State;
use dba_gpt::domain::schedule::{Backoff, BreakerLimits, Patience};
use dba_gpt::domain::target::Timestamp;
use dba_gpt::engine::Surroundings;
use dba_gpt::runtime::fleet::{Fleet, Watched};
use secrecy::SecretString;
use std::time::{Duration, Instant};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    Latency,
    Jitter,
    Reset,
    Refuse,
    Blackhole,
    SlowBytes,
    CutAfter,
    CutMidRow,
    HalfOpen,
    UnknownHost,
    BrokenTls,
    ChangedPassword,
    Failover,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Latency,
        Self::Jitter,
        Self::Reset,
        Self::Refuse,
        Self::Blackhole,
        Self::SlowBytes,
        Self::CutAfter,
        Self::CutMidRow,
        Self::HalfOpen,
        Self::UnknownHost,
        Self::BrokenTls,
        Self::ChangedPassword,
        Self::Failover,
    ];

    /// It can happen to this server at all.
    pub fn concerns(self, server: Server) -> bool {
        self != Self::ChangedPassword || server.has_logins()
    }

    /// No collection can succeed while it lasts.
    fn is_total(self) -> bool {
        !matches!(self, Self::Jitter | Self::Failover)
    }

    /// What the network does. Names and passwords are no matter of the network: what was connected before breaks.
    fn fault(self, times: &Times, sibling: u16) -> Fault {
        match self {
            Self::Latency => Fault::Latency(times.deadline * 2),
            Self::Jitter => Fault::Jitter(times.deadline),
            Self::Reset | Self::UnknownHost | Self::ChangedPassword => Fault::Reset,
            Self::Refuse => Fault::Refuse,
            Self::Blackhole => Fault::Blackhole,
            Self::SlowBytes => Fault::SlowBytes(times.deadline / 8),
            // Less than any server needs to be connected to and looked at.
            Self::CutAfter => Fault::CutAfter(150),
            Self::CutMidRow => Fault::CutMidRow,
            Self::HalfOpen => Fault::HalfOpen,
            Self::BrokenTls => Fault::Garbled,
            Self::Failover => Fault::FailedOver(sibling),
        }
    }
}

/// When it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the first connection.
    Connecting,
    /// While a collection is under way.
    Querying,
    /// Between two collections.
    Idle,
}

/// The times of a run.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Between two collections.
    pub refresh: Duration,
    /// For one collection.
    pub deadline: Duration,
    /// How often a target that fails is tried.
    pub patience: Patience,
    /// How long the trouble is looked at.
    pub lasts: Duration,
    /// Within this time after the end of the trouble the target must be back.
    pub back_within: Duration,
    /// What a busy machine may take for nothing at all.
    pub slack: Duration,
}

impl Times {
    /// A fifth and less of what people have. The slack costs only where nothing comes: beside a compilation, a debug
    /// build needs several tries before a connection with TLS fits into the deadline.
    pub const QUICK: Self = Self {
        refresh: Duration::from_millis(150),
        deadline: Duration::from_secs(1),
        patience: Patience {
            backoff: Backoff { first_ms: 40, longest_ms: 300, attempts: 5 },
            breaker: BreakerLimits { failures: 5, within_ms: 300_000, open_ms: 500 },
            logins: BreakerLimits { failures: 10, within_ms: 3_600_000, open_ms: 3_600_000 },
        },
        lasts: Duration::from_millis(1300),
        back_within: Duration::from_secs(2),
        slack: Duration::from_secs(15),
    };

    /// What people have: the defaults of the settings, and G20's half minute.
    pub fn real() -> Self {
        Self {
            refresh: Duration::from_secs(2),
            deadline: Duration::from_secs(5),
            patience: Patience::default(),
            lasts: Duration::from_secs(40),
            back_within: Duration::from_secs(30),
            slack: Duration::from_secs(3),
        }
    }
}

/// What a cell showed.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// From the end of the trouble to the first good collection.
    pub back_after: Duration,
    /// The most connections at once.
    pub connections: usize,
}

/// Runs a cell; the error says which promise was broken.
pub async fn run(server: Server, trouble: Trouble, moment: Moment, times: &Times) -> Result<Outcome, String> {
    let mut cell = Cell::new(server, times)?;
    let result = cell.live(trouble, moment).await;
    cell.fleet.end().await;
    result
}

struct Cell {
    server: Server,
    times: Times,
    proxy: Proxy,
    fleet: Fleet,
    /// The target as it is configured while all is well.
    target: Watched,
    url: String,
}

impl Cell {
    fn new(server: Server, times: &Times) -> Result<Self, String> {
        let direct = server.url().ok_or("the server is not there")?;
        let proxy = Proxy::to("127.0.0.1", port_of(&direct));
        let url = by_port(&direct, proxy.port());
        let target = Watched {
            id: "it".into(),
            url: SecretString::from(url.clone()),
            refresh: times.refresh,
            patience: times.patience,
        };
        let fleet = Fleet::new(std::slice::from_ref(&target), times.deadline, Surroundings::default())?;
        Ok(Self { server, times: *times, proxy, fleet, target, url })
    }

    async fn live(&mut self, trouble: Trouble, moment: Moment) -> Result<Outcome, String> {
        if moment != Moment::Connecting {
            let patience = self.times.deadline + self.times.slack * 4;
            self.until(patience, "it is not even well before", |t| t.link == Link::Up).await?;
            let busy = moment == Moment::Querying;
            self.until(patience, "that moment never came", |t| t.schedule.in_flight.is_some() == busy).await?;
        }
        self.strike(trouble);
        self.endure(trouble).await?;
        let healed = Instant::now();
        let healed_at = self.now();
        self.heal(trouble);
        let patience = self.times.back_within + self.times.slack;
        self.until(patience, "it is not back", |t| is_fresh(t, healed_at)).await?;
        let connections = self.proxy.peak();
        if connections > 3 {
            return Err(format!("{connections} connections at once"));
        }
        Ok(Outcome { back_after: healed.elapsed(), connections })
    }

    fn strike(&mut self, trouble: Trouble) {
        let sibling = self.server.sibling().url().unwrap_or_else(|| self.server.url().unwrap_or_default());
        self.proxy.set(trouble.fault(&self.times, port_of(&sibling)));
        match trouble {
            Trouble::UnknownHost => self.reach_by(&by_host(&self.url, "no-such-name.invalid")),
            Trouble::ChangedPassword => {
                self.reach_by(&by_password(&self.url, "NotTheOne"));
                self.proxy.heal();
            }
            _ => {}
        }
    }

    fn heal(&mut self, trouble: Trouble) {
        self.proxy.heal();
        if matches!(trouble, Trouble::UnknownHost | Trouble::ChangedPassword) {
            let url = self.url.clone();
            self.reach_by(&url);
        }
    }

    fn reach_by(&mut self, url: &str) {
        let target = Watched { url: SecretString::from(url), ..self.target.clone() };
        self.fleet.redirect(&target).expect("a good URL");
    }

    /// The trouble lasts: a good state must go within the deadline, and must not come back.
    async fn endure(&mut self, trouble: Trouble) -> Result<(), String> {
        let struck = Instant::now();
        let struck_at = self.now();
        let known_until = self.times.refresh + self.times.deadline + self.times.slack;
        if trouble == Trouble::Failover {
            return self
                .until(known_until + self.times.back_within, "the other server is not taken", |t| {
                    is_fresh(t, struck_at)
                })
                .await;
        }
        if trouble.is_total() {
            self.until(known_until, "a good state outlives what it was known from", |t| !looks_good(t)).await?;
        }
        while struck.elapsed() < self.times.lasts {
            self.turn().await?;
            let (now, t) = (self.now(), self.target());
            let age = t.sample.as_ref().map_or(0, |s| now.since(s.at));
            if trouble.is_total() && looks_good(t) {
                return Err(format!("{:?} although nothing can be known", t.state(now)));
            }
            if looks_good(t) && u128::from(age) > known_until.as_millis() {
                return Err(format!("{:?} from a sample of {age} ms ago", t.state(now)));
            }
        }
        Ok(())
    }

    async fn until(
        &mut self,
        patience: Duration,
        otherwise: &str,
        wanted: impl Fn(&TargetModel) -> bool,
    ) -> Result<(), String> {
        let began = Instant::now();
        while !wanted(self.target()) {
            if began.elapsed() > patience {
                let (now, t) = (self.now(), self.target());
                return Err(format!("{otherwise} after {patience:?}: {:?}, {:?}", t.state(now), t.link));
            }
            self.turn().await?;
        }
        Ok(())
    }

    /// Turns the loop; a collection that is under way for longer than its deadline hangs.
    async fn turn(&mut self) -> Result<(), String> {
        self.fleet.turn(Duration::from_millis(20)).await;
        let under_way = self.target().schedule.in_flight.map_or(0, |since| self.now().since(since));
        if u128::from(under_way) > (self.times.deadline + self.times.slack).as_millis() {
            return Err(format!("a collection hangs for {under_way} ms"));
        }
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.fleet.model().now
    }

    fn target(&self) -> &TargetModel {
        &self.fleet.model().targets[0]
    }
}

/// The last collection succeeded, and it was taken after this moment.
fn is_fresh(t: &TargetModel, after: Timestamp) -> bool {
    t.link == Link::Up && t.sample.as_ref().is_some_and(|s| s.at > after)
}

/// A person who looks would think that the server answers.
fn looks_good(t: &TargetModel) -> bool {
    t.link == Link::Up || !matches!(t.health.state, State::Down | State::Unknown)
}
