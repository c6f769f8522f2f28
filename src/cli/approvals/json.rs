//! Proposals as JSON: the few fields of a list, and everything. An interface: fields may be added, never renamed.

use super::{UnreadRow, object};
use crate::domain::proposal::survey::{Blast, Inverse, Rights, Survey};
use crate::domain::proposal::{Happening, Origin, Proposal, Who};
use crate::domain::target::Timestamp;
use serde_json::{Map, Value as Json, json};

/// One line of a list.
pub(in crate::cli) fn summary(proposal: &Proposal) -> Map<String, Json> {
    let mut line = object();
    let mut add = |name: &str, value: Json| drop(line.insert(name.to_owned(), value));
    add("id", proposal.id.into());
    add("stage", proposal.stage.word().into());
    add("open", proposal.stage.is_open().into());
    add("risk", proposal.gravity.word().to_lowercase().into());
    add("target", proposal.target.as_str().into());
    add("engine", proposal.engine.as_str().into());
    add("environment", proposal.environment.word().into());
    add("class", proposal.draft.class.word().into());
    add("what", proposal.headline().into());
    add("statement", proposal.draft.statement.as_str().into());
    add("proposed_at", proposal.at.date_time(0).into());
    add("proposed_ms", proposal.at.0.into());
    add("undoes", if let Origin::Undo(id) = proposal.origin { id.into() } else { Json::Null });
    add("approvers", proposal.approvers.into());
    add("ticket", json!(proposal.ticket));
    let purpose = proposal.purpose.as_deref();
    add("procedure", json!(purpose.map(|purpose| &purpose.plan.procedure)));
    add("incident", json!(purpose.and_then(|purpose| purpose.incident)));
    // Whether it helped; null as long as that was not looked at, and where nobody knows.
    add("helped", json!(proposal.verified.as_ref().and_then(|verified| verified.held)));
    line
}

/// What the columns say of one that cannot be read.
pub(super) fn unread(row: &UnreadRow) -> Map<String, Json> {
    let mut line = object();
    line.insert("id".into(), row.id.into());
    line.insert("stage".into(), row.stage.as_str().into());
    line.insert("target".into(), row.target.as_str().into());
    line.insert("proposed_at".into(), row.at.date_time(0).into());
    line.insert("proposed_ms".into(), row.at.0.into());
    line.insert("statement".into(), Json::Null);
    line.insert("unread".into(), true.into());
    line
}

/// Everything about one.
pub(super) fn whole(proposal: &Proposal) -> Map<String, Json> {
    let Survey { place, objects, preconditions, blast, inverse, rights, timeouts } = &proposal.survey;
    let mut line = summary(proposal);
    let mut add = |name: &str, value: Json| drop(line.insert(name.to_owned(), value));
    add("digest", proposal.act().digest().full().into());
    add("bytes", proposal.draft.statement.len().into());
    add("obstacle", json!(proposal.obstacle()));
    add("address", proposal.address.as_str().into());
    add("login", text(&proposal.login));
    add("database", text(&place.database));
    add("role", text(&place.role));
    add("server", json!(place.server));
    add("started_ms", json!(place.started_at.map(|at: Timestamp| at.0)));
    add("epoch", json!(place.epoch));
    add(
        "objects",
        objects.iter().map(|o| json!({ "name": o.name, "number": o.id, "definition": o.definition })).collect(),
    );
    add("conditions", preconditions.iter().map(|p| json!({ "text": p.text, "found": p.found })).collect());
    add("blast", effects(blast, proposal.most_rows));
    add("statement_timeout_ms", timeouts.statement_ms.into());
    add("lock_timeout_ms", timeouts.lock_ms.into());
    add("undo", undo(inverse));
    add("rights", held(rights));
    let advice = proposal.advice.iter();
    add(
        "advice",
        advice
            .map(|a| json!({ "rule": a.rule, "weight": a.weight.word(), "text": a.text, "instead": a.instead }))
            .collect(),
    );
    add("happenings", proposal.happenings.iter().map(happening).collect());
    line
}

fn effects(blast: &Blast, most_rows: Option<u64>) -> Json {
    let tables: Json =
        blast.tables.iter().map(|t| json!({ "name": t.name, "rows": t.rows, "bytes": t.bytes })).collect();
    json!({
        "estimated_rows": blast.estimated_rows,
        "exact_rows": blast.exact_rows,
        "most_rows": most_rows,
        "tables": tables,
        "locks": text(&blast.locks),
        "rewrite": blast.rewrite,
        "replicas": blast.replicas,
        "disk": blast.disk,
        "notes": blast.notes,
    })
}

/// `possible` is whether it can be undone; statements are there once they are known.
fn undo(inverse: &Inverse) -> Json {
    match inverse {
        Inverse::Statements(statements) => json!({ "possible": true, "statements": statements, "why_not": null }),
        Inverse::FromRows(most) => {
            json!({ "possible": true, "statements": null, "from_rows_at_most": most, "why_not": null })
        }
        Inverse::None(why) => json!({ "possible": false, "statements": null, "why_not": why }),
    }
}

/// `held` is null where nobody knows yet.
fn held(rights: &Rights) -> Json {
    match rights {
        Rights::Held => json!({ "held": true, "grants": null, "unknown": null }),
        Rights::Missing(grants) => json!({ "held": false, "grants": grants, "unknown": null }),
        Rights::Unknown(why) => json!({ "held": null, "grants": null, "unknown": why }),
    }
}

fn happening(happening: &Happening) -> Json {
    let Happening { at, stage, words, who } = happening;
    let who = who.as_ref().map(
        |Who { user, before_sudo, ssh_from }| json!({ "user": user, "before_sudo": before_sudo, "ssh_from": ssh_from }),
    );
    json!({ "at": at.date_time(0), "at_ms": at.0, "stage": stage.word(), "words": words, "who": who })
}

/// Text that is unknown when empty.
fn text(text: &str) -> Json {
    super::super::print::known(text)
}
