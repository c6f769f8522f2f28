//! Does what the core wants done: hands orders to tasks, asks the store, touches the terminal.

use super::clipboard::{self, Multiplexer};
use super::detection::Detection;
use super::fixer::Fixer;
use super::follow::Desk;
use super::incidents::Incidents;
use super::probe::Surveyor;
use super::reader::{Read, Reader};
use super::storage::Storage;
use super::watcher::{Watch, Watcher};
use crate::app::effect::{DiagnoseRequest, Effect, SurveyRequest};
use crate::app::event::{Event, RequestId};
use crate::domain::connection::{Change, Probe};
use crate::domain::interchange::ExportFormat;
use crate::domain::rows::Rows;
use crate::domain::rule::Measure;
use crate::domain::target::TargetId;
use crate::export::{NewFile, RowWriter};
use crate::store::Store;
use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Orders that wait for a task. The core has at most a collection and a few views under way for each.
const ORDERS: usize = 16;

/// What the loop itself has to do, because only it holds the terminal.
#[derive(Debug, PartialEq)]
pub(super) enum ForLoop {
    /// Send these bytes to the terminal.
    Send(Vec<u8>),
    /// Edit text in the editor.
    Edit(String),
    /// Take or give back the mouse.
    Mouse(bool),
    /// Change the theme.
    Theme(String),
    /// Suspend.
    Suspend,
    /// End.
    Quit,
}

struct Tasks {
    watch: mpsc::Sender<Watch>,
    read: mpsc::Sender<Read>,
}

/// The performer: owns every task, and their ends.
pub(super) struct Performer {
    setups: HashMap<TargetId, super::TargetSetup>,
    tasks: HashMap<TargetId, Tasks>,
    /// What rules want to know, for a watcher that begins anew.
    questions: HashMap<TargetId, Vec<(Measure, String)>>,
    stops: HashMap<RequestId, CancellationToken>,
    all: JoinSet<()>,
    simulations: JoinSet<()>,
    out: mpsc::Sender<Event>,
    storage: Storage,
    fixer: Fixer,
    incidents: Incidents,
    /// Waits for the claim; begins with the store.
    detection: Option<Detection>,
    /// What watchers need to ask their servers for errors, once this process detects.
    desk: watch::Receiver<Option<Desk>>,
    multiplexer: Multiplexer,
    export_folder: PathBuf,
    /// Time for one collection, where it is not the usual one.
    deadline: Option<Duration>,
    /// Between two looks at the definitions of objects; zero for none.
    schema_history: Duration,
    /// What is remembered, once it is open.
    store: watch::Receiver<Option<Store>>,
}

impl Performer {
    /// A performer for these targets; its tasks begin with the first order.
    pub(super) fn new(
        setups: Vec<super::TargetSetup>,
        out: mpsc::Sender<Event>,
        storage: Storage,
        fixer: Fixer,
        incidents: Incidents,
        multiplexer: Multiplexer,
        export_folder: PathBuf,
    ) -> Self {
        let setups = setups.into_iter().map(|s| (s.target.id.clone(), s)).collect();
        let store = storage.opened();
        Self {
            setups,
            tasks: HashMap::new(),
            questions: HashMap::new(),
            stops: HashMap::new(),
            all: JoinSet::new(),
            simulations: JoinSet::new(),
            out,
            storage,
            fixer,
            incidents,
            detection: None,
            desk: watch::Sender::default().subscribe(),
            multiplexer,
            export_folder,
            deadline: None,
            schema_history: Duration::ZERO,
            store,
        }
    }

    /// The same, that writes down how objects are defined, this often.
    pub(super) fn with_schema_history(mut self, interval: Duration) -> Self {
        self.schema_history = interval;
        self
    }

    /// The same with another time for one collection.
    pub(super) fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The same, that detects errors when nobody else does.
    pub(super) fn with_detection(mut self, detection: Detection) -> Self {
        self.desk = detection.desk.subscribe();
        self.detection = Some(detection);
        self
    }

    /// The same, that carries out what a target's policy lets run with nobody asked.
    pub(super) fn acting_by_policy(mut self) -> Self {
        self.fixer.act_by_policy();
        self
    }

    /// From now on a target is reached like this; its tasks begin anew.
    pub(super) fn redirect(&mut self, setup: super::TargetSetup) {
        self.tasks.remove(&setup.target.id);
        self.setups.insert(setup.target.id.clone(), setup);
    }

    /// Opens the store, and looks after the acts that an earlier run left under way.
    pub(super) fn open_store(&mut self) {
        self.storage.open();
        self.fixer.begin(&self.setups, &mut self.all);
        self.incidents.begin(&mut self.all);
        if let Some(detection) = self.detection.take() {
            self.all.spawn(detection.run());
        }
    }

