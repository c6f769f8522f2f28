//! `audit`: whether the log of decisions and acts is as it was written, what is in it, and how one that is not whole is
//! put aside. The log itself is the host's.

use super::host::object;
use super::{Ended, Exit, Headless, Outcome};
use crate::app::dossier::statement_lines;
use crate::config::args::AuditAction;
use crate::domain::metric::grouped;
use crate::domain::target::Timestamp;
use crate::domain::text::{escape, redact};
use crate::export::table::Paint;
use serde_json::{Value as Json, json};

/// What a check of the log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCheck {
    /// The log's file.
    pub file: String,
    /// Files outside it that hold its newest link.
    pub anchors: Vec<String>,
    /// Records that were looked at.
    pub records: u64,
    /// The newest link in hexadecimal digits; empty when the log could not be read that far.
    pub head: String,
    /// What is wrong with it: a word and a sentence each. Empty when nothing is.
    pub tampering: Vec<(&'static str, String)>,
}

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// 1, 2, ...
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What happened, a word: `approved`, `intent`, `outcome`.
    pub kind: String,
    /// The act that it belongs to: `#58`.
    pub act: String,
    /// Everything else.
    pub body: Json,
}

/// Why the log could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTrouble {
    /// It cannot be read, or not be checked without its key: nobody can say that it is whole.
    Unverified(String),
    /// Permissions, folders: to be put right first.
    Settings(String),
}

impl From<AuditTrouble> for Ended {
    fn from(trouble: AuditTrouble) -> Self {
        match trouble {
            AuditTrouble::Unverified(words) => Self::with(Exit::Findings, words),
            AuditTrouble::Settings(words) => Self::with(Exit::Usage, words),
        }
    }
}

/// Records that are read at a time: their statements can be long.
const PAGE: usize = 100;

/// Does what was asked for.
pub(super) async fn run(action: &AuditAction, io: &mut Headless<'_>) -> Outcome {
    if let AuditAction::Restart { reason } = action {
        return restart(reason, io).await;
    }
    let Some(check) = io.host.audit_check().await? else { return nothing(action, io) };
    match action {
        AuditAction::Export { json } => export(&check, *json, io).await,
        AuditAction::Verify { json } => verify(&check, *json, io),
        AuditAction::Restart { .. } => Ok(Exit::Fine),
    }
}

/// There is no log: nothing was ever proposed here.
fn nothing(action: &AuditAction, io: &mut Headless<'_>) -> Outcome {
    if let AuditAction::Verify { json: true } = action {
        let mut line = object();
        line.insert("exists".into(), false.into());
        line.insert("whole".into(), true.into());
        line.insert("records".into(), 0.into());
        line.insert("tampering".into(), json!([]));
        io.object(line)?;
    } else {
        io.say("there is no audit log yet: it begins with the first proposal");
    }
    Ok(Exit::Fine)
}

fn verify(check: &AuditCheck, json: bool, io: &mut Headless<'_>) -> Outcome {
    let AuditCheck { file, anchors, records, head, tampering } = check;
    if json {
        let mut line = object();
        line.insert("exists".into(), true.into());
        line.insert("whole".into(), tampering.is_empty().into());
        line.insert("file".into(), file.as_str().into());
        line.insert("anchors".into(), json!(anchors));
        line.insert("records".into(), (*records).into());
        line.insert("head".into(), if head.is_empty() { Json::Null } else { head.as_str().into() });
        let found = tampering.iter().map(|(word, words)| json!({ "kind": word, "words": words }));
        line.insert("tampering".into(), found.collect());
        io.object(line)?;
        return Ok(exit(check));
    }
    let color = io.color();
    io.line(&format!("log      {}", escape(file)))?;
    for anchor in anchors {
        io.line(&format!("anchor   {}", escape(anchor)))?;
    }
    io.line(&format!("records  {}", grouped(*records)))?;
    if !head.is_empty() {
        io.line(&format!("head     {}", escape(head)))?;
    }
    if tampering.is_empty() {
        let words = "every record is as it was written and where it was written, and the anchor knows the newest one";
        io.line(&format!("{}  {words}", Paint::Good.on("whole   ", color)))?;
    }
    for (_, words) in tampering {
        io.line(&format!("{}  {}", Paint::Bad.on("TAMPERED", color), escape(words)))?;
    }
    Ok(exit(check))
}

async fn export(check: &AuditCheck, json: bool, io: &mut Headless<'_>) -> Outcome {
    let mut last = 0;
    loop {
        let page = io.host.audit_records(last, PAGE).await?;
        let Some(newest) = page.last() else { break };
        last = newest.number;
        for entry in &page {
            if json { entry_object(entry, io)? } else { entry_lines(entry, io)? }
        }
    }
    for (_, words) in &check.tampering {
        io.say(&format!("the log was tampered with: {words}"));
    }
    Ok(exit(check))
}

/// Puts a log aside that is not whole or cannot be checked, and begins another.
async fn restart(reason: &str, io: &mut Headless<'_>) -> Outcome {
    let wrong = |exit, words: &str| Err(Ended::with(exit, words));
    if reason.trim().is_empty() {
        return wrong(Exit::Usage, "say in --reason what was found out about the old log");
    }
    match io.host.audit_check().await {
        Ok(None) => return wrong(Exit::Findings, "there is no audit log yet: there is nothing to put aside"),
        Ok(Some(check)) if check.tampering.is_empty() => {
            return wrong(Exit::Findings, "the audit log is whole: it goes on as it is");
        }
        Err(trouble @ AuditTrouble::Settings(_)) => return Err(trouble.into()),
        Ok(Some(_)) | Err(AuditTrouble::Unverified(_)) => {}
    }
    let aside = io.host.audit_restart(&redact(reason.trim())).await?;
    io.say(&format!("a new audit log was begun; its first record names the old one: {aside}"));
    Ok(Exit::Fine)
}

fn exit(check: &AuditCheck) -> Exit {
    if check.tampering.is_empty() { Exit::Fine } else { Exit::Findings }
}

fn entry_object(entry: &AuditEntry, io: &mut Headless<'_>) -> std::io::Result<()> {
    let mut line = object();
    line.insert("number".into(), entry.number.into());
    line.insert("at".into(), entry.at.date_time(0).into());
    line.insert("at_ms".into(), entry.at.0.into());
    line.insert("kind".into(), entry.kind.as_str().into());
    line.insert("act".into(), entry.act.as_str().into());
    line.insert("body".into(), entry.body.clone());
    io.object(line)
}

/// A record for people: its head, then everything in it.
fn entry_lines(entry: &AuditEntry, io: &mut Headless<'_>) -> std::io::Result<()> {
    let at = entry.at.date_time(io.offset_minutes);
    io.line(&format!("{:<6} {at}  {}  {}", entry.number, escape(&entry.kind), escape(&entry.act)))?;
    let Json::Object(fields) = &entry.body else {
        return io.line(&format!("       {}", escape(&entry.body.to_string())));
    };
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        let name = escape(name);
        // A text is shown whole, a line for each of its own: a statement has many.
        let lines = match value {
            Json::String(text) => statement_lines(text),
            other => statement_lines(&other.to_string()),
        };
        for (i, line) in lines.iter().enumerate() {
            io.line(&format!("       {:<12} {line}", if i == 0 { name.as_str() } else { "" }))?;
        }
    }
    Ok(())
}
