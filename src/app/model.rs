//! All that the program knows at one moment.

use super::approvals::ApprovalsModel;
use super::chat::ChatModel;
use super::connection::Connection;
use super::healing::HealingModel;
use super::incidents::IncidentsModel;
use super::library::Library;
use super::list::ListState;
use super::overlay::Overlay;
use crate::domain::activity::Sample;
use crate::domain::diagnosis::Terms as DiagnosisTerms;
use crate::domain::dialect::Dialect;
use crate::domain::guard::Catalog;
use crate::domain::guard::ticket::Moment;
use crate::domain::health::{Evidence, Health, State, Usual, is_stale, judge};
use crate::domain::incident::detect::Detector;
use crate::domain::incident::limits::Limits as IncidentLimits;
use crate::domain::metric::{self, MetricId, Readings, Series};
use crate::domain::rows::{Limits, Rows};
use crate::domain::rule::RuleWatch;
use crate::domain::schedule::Patience;
use crate::domain::schema::Schema;
use crate::domain::security::Facts;
use crate::domain::simulation::Offer;
use crate::domain::target::{Access, Identity, Target, TargetId, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Screen {
    /// Ask and run.
    Chat,
    /// The fleet, and one server.
    Health,
    /// What went wrong.
    Incidents,
    /// What waits for a person, and what became of it.
    Approvals,
}

impl Screen {
    /// Tabs in their order.
    pub const ALL: &'static [Self] = &[Self::Chat, Self::Health, Self::Incidents, Self::Approvals];
    /// The digit that chooses the tab.
    pub fn digit(self) -> char {
        match self {
            Self::Chat => '1',
            Self::Health => '2',
            Self::Incidents => '3',
            Self::Approvals => '4',
        }
    }
    /// Title of the tab.
    pub fn title(self) -> &'static str {
        match self {
            Self::Chat => "Chat",
            Self::Health => "Health",
            Self::Incidents => "Incidents",
            Self::Approvals => "Approvals",
        }
    }
}

/// A server view as the core knows it: the registry's line without its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewInfo {
    /// Name and `:` word.
    pub name: &'static str,
    /// The letter after `g`.
    pub key: char,
    /// Title on its frame.
    pub title: &'static str,
}

/// Views that every engine has, because they come with the sample.
pub const SAMPLE_VIEWS: &[ViewInfo] = &[
    ViewInfo { name: "activity", key: 'a', title: "Activity" },
    ViewInfo { name: "blocking", key: 'b', title: "Blocking tree" },
];

/// Views that every target has, because they are about us and it.
pub const OWN_VIEWS: &[ViewInfo] = &[
    ViewInfo { name: super::connection_pane::VIEW, key: 'n', title: "Connection" },
    ViewInfo { name: super::security::VIEW, key: 'y', title: "Security of the connection" },
    ViewInfo { name: super::healing::VIEW, key: 'D', title: "What is wrong now" },
];

/// A view is about us and the target, not about what the target does.
pub fn is_about_us(name: &str) -> bool {
    OWN_VIEWS.iter().any(|v| v.name == name)
}

/// A view is none of the engine's: it comes with the sample, or it is our own.
pub fn is_own_view(name: &str) -> bool {
    SAMPLE_VIEWS.iter().chain(OWN_VIEWS).any(|v| v.name == name)
}

/// The state of the connection to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// No collection has ended yet.
    Connecting,
    /// The last collection succeeded.
    Up,
    /// The last collection failed, with its word and message.
    Down(crate::domain::error_event::ConnectKind, String),
}

/// A loaded server view.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ViewData {
    /// The rows, or why there are none.
    pub result: Option<Result<Arc<Rows>, String>>,
    /// When they came.
    pub at: Timestamp,
    /// A load is under way.
    pub loading: bool,
}

/// When to collect next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schedule {
    /// The person's interval, milliseconds.
    pub interval_ms: u64,
    /// The interval in force: stretched while a collection is slower than its budget.
    pub stretched_ms: u64,
    /// Next start.
    pub due: Timestamp,
    /// A collection is under way since.
    pub in_flight: Option<Timestamp>,
    /// Collections started.
    pub cycle: u64,
}