    /// Performs one effect; what only the loop can do comes back.
    pub(super) fn perform(&mut self, effect: Effect) -> Option<ForLoop> {
        match effect {
            Effect::Collect(id, cycle) => self.watch(&id, Watch::Collect(cycle)),
            Effect::AskForRules(id, questions) => {
                self.questions.insert(id.clone(), questions.clone());
                self.watch(&id, Watch::Questions(questions));
            }
            Effect::LoadView(id, view) => self.watch(&id, Watch::View(view)),
            Effect::Reconnect(id) => {
                // The task may hang in its connection: it is replaced, not asked.
                if let Some(setup) = self.setups.get(&id) {
                    setup.door.forget_refusal();
                }
                self.tasks.remove(&id);
            }
            Effect::LookRound(id, probes) => self.look_round(id, probes),
            Effect::Diagnose(request) => self.diagnose(request),
            Effect::Simulate(id, name) => self.simulate(id, name),
            Effect::ChangeSetting(id, change, reason) => self.change_setting(&id, change, reason),
            Effect::LoadSchema(id, database) => {
                if database.is_none() {
                    self.watch(&id, Watch::Definitions);
                }
                self.read(&id, Read::Schema(database));
            }
            Effect::Survey(request) => self.survey(request),
            Effect::Read(request) => {
                let stop = self.stop_token(request.id);
                let id = request.target.clone();
                self.read(&id, Read::Turn(request, stop));
            }
            Effect::ExportRead(request, format, path) => {
                let stop = self.stop_token(request.id);
                let id = request.target.clone();
                self.read(&id, Read::Export(request, format, path, stop));
            }
            Effect::Cancel(id) => {
                if let Some(stop) = self.stops.remove(&id) {
                    stop.cancel();
                }
            }
            Effect::ExportRows(rows, format, path) => self.export(rows, format, path),
            Effect::Copy(text) => return self.copy(&text),
            Effect::Edit(text) => return Some(ForLoop::Edit(text)),
            Effect::Mouse(on) => return Some(ForLoop::Mouse(on)),
            Effect::Theme(name) => return Some(ForLoop::Theme(name)),
            Effect::Suspend => return Some(ForLoop::Suspend),
            Effect::Quit => return Some(ForLoop::Quit),
            other => {
                let other = self.incidents.perform(other, &mut self.all);
                let other = other.and_then(|other| self.fixer.perform(other, &self.setups, &mut self.all));
                if let Some(for_store) = other {
                    self.storage.perform(for_store);
                }
            }
        }
        None
    }

    fn survey(&mut self, request: SurveyRequest) {
        let Some(setup) = self.setups.get(&request.target) else { return };
        let (login, approvers) = (setup.fix_user(), setup.approvers);
        let id = request.target.clone();
        // What needs no catalogue goes by the session that is held: a full server lets in no other.
        if request.draft.kind.is_some() && request.draft.database.is_none() {
            self.watch(&id, Watch::Survey(Box::new(request), login, approvers));
        } else {
            self.read(&id, Read::Survey(request, login, approvers));
        }
    }

    fn diagnose(&mut self, request: DiagnoseRequest) {
        let id = request.target.clone();
        let Some(setup) = self.setups.get(&id) else { return };
        let question = request.id;
        let order = Watch::Diagnose(Box::new(setup.inquiry(request)));
        let Some(tasks) = self.tasks(&id) else { return };
        let words = match tasks.watch.try_send(order) {
            Ok(()) => return,
            // It keeps its session, which may be the only way in.
            Err(mpsc::error::TrySendError::Full(_)) => "its watcher is busy; ask again",
            Err(mpsc::error::TrySendError::Closed(_)) => {
                self.tasks.remove(&id);
                "its watcher ended by an internal fault and was started anew; the log says more"
            }
        };
        let _ = self.out.try_send(Event::Diagnosed(super::clock::now(), question, id, Err(words.to_owned())));
    }

    fn look_round(&mut self, id: TargetId, probes: Vec<Probe>) {
        let Some(setup) = self.setups.get(&id) else { return };
        let (spec, door, address) = (setup.spec, setup.door.clone(), setup.target.address.clone());
        self.all.spawn(Surveyor { id, spec, door, address }.run(probes, self.out.clone()));
    }

    /// In a task of its own, which nothing stops: what it made on the server it removes again.
    fn simulate(&mut self, id: TargetId, name: &'static str) {
        let Some(setup) = self.setups.get(&id).cloned() else { return };
        let out = self.out.clone();
        self.simulations.spawn(async move {
            let result = super::simulate::simulate(&setup, name).await;
            let result = result.map(Box::new).map_err(|error| error.to_string());
            let _ = out.send(Event::Simulated(super::clock::now(), id, result)).await;
        });
    }

    /// Uses a changed setting from the next connection on; what is written in the configuration stays as it is.
    fn change_setting(&mut self, id: &TargetId, change: Change, reason: String) {
        let Some(setup) = self.setups.get_mut(id) else { return };
        let changed = setup.door.changed(setup.spec, &change).map(|(door, address, url)| {
            setup.door = door;
            setup.target.address.clone_from(&address);
            (address, url)
        });
        if changed.is_ok() {
            self.tasks.remove(id);
        }
        let event = Event::SettingChanged(super::clock::now(), id.clone(), changed, change, reason);
        let _ = self.out.try_send(event);
    }

