//! DBA-GPT: a terminal for database administrators. This is the map of the code.
//!
//! # Layers
//!
//! ```text
//! main -> runtime -> { ui, cli, engine, store, sources, notify, secrets, export, config, demo }
//!                      ui, cli -> app -> domain        cli also sees config, export, sources and engine's registry
//!                      the others -> domain            the demo is told by the runtime; nobody else sees it
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`domain`] | what a DBA knows, pure: questions, the guard, acts and their approval (`proposal`), health, retry (`schedule`), causes (`connection`), safety of connections (`security`), services and poolers (`hosting`) |
//! | [`app`] | the program as one state machine: `update(&mut Model, Event) -> Vec<Effect>` |
//! | [`ui`] | screens drawn from the model, keys turned into actions |
//! | [`cli`] | the headless commands, one file each |
//! | [`engine`] | PostgreSQL, MySQL and MariaDB, MongoDB, Redis and Valkey, SQLite: a folder each, of one shape; `oracle` is its errors alone; `net` and `sql` are what several of them share |
//! | [`runtime`] | tasks, clock and loop; the way in to a target: tunnel, password, login, retry, diagnosis |
//! | [`config`] | files, variables and flags -> settings and targets |
//! | [`sources`] | the bytes of server logs: files that grow, rotate and are compressed |
//! | [`notify`] | news of incidents to a webhook |
//! | [`secrets`] | passwords from outside the configuration, and our own vault |
//! | [`store`] | what is remembered: samples, sessions, attempts, conversations, proposals, incidents and patterns; the audit log of decisions and acts |
//! | [`export`] | rows as CSV, JSON, Markdown and aligned columns |
//! | [`demo`] | the embedded shop and its workload |
//!
//! [`domain`] knows no screen, driver, file, clock or async. [`app`] knows no driver, screen or async. The outer
//! modules never see each other: `engine` never sees `store`, `ui` never sees `engine`; what two of them share is a
//! domain value or a domain trait. Engines are named in `engine` alone. A test reads the sources and holds this picture
//! against them.
//!
//! # Flow
//!
//! ```text
//! keys -> ui::on_key -> Action -+
//! watchers, readers, store -----+-> Event -> app::update(&mut Model) -> Vec<Effect> -> runtime::perform
//! time -------------------------+                  |                                        |
//!        ^                                         +-> ui::draw(&Model), on change          |
//!        +--------------------------- bounded inbox <---------------------------------------+
//! ```
//!
//! # Invariants
//!
//! - A statement reaches a server only as [`domain::guard::Allowed`], which [`domain::guard::allow`] alone makes, as
//!   [`domain::guard::ticket::Approved`], which only a ticket becomes, or as one of our own constant queries
//!   ([`engine::Query`]). A ticket is a person's, or that of a policy which a person wrote for coded procedures
//!   ([`domain::guard::ticket::by_policy`]). What takes an act back by itself is covered by the act's own ticket.
//! - A step of a plan is sent only when everything holds that it requires, and it is done only when somebody looked
//!   whether it helped. What is not known holds for no.
//! - A simulation ([`engine::simulation`]) sends constants of the program too, on targets that say that they are not
//!   production ([`domain::simulation::objection`]); what it writes are scratch objects of its own, which it removes.
//! - Before an act the audit log has its intent and the store its inverse; after a crash every act is at a known stage.
//!   After it the store has what it left ([`domain::proposal::left`]), and nothing takes an act back over what somebody
//!   else changed since. The fix login is fetched for one act.
//! - Every read is bounded in rows, bytes, cell and time. Where the engine has transactions for it, it runs in one that
//!   can only read and is rolled back. Stopping it ends it on the server; Redis, which finishes what it began, gets
//!   only short steps.
//! - Text from a database, a log or a file passes [`domain::text::escape`] before a terminal and
//!   [`domain::text::redact`] before a log or the store.
//! - Every answer carries the number of its question; late answers are dropped. Input is never dropped.
//! - A missing reading is missing: never zero, and unknown is never "ok".
//! - A password is fetched when a login needs it. What a person typed is kept for the run, what a command printed for a
//!   burst of logins. One that the server refused is not sent again by itself.
//! - Time is an argument; only `runtime` reads the clock (sessions, the store's thread and the demo measure spans).
//! - Nothing waits in the loop: one task a target watches, one reads, and each owns its connection.
//!
//! # Where do I change what
//!
//! | to change | look at |
//! |---|---|
//! | what a key does, the footer, help, palette, `:` words | `app/registry.rs` (one line each) and what it does in `app/respond.rs` |
//! | an error that can be provoked | `domain/simulation.rs` (its name and kind), `engine/*/simulate/` (how) |
//! | a question that is understood | `domain/question/` (words -> intent), `engine/*/dialect/questions/` (intent -> statement) |
//! | what the guard lets through | `engine/*/dialect/classify/` |
//! | what an act is looked at for, how it is undone | `engine/*/fix/`; how it runs: `engine/*/session/act` |
//! | what is said about a statement before it runs | `engine/*/dialect/advise/` |
//! | what is asked before and after a step of a plan, what takes it back, which step comes next | `domain/procedure/check.rs`, `runtime/fixing/` (`checks`, `afterwards`, `rollback`, `onward`) |
//! | what may run with nobody asked | `domain/guard/policy.rs`, `config/unattended.rs` |
//! | what outcomes teach | `domain/learning/`, `store/learning.rs` |
//! | the order between approval and outcome | `runtime/fixing/`, `domain/proposal/stage.rs` |
//! | a metric, a health rule | `domain/metric.rs`, `domain/health.rs`, and the engine's `sample` |
//! | a view of the server screen | `engine/*/views` (one query) |
//! | a way to log in, a URL | `engine/*/connect/` |
//! | where a password comes from | `config/password.rs` (how it is written), `secrets/`, `runtime/connect/password.rs` (the order) |
//! | what runs before connecting | `config/tunnel.rs`, `runtime/tunnel/` |
//! | a managed service, a pooler | `engine/*/hosting.rs` |
//! | when a target is tried again | `domain/schedule/` |
//! | what a failed connection is taken for | `domain/connection/`, and the engine's `approach` |
//! | what costs points in `config check` | `domain/security/rules.rs` (one table) |
//! | what an error is called, what kind it is, what to do about it | `assets/errors/` (codes, advice, skeletons of messages), and how clients print it: `engine/*/dialect/errors/` |
//! | a line of a server's log | `engine/*/dialect/logs`, and `log_rules` for what counts as an error |
//! | where logs come from, who detects, the webhook | `runtime/follow/`, `sources/`, `engine/*/reports.rs`; `runtime/detection.rs`; `notify/`, `runtime/herald.rs` |
//! | a setting | `config/settings.rs` (one registry) |
//! | a key of a target | `config/written_target.rs`, `config/targets.rs` |
//! | the incidents tab | `app/incidents/` (lists, detail, acts), `ui/screens/incidents.rs`, `ui/parts/incident.rs`; `runtime/incidents.rs` performs |
//! | when causes are looked for, what a strategy proposes by itself | `app/healing/ask.rs`, `app/healing/propose.rs` |
//! | causes, plans and what was changed on the screen | `app/healing/tree.rs`, `app/healing/detail.rs`, `ui/parts/causes.rs`; `app/approvals/changes.rs` |
//! | what is said about an error on the spot, what counts as pasted | `app/analysis/` |
//! | a plan that is understood, what is seen in it | `engine/*/dialect/plan.rs`, `domain/plan/findings.rs` |
//! | what an approval asks for, its box | `app/approvals/decide.rs`, `app/dossier/`, `ui/parts/proposal.rs`, `ui/parts/facts.rs` |
//! | a command | `cli/`, one file each, and `config/args/` |
//! | what errors are one incident, what wakes one that was over | `domain/incident/take.rs` |
//! | which lines of a log are our own doing | `domain/incident/echo.rs`, and the dialect's `told_of` |
//! | watch rules of a person's own | `domain/rule/` (what is offered, read, watched), `app/rules.rs`, `store/rules.rs` |
//! | what follows from what | `domain/incident/correlate.rs` (one table), `engine/outages.rs` |
//! | which values and counters are errors | `domain/incident/detect/` |
//! | how an object's definition is read and written down | `engine/*/definitions`, `runtime/chronicle.rs`, `store/definitions.rs` |
//! | checks and procedures of a person's own, hooks | `domain/own/`, `config/own.rs`, `config/hooks.rs`; `runtime/patrol.rs`, `runtime/hooks.rs` |
//! | what is remembered | `store/`, one file per table family, and a migration |
//! | an engine | a folder in `engine/`, one line in `ENGINES`, one dependency |

pub mod app;
pub mod cli;
pub mod config;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod export;
pub mod notify;
pub mod runtime;
pub mod secrets;
pub mod sources;
pub mod store;
pub mod ui;