/// One target.
pub struct TargetModel {
    /// Name, engine, environment, address.
    pub target: Target,
    /// Engine's pure half.
    pub dialect: &'static dyn Dialect,
    /// Views of its server screen: the sample's and the engine's own.
    pub views: Vec<ViewInfo>,
    /// Who answered last.
    pub identity: Option<Identity>,
    /// State of the connection.
    pub link: Link,
    /// The last sample.
    pub sample: Option<Arc<Sample>>,
    /// Values of the last sample.
    pub values: Readings,
    /// Values of the one before.
    pub before: Option<Readings>,
    /// What is usual.
    pub usual: BTreeMap<MetricId, Usual>,
    /// Recent values.
    pub series: HashMap<MetricId, Series>,
    /// Judged state as of the last sample.
    pub health: Health,
    /// When to collect.
    pub schedule: Schedule,
    /// The way there.
    pub connection: Connection,
    /// What the settings say about its safety; none where there is nothing to judge.
    pub security: Option<Facts>,
    /// Loaded views by name.
    pub view_data: HashMap<&'static str, ViewData>,
    /// Objects by database (`None`: the target's own).
    pub schemas: HashMap<Option<String>, SchemaState>,
    /// When a sample was last handed to the store.
    pub kept_at: Timestamp,
    /// A person lifted [`Access::ReadOnlyAtStart`] for this run.
    pub lifted: bool,
    /// There is a login for fixes, or the engine needs none.
    pub can_fix: bool,
    /// Errors that it can be made to give.
    pub simulations: Vec<Offer>,
    /// It is the embedded shop, on which nothing can go wrong for anybody.
    pub is_demo: bool,
    /// Tells errors from what is tried and measured here.
    pub detector: Detector,
    /// The same for what the server counts itself.
    pub server_counters: Detector,
    /// Holds the person's own rules against what is measured here.
    pub rules: RuleWatch,
}

/// What is known of a database's objects.
#[derive(Debug, Clone, PartialEq)]
pub enum SchemaState {
    /// Being read.
    Loading,
    /// Read.
    Loaded(Arc<Schema>, Arc<Catalog>),
    /// Could not be read.
    Failed(String),
}

impl TargetModel {
    /// A target about which nothing is known yet.
    pub fn new(
        target: Target,
        dialect: &'static dyn Dialect,
        engine_views: &[ViewInfo],
        interval_ms: u64,
        first_due: Timestamp,
    ) -> Self {
        let views = SAMPLE_VIEWS.iter().chain(engine_views).chain(OWN_VIEWS).copied().collect();
        let connection = Connection::new(target.id.as_str(), Patience::default(), first_due);
        let schedule = Schedule { interval_ms, stretched_ms: interval_ms, due: first_due, ..Schedule::default() };
        let detector = Detector::new(target.id.clone(), target.engine.0);
        Self {
            server_counters: detector.clone(),
            rules: RuleWatch::new(target.engine.0),
            detector,
            target,
            dialect,
            views,
            identity: None,
            link: Link::Connecting,
            sample: None,
            values: Readings::new(),
            before: None,
            usual: BTreeMap::new(),
            series: HashMap::new(),
            health: Health::unknown(),
            schedule,
            connection,
            security: None,
            view_data: HashMap::new(),
            schemas: HashMap::new(),
            kept_at: Timestamp(0),
            lifted: false,
            can_fix: true,
            simulations: Vec::new(),
            is_demo: false,
        }
    }

    /// What a person approves may run here now.
    pub fn writable(&self) -> bool {
        match self.target.access {
            Access::Writable => true,
            Access::ReadOnlyAtStart => self.lifted,
            Access::ReadOnly => false,
        }
    }

    /// The same target, of an engine that keeps no list of sessions: views of them would only ever be empty.
    #[must_use]
    pub fn without_sessions(mut self) -> Self {
        self.views.retain(|v| !SAMPLE_VIEWS.contains(v));
        self
    }