    fn stop_token(&mut self, id: RequestId) -> CancellationToken {
        // One turn runs at a time: older tokens are of turns that ended.
        self.stops.clear();
        let stop = CancellationToken::new();
        self.stops.insert(id, stop.clone());
        stop
    }

    fn tasks(&mut self, id: &TargetId) -> Option<&Tasks> {
        if !self.tasks.contains_key(id) {
            let setup = self.setups.get(id)?;
            let (watch, watch_orders) = mpsc::channel(ORDERS);
            let (read, read_orders) = mpsc::channel(ORDERS);
            let watcher =
                Watcher::new(id.clone(), setup.spec, setup.door.clone(), self.out.clone()).with_deadline(self.deadline);
            let watcher = watcher.with_reports(setup.logs.clone(), self.desk.clone());
            let watcher = watcher.with_chronicle(self.schema_history, self.desk.clone());
            let checks = setup.own.checks.clone();
            let questions = self.questions.get(id).map(Vec::as_slice).unwrap_or_default();
            let watcher = watcher.with_checks(checks, &setup.allow_functions, questions, self.desk.clone());
            let watcher = watcher.with_memory(self.store.clone()).making_room(setup.room.clone());
            let reader =
                Reader::new(id.clone(), setup.spec, setup.door.clone(), setup.patience.backoff, self.out.clone())
                    .with_safe_functions(setup.allow_functions.clone())
                    .making_room(setup.room.clone());
            self.all.spawn(watcher.run(watch_orders));
            self.all.spawn(reader.run(read_orders));
            self.tasks.insert(id.clone(), Tasks { watch, read });
        }
        self.tasks.get(id)
    }

    fn watch(&mut self, id: &TargetId, order: Watch) {
        let Some(tasks) = self.tasks(id) else { return };
        if let Err(mpsc::error::TrySendError::Closed(_)) = tasks.watch.try_send(order) {
            // The task died of an internal fault; the next order finds a new one.
            self.tasks.remove(id);
            let message =
                format!("{id}: its watcher ended by an internal fault and was started anew; the log says more");
            let _ = self.out.try_send(Event::Message(super::clock::now(), message, true));
        }
    }

    fn read(&mut self, id: &TargetId, order: Read) {
        let Some(tasks) = self.tasks(id) else { return };
        if tasks.read.try_send(order).is_err() {
            self.tasks.remove(id);
            let message = format!("{id}: its reader does not answer and was started anew; ask again");
            let _ = self.out.try_send(Event::Message(super::clock::now(), message, true));
        }
    }

    fn copy(&mut self, text: &str) -> Option<ForLoop> {
        let now = super::clock::now();
        if let Some(bytes) = clipboard::sequence(text, self.multiplexer) {
            let message = format!("{} bytes sent to the terminal's clipboard (OSC 52)", text.len());
            let _ = self.out.try_send(Event::Message(now, message, false));
            return Some(ForLoop::Send(bytes));
        }
        let path = self.export_folder.join(format!("dba-gpt-copy-{}.txt", now.0));
        let written = NewFile::create(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.keep()
        });
        let (message, failure) = match written {
            Ok(()) => (format!("too long for a terminal's clipboard: written to {}", path.display()), false),
            Err(error) => (format!("too long for a terminal's clipboard, and {}: {error}", path.display()), true),
        };
        let _ = self.out.try_send(Event::Message(now, message, failure));
        None
    }

    fn export(&mut self, rows: Arc<Rows>, format: ExportFormat, path: PathBuf) {
        let out = self.out.clone();
        self.all.spawn_blocking(move || {
            let written = RowWriter::create(&path, format).and_then(|mut writer| {
                writer.begin(&rows.columns)?;
                rows.rows.iter().try_for_each(|row| writer.add(row))?;
                writer.keep()
            });
            let (message, failure) = match written {
                Ok(written) => (format!("{} rows written to {}", written.rows, path.display()), false),
                Err(error) => (format!("{}: {error}", path.display()), true),
            };
            let _ = out.blocking_send(Event::Message(super::clock::now(), message, failure));
        });
    }

    /// Ends every task: what runs on a server is cancelled, sessions are closed, the store writes its last.
    pub(super) async fn end(mut self) {
        for (_, stop) in self.stops.drain() {
            stop.cancel();
        }
        self.fixer.end();
        self.tasks.clear();
        // The inbox may be full, and nobody empties it any more: an answer that cannot be given must not hold us.
        let cleaned = tokio::time::timeout(super::simulate::LONGEST, async {
            while self.simulations.join_next().await.is_some() {}
        });
        let _ = cleaned.await;
        let ended = tokio::time::timeout(std::time::Duration::from_millis(1_500), async {
            while self.all.join_next().await.is_some() {}
        });
        if ended.await.is_err() {
            // A session that hangs is dropped; dropping it cancels what it runs.
            self.all.abort_all();
        }
        self.storage.end().await;
    }
}
