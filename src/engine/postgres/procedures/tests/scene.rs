//! A server's answers written by hand, and the plans that come of them.
#![expect(clippy::needless_pass_by_value, reason = "rows are written where they are used")]

use crate::domain::diagnosis::{Case, Cause, Diagnosis, Hypothesis, KnownDefinition, Observation, SeenPlan, Verdict};
use crate::domain::error::event::{ErrorEvent, Source};
use crate::domain::error::naming::understand;
use crate::domain::incident::Incident;
use crate::domain::procedure::{Plan, offers};
use crate::domain::rows::{Column, Rows, Value};
use crate::domain::target::{Environment, Identity, TargetId, Timestamp};
use crate::engine::postgres::ID;
use crate::engine::postgres::dialect::DIALECT;
use crate::engine::postgres::procedures::PROCEDURES;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The moment of the last look.
const NOW: i64 = 10_000_000;

/// A server on which nothing is wrong, until something is added.
pub(super) struct Scene {
    seen: Observation,
    settings: Vec<Json>,
    hypotheses: Vec<Hypothesis>,
    incident: Option<Incident>,
    definitions: Vec<KnownDefinition>,
    role: &'static str,
}

fn rows(objects: &Json) -> Rows {
    let objects = objects.as_array().unwrap();
    let mut names: Vec<&String> = objects.iter().flat_map(|o| o.as_object().unwrap().keys()).collect();
    names.sort();
    names.dedup();
    let cell = |value: Option<&Json>| match value {
        None | Some(Json::Null) => Value::Null,
        Some(Json::Bool(b)) => Value::Bool(*b),
        Some(Json::Number(n)) => n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap()), Value::Int),
        Some(Json::String(s)) => Value::Text(s.clone()),
        Some(list) => Value::Text(list.to_string()),
    };
    Rows {
        columns: names.iter().map(|name| Column::text(name)).collect(),
        rows: objects.iter().map(|o| names.iter().map(|name| cell(o.get(name.as_str()))).collect()).collect(),
        truncated: None,
    }
}

/// One object with the fields of another over it.
pub(super) fn with(base: &Json, more: &Json) -> Json {
    let mut all = base.as_object().unwrap().clone();
    all.extend(more.as_object().unwrap().clone());
    Json::Object(all)
}

/// A client's session of the application; `more` says what it does.
pub(super) fn session(pid: i64, more: &Json) -> Json {
    let start = format!("2026-11-22 00:00:{:02}.000001+00", pid % 60);
    with(
        &json!({"pid": pid, "usename": "app", "application_name": "checkout", "client_addr": "10.0.0.7", "datname": "shop",
            "state": "active", "backend_type": "client backend", "backend_start": start, "xact_start": start,
            "query_start": start, "xact_seconds": 30, "state_seconds": 30, "query": "SELECT 1"}),
        more,
    )
}

/// One that waits for others.
pub(super) fn waiter(pid: i64, by: &[i64]) -> Json {
    session(pid, &json!({"wait_event_type": "Lock", "blocked_by": by, "query": "UPDATE orders SET n = 1"}))
}

