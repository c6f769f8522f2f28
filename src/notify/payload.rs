//! What is told of an incident: a line of text that chat programs show, and the facts for everybody else.

use crate::domain::incident::Incident;
use crate::domain::text::{escape, fit, redact};
use serde_json::{Value, json};

/// Longest text of a message in the payload, columns.
const MESSAGE_COLUMNS: usize = 500;

/// The body: `text` for chat programs, `event` and `incident` for others. Statements stay out of it, since they hold
/// data. `event` is what happened to it: `opened`, `reopened`, `worsened`, `escalated`, `resolved`.
pub fn payload(event: &str, incident: &Incident) -> Value {
    let clean = |text: &str| fit(&escape(&redact(text)), MESSAGE_COLUMNS);
    let object = incident.object.as_deref().map(clean);
    let about = object.as_deref().map_or_else(String::new, |object| format!(" ({object})"));
    let text = format!(
        "{} {} {}: {}{about}, {} times, {}",
        incident.name(),
        incident.severity.short(),
        clean(incident.target.as_str()),
        clean(&incident.title),
        incident.count,
        event
    );
    let text = without_markup(&text);
    json!({
        "schema": 1,
        "event": event,
        "text": text,
        "incident": {
            "id": incident.id,
            "name": incident.name(),
            "target": incident.target.as_str(),
            "engine": incident.engine,
            "severity": incident.severity.word(),
            "kind": incident.kind.word(),
            "code": incident.code,
            "object": object,
            "title": clean(&incident.title),
            "message": clean(&incident.message),
            "strategy": incident.strategy.word(),
            "stage": incident.stage.word(),
            "count": incident.count,
            "first_at_ms": incident.first_at.0,
            "last_at_ms": incident.last_at.0,
            "resolved_at_ms": incident.resolved_at.map(|at| at.0),
        },
    })
}

/// Chat programs make calls of everybody (`<!channel>`, `@all`) and links out of such characters, and a table may have
/// any name. The facts beside the text keep them as they are.
fn without_markup(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '<' => '\u{2039}',
            '>' => '\u{203a}',
            '@' => '\u{ff20}',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::without_markup;

    #[test]
    fn names_call_nobody_and_link_nowhere() {
        let text = without_markup("table \"<!channel> @all <http://example.com|look>\"");
        assert!(!text.contains(['<', '>', '@']), "{text}");
        assert!(text.contains("channel"));
    }
}
