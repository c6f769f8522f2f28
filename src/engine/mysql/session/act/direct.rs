//! What is its own transaction: changes of objects, upkeep, settings, KILL, and rows of engines that cannot roll back.
//! Once it is sent there is no way back, so its answer is waited for whatever happens.

use super::super::{MySession, closed};
use super::{Acting, Failure, PATIENCE, Tables, notices, until, words};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::guard::ticket::Approved;
use crate::domain::proposal::survey::Survey;
use crate::engine::mysql::dialect::forms::Form;
use crate::engine::mysql::dialect::forms::objects::Objects;
use crate::engine::mysql::fix;
use crate::engine::mysql::session::begin::rows;
use crate::engine::mysql::wire::{Answer, Command, Wire, WireError};
use crate::engine::{ActError, Acted};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Rows of an answer, at most: a line or two for each table.
const ANSWERED: usize = 1_000;

impl MySession {
    /// All of it but the frame.
    pub(super) async fn send_directly(
        &mut self,
        approved: &Approved,
        form: &Form,
        plan: &Survey,
        stop: &CancellationToken,
        deadline: Option<Instant>,
        tables: Tables,
    ) -> Result<Acted, ActError> {
        let route = self.route.clone();
        let Some(wire) = self.wire.as_mut() else { return Err(ActError::NotDone(closed())) };
        let command = match form {
            // Those that MySQL does not prepare.
            Form::PurgeLogs(to) => Command::purge(to),
            Form::MakeEvent(event) => Some(Command::make_event(event)),
            Form::DropEvent(_) => Command::drop_event(approved.statement()),
            _ => None,
        };
        // Preparing changes nothing, and only one statement can be prepared.
        let preparing = async {
            if command.is_some() {
                return Ok(None);
            }
            let prepared = wire.prepare(approved.statement()).await??;
            if prepared.params > 0 {
                return Err(words("a ? stands for a parameter, and there are none here: write the value itself"));
            }
            Ok(Some(prepared))
        };
        let prepared = match until(preparing, stop, deadline, plan.timeouts.statement_ms).await {
            Ok(prepared) => prepared,
            Err(failure) => return Err(self.not_done(failure).await),
        };
        let Some(wire) = self.wire.as_mut() else { return Err(ActError::NotDone(closed())) };
        let mut stopped = None;
        let answer = {
            let running = async {
                match (prepared, &command) {
                    (Some(prepared), _) => wire.execute(prepared, &[], ANSWERED).await,
                    (None, Some(command)) => wire.ask_command(command, ANSWERED).await,
                    (None, None) => Err(WireError::Malformed("a statement that was neither prepared nor known")),
                }
            };
            tokio::pin!(running);
            let late = async {
                match deadline {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let first = tokio::select! {
                biased;
                answer = &mut running => Some(answer),
                () = stop.cancelled() => {
                    stopped = Some(SessionError::Canceled);
                    None
                }
                () = late => {
                    stopped = Some(SessionError::Deadline(plan.timeouts.statement_ms));
                    None
                }
            };
            match first {
                Some(answer) => answer,
                None => {
                    // Should the request fail, the answer is waited for all the same.
                    let _ = route.cancel().await;
                    tokio::time::timeout(PATIENCE, running).await.unwrap_or(Err(WireError::Late))
                }
            }
        };
        match answer {
            Ok(Ok(answer)) => self.happened(form, answer).await,
            Ok(Err(refused)) => {
                let left = left_behind(form, tables, self.facts.is_mariadb());
                let why = refused.clone();
                let error = self.not_done(Failure::Refused(stopped.unwrap_or(SessionError::Server(refused)))).await;
                match left {
                    Some(left) if !is_early(&why) => {
                        Err(ActError::Unclear(format!("{} ({}): {left}", why.message, why.code)))
                    }
                    _ => Err(error),
                }
            }
            Err(error) => Err(ActError::Unclear(self.lost(&error).to_string())),
        }
    }

    /// The server has answered without an error of its own.
    async fn happened(&mut self, form: &Form, answer: Answer) -> Result<Acted, ActError> {
        let facts = self.facts.clone();
        let affected = answer.done.affected;
        let warnings = answer.done.warnings;
        let told = rows(answer);
        let mut acted = Acted::default();
        match form {
            Form::Rows(_) => acted.rows = Some(affected),
            Form::Kill { .. } => acted.answer = Some("true".into()),
            Form::Upkeep { .. } => {
                // The errors of upkeep come as rows.
                let lines: Vec<(String, String)> =
                    told.rows.iter().map(|row| (told.text(row, "Msg_type"), told.text(row, "Msg_text"))).collect();
                if let Some((_, why)) = lines.iter().find(|(kind, _)| kind.eq_ignore_ascii_case("error")) {
                    let message = ServerMessage { message: why.clone(), ..ServerMessage::default() };
                    return Err(self.not_done(Failure::Refused(SessionError::Server(message))).await);
                }
                let said: Vec<String> = lines.into_iter().map(|(kind, text)| format!("{kind}: {text}")).collect();
                acted.answer = Some(said.join("; "));
            }
            _ => {}
        }
        if let Some(wire) = self.wire.as_mut() {
            // It is done: what cannot be asked any more is left out.
            acted.notices = said_in_time(wire, warnings).await;
            if let Form::Set { name, .. } = form {
                let mut asks = Acting { wire, facts: &facts };
                acted.answer = fix::setting_now(&mut asks, name).await.ok().flatten().map(|now| now.definition);
            }
        }
        Ok(acted)
    }
}

async fn said_in_time(wire: &mut Wire, warnings: u16) -> Vec<String> {
    tokio::time::timeout(super::GRACE, notices(wire, warnings)).await.ok().and_then(Result::ok).unwrap_or_default()
}

/// What may be left of a statement that failed; none where the server takes back all of it.
fn left_behind(form: &Form, tables: Tables, is_mariadb: bool) -> Option<&'static str> {
    match form {
        Form::Rows(_) if tables == Tables::CannotRollBack => Some("rows that it had changed by then stay changed"),
        Form::Objects(Objects::DropTables { tables, .. } | Objects::DropViews { views: tables, .. })
            if is_mariadb && tables.len() > 1 =>
        {
            Some("some of the objects may be gone")
        }
        Form::Objects(Objects::DropDatabase(_)) => Some("some of its tables may be gone"),
        _ => None,
    }
}

/// Refused before anything was begun: no right, no such object, no lock.
fn is_early(refused: &ServerMessage) -> bool {
    matches!(
        refused.code.as_str(),
        "1044" | "1142" | "1143" | "1146" | "1054" | "1205" | "1227" | "1290" | "1049" | "1008"
    )
}