    /// The same target, tried with this patience.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.connection = Connection::new(self.target.id.as_str(), patience, self.schedule.due);
        self
    }

    /// The same target, with what its settings say about the safety of its connection.
    #[must_use]
    pub fn with_security(mut self, facts: Option<Facts>) -> Self {
        self.security = facts;
        self
    }

    /// The state to show now: the judged one, or STALE when its sample is too old to be believed.
    pub fn state(&self, now: Timestamp) -> State {
        match (&self.link, &self.sample) {
            (Link::Down(..), _) => State::Down,
            (_, None) => State::Unknown,
            (_, Some(sample)) if is_stale(sample.at, now, self.schedule.stretched_ms) => State::Stale,
            _ => self.health.state,
        }
    }

    /// One word (or the age of a stale sample) for the WHY column.
    pub fn why(&self, now: Timestamp) -> String {
        match self.state(now) {
            State::Stale => {
                let age = self.sample.as_ref().map_or(0, |s| now.since(s.at));
                format!("{} old", metric::seconds(age as f64 / 1000.0))
            }
            State::Unknown => "connecting".into(),
            _ => self.health.why().to_owned(),
        }
    }

    /// Takes in a sample: values, series, health.
    pub fn take(&mut self, sample: Sample) {
        let earlier = self.sample.as_ref().map(|s| (s.at, &s.readings));
        let values = metric::values(sample.at, &sample.readings, earlier);
        for m in metric::METRICS {
            let value = values.get(&m.id).copied();
            if value.is_some() || self.series.contains_key(&m.id) {
                self.series.entry(m.id).or_default().push(sample.at, value);
            }
        }
        let usual = &self.usual;
        self.health = judge(&Evidence {
            now: &values,
            before: (!self.values.is_empty()).then_some(&self.values),
            sample: &sample,
            usual: &|id| usual.get(&id).copied(),
        });
        self.before = Some(std::mem::replace(&mut self.values, values));
        self.sample = Some(Arc::new(sample));
    }

    /// A value of the last sample.
    pub fn value(&self, id: MetricId) -> Option<f64> {
        self.values.get(&id).copied()
    }

    /// The median that is usual for a metric, once enough samples say so.
    pub fn usual(&self, id: MetricId) -> Option<f64> {
        self.usual.get(&id).filter(|u| u.samples >= 30).map(|u| u.median)
    }
}

/// A line for the person, shown for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When it came.
    pub at: Timestamp,
    /// The text, escaped.
    pub text: String,
    /// It tells of a failure.
    pub failure: bool,
}

/// Which list the keys move in on the health screen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HealthModel {
    /// The fleet table.
    pub fleet: ListState,
    /// The open server.
    pub server: Option<TargetId>,
    /// Name of the view shown of it.
    pub view: &'static str,
    /// The view shown before, for the `-` key.
    pub last_view: Option<&'static str>,
    /// List state of each view.
    pub lists: HashMap<&'static str, ListState>,
    /// Collecting stands still.
    pub paused: bool,
    /// The table fills the screen.
    pub zoomed: bool,
    /// Sessions of the open server that one proposal shall be made for, by their numbers.
    pub marked: BTreeSet<i64>,
}

/// Everything.
pub struct Model {
    /// Our wall clock at the last event.
    pub now: Timestamp,
    /// Local time minus UTC, minutes.
    pub offset_minutes: i32,
    /// The tab.
    pub screen: Screen,
    /// What lies over it.
    pub overlay: Option<Overlay>,
    /// Targets in the order of the configuration.
    pub targets: Vec<TargetModel>,
    /// The health screen.
    pub health: HealthModel,
    /// The chat screen.
    pub chat: ChatModel,
    /// The incidents.
    pub incidents: IncidentsModel,
    /// The approvals screen.
    pub approvals: ApprovalsModel,
    /// Causes and plans.
    pub healing: HealingModel,
    /// This process has the claim on detection: what it finds is reported.
    pub detects: bool,
    /// The numbers by which errors are told from noise.
    pub incident_limits: IncidentLimits,
    /// How causes are looked for.
    pub diagnosis_terms: DiagnosisTerms,
    /// Both clocks as the terminal's loop last read them; none moves where there is no terminal.
    pub clock: Moment,
    /// A line for the person.
    pub notice: Option<Notice>,
    /// Per cent of the demo database that exists, while it is being made.
    pub demo_progress: Option<u8>,
    /// What was found on this machine and could be watched, for the demo's one-line offer.
    pub offer: Option<String>,
    /// Bounds of a read, as configured.
    pub limits: Limits,
    /// Where exports go when no folder is named.
    pub export_folder: std::path::PathBuf,
    /// The mouse belongs to us.
    pub mouse: bool,
    /// What is known of every engine.
    pub library: Library,
    /// Number of the last request made.
    pub last_request: u64,
    /// Interrupted once already; a second time in a row quits.
    pub interrupted: bool,
}