impl Scene {
    pub(super) fn new() -> Self {
        let mut scene = Self {
            seen: Observation::default(),
            settings: Vec::new(),
            hypotheses: Vec::new(),
            incident: None,
            definitions: Vec::new(),
            role: "primary",
        };
        scene.setting("max_connections", "100", "100").setting("superuser_reserved_connections", "3", "3");
        scene
    }
    pub(super) fn answer(&mut self, name: &str, objects: Json) -> &mut Self {
        self.seen.add(name, Timestamp(NOW), rows(&objects));
        self
    }
    /// An answer of the beginning and one of the end.
    pub(super) fn ends(&mut self, name: &str, first: Json, last: Json) -> &mut Self {
        self.seen.add(name, Timestamp(NOW - 10_000), rows(&first));
        self.answer(name, last)
    }
    /// The same sessions in two looks.
    pub(super) fn sessions(&mut self, sessions: &[Json]) -> &mut Self {
        self.ends("diagnose.sessions", json!(sessions), json!(sessions))
    }
    pub(super) fn setting(&mut self, name: &str, value: &str, boot: &str) -> &mut Self {
        let source = if value == boot { "default" } else { "configuration file" };
        self.setting_from(name, value, boot, &json!({"source": source, "context": "sighup"}))
    }
    pub(super) fn setting_from(&mut self, name: &str, value: &str, boot: &str, more: &Json) -> &mut Self {
        self.settings.retain(|s| s["name"] != name);
        self.settings.push(with(&json!({"name": name, "setting": value, "boot_val": boot, "reset_val": value}), more));
        self
    }
    pub(super) fn plan_of(&mut self, statement: &str, plan: &Json) -> &mut Self {
        let rows = Rows {
            columns: vec![Column::text("QUERY PLAN")],
            rows: vec![vec![Value::Text(plan.to_string())]],
            truncated: None,
        };
        self.seen.plans.push(SeenPlan { statement: statement.into(), rows });
        self
    }
    /// The diagnosis found this.
    pub(super) fn found(&mut self, cause: Cause, about: &str) -> &mut Self {
        let evidence = vec!["what was seen".to_owned()];
        self.hypotheses.push(Hypothesis::new(cause, Verdict::Supported, 0.9, evidence).about(about));
        self
    }
    /// An incident of this error, as the server writes it.
    pub(super) fn error(&mut self, code: &str, message: &str, statement: &str) -> &mut Self {
        let error = understand(DIALECT.errors(), message, Some(code));
        let mut event = ErrorEvent::new(Timestamp(NOW), TargetId::new("shop"), ID, Source::Log, error);
        event.statement = Some(statement.to_owned());
        self.incident = Some(Incident::new(1, &event, Timestamp(NOW)));
        self
    }
    pub(super) fn knew(&mut self, space: &str, name: &str, statements: &[&str]) -> &mut Self {
        self.definitions.push(KnownDefinition {
            space: space.into(),
            name: name.into(),
            last_seen: Timestamp(NOW - 3_600_000),
            statements: statements.iter().map(|s| (*s).to_owned()).collect(),
            missing: Vec::new(),
        });
        self
    }
    pub(super) fn replica(&mut self) -> &mut Self {
        self.role = "replica";
        self
    }

    /// What is offered, by every procedure together.
    pub(super) fn plans(&mut self) -> Vec<Plan> {
        let settings = Json::Array(self.settings.clone());
        self.answer("diagnose.settings", settings);
        let identity = Identity {
            version_number: 170_002,
            database: "shop".into(),
            role: self.role.into(),
            ..Identity::default()
        };
        let usual = BTreeMap::new();
        let case = Case {
            now: Timestamp(NOW),
            identity: &identity,
            environment: Environment::Production,
            observation: &self.seen,
            incident: self.incident.as_ref(),
            usual: &usual,
            focus: None,
            definitions: &self.definitions,
        };
        offers(PROCEDURES, &case, &Diagnosis::new(self.hypotheses.clone(), Vec::new()))
    }
    /// The first plan of a procedure.
    pub(super) fn plan(&mut self, procedure: &str) -> Plan {
        let plans = self.plans();
        let found = plans.iter().find(|plan| plan.procedure == procedure);
        found.unwrap_or_else(|| panic!("no plan of {procedure} in {plans:#?}")).clone()
    }
}

/// Every part that an approval shows is there, and the statements can be sent.
pub(super) fn proposable(plan: &Plan) -> Vec<String> {
    assert!(plan.can_be_proposed(), "{plan:#?}");
    assert!((40..=80).contains(&plan.confidence), "{plan:#?}");
    assert!(!plan.evidence.is_empty() && !plan.title.is_empty(), "{plan:#?}");
    for step in &plan.steps {
        assert!(!step.draft.statement.is_empty() && !step.why.is_empty() && !step.expected.is_empty(), "{step:#?}");
        assert!(step.verification.within_ms > 0 && !step.verification.words.is_empty(), "{step:#?}");
        if let Some(kind) = &step.draft.kind {
            assert_eq!(DIALECT.render(kind).as_deref(), Ok(step.draft.statement.as_str()));
        }
    }
    plan.steps.iter().map(|step| step.draft.statement.clone()).collect()
}

/// It would help and must not run, for this reason.
pub(super) fn blocked(plan: &Plan, why: &str) {
    assert!(!plan.can_be_proposed(), "{plan:#?}");
    assert!(plan.blocked.iter().any(|words| words.contains(why)), "{why}: {:#?}", plan.blocked);
}