impl Model {
    /// A program that has just started. With one target the chat talks to it.
    pub fn new(now: Timestamp, offset_minutes: i32, targets: Vec<TargetModel>, limits: Limits) -> Self {
        let mut chat = ChatModel::default();
        if let [only] = targets.as_slice() {
            chat.target = Some(only.target.id.clone());
        }
        Self {
            now,
            offset_minutes,
            screen: Screen::Health,
            overlay: None,
            targets,
            health: HealthModel::default(),
            chat,
            incidents: IncidentsModel::default(),
            approvals: ApprovalsModel::default(),
            healing: HealingModel::default(),
            library: Library::default(),
            detects: false,
            incident_limits: IncidentLimits::default(),
            diagnosis_terms: DiagnosisTerms::default(),
            clock: Moment::default(),
            notice: None,
            demo_progress: None,
            offer: None,
            limits,
            export_folder: std::path::PathBuf::from("."),
            mouse: false,
            last_request: 0,
            interrupted: false,
        }
    }
    /// A target by name.
    pub fn target(&self, id: &TargetId) -> Option<&TargetModel> {
        self.targets.iter().find(|t| t.target.id == *id)
    }
    /// A target by name, to change it.
    pub fn target_mut(&mut self, id: &TargetId) -> Option<&mut TargetModel> {
        self.targets.iter_mut().find(|t| t.target.id == *id)
    }
    /// The target that the chat talks to.
    pub fn chat_target(&self) -> Option<&TargetModel> {
        self.chat.target.as_ref().and_then(|id| self.target(id))
    }
    /// The open server.
    pub fn open_server(&self) -> Option<&TargetModel> {
        self.health.server.as_ref().and_then(|id| self.target(id))
    }
    /// Keys are typed into something.
    pub fn typing(&self) -> bool {
        match &self.overlay {
            Some(overlay) => overlay.line().is_some(),
            None => self.screen == Screen::Chat && self.chat.typing && self.chat.open_table.is_none(),
        }
    }
    /// Shows a line.
    pub fn tell(&mut self, text: impl AsRef<str>, failure: bool) {
        let text = crate::domain::text::escape(text.as_ref());
        self.notice = Some(Notice { at: self.now, text, failure });
    }
    /// The moment at which something is to be done although nothing happens: a collection falls due, a sample
    /// becomes stale, a line expires, a running clock moves.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let mut wakes = Vec::new();
        if !self.health.paused {
            wakes.extend(self.targets.iter().filter(|t| t.schedule.in_flight.is_none()).map(|t| t.schedule.due));
        }
        if self.chat.running.is_some() || self.targets.iter().any(|t| t.schedule.in_flight.is_some()) {
            wakes.push(self.now.plus_ms(1000));
        }
        // The open server's pane counts the seconds to the next attempt.
        if self.open_server().is_some_and(|t| t.connection.contact.failures() > 0) {
            wakes.push(self.now.plus_ms(1000));
        }
        wakes.extend(super::approvals::next_wake(self));
        if self.healing.is_looking() {
            wakes.push(self.now.plus_ms(1_000));
        }
        if let Some(notice) = &self.notice {
            wakes.push(notice.at.plus_ms(NOTICE_MS));
        }
        if self.targets.iter().any(|t| t.sample.is_some()) {
            wakes.push(self.now.plus_ms(5000));
        }
        wakes.into_iter().min().map(|t| t.max(self.now))
    }
}

/// How long a line for the person stays, milliseconds.
pub const NOTICE_MS: i64 = 8000;
