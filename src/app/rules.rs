//! Watch rules of the person's own: the one that an incident offers, the list of them, and `:rule`.
//!
//! ```text
//! store --IncidentsLoaded--> rules --set--> each target's RuleWatch --sample--> Finding --> an incident
//! W, x, :rule --KeepRule, DeleteRule--> store
//! ```

use super::action::Action;
use super::detection;
use super::effect::Effect;
use super::healing::Subject;
use super::incidents::{self, View};
use super::line::Line;
use super::model::{Model, TargetModel};
use super::overlay::Overlay;
use super::table::{Table, TableCell, TableRow};
use crate::domain::error::kind::Severity;
use crate::domain::health::State;
use crate::domain::incident::Incident;
use crate::domain::metric::MetricId;
use crate::domain::proposal::kind::ObjectRef;
use crate::domain::rule::{self, Condition, Facts, Measure, Rule, RuleState};
use crate::domain::target::{TargetId, Timestamp};

/// How `:rule` is used, for whoever wrote something else.
const FORM: &str = "`:rule add connections above 80% for 60s`, `:rule 3 above 85`, `:rule delete 3`";

/// Takes the rules as the store has them. What rules that are gone told of ends.
pub(super) fn loaded(model: &mut Model, rules: Vec<Rule>) -> Vec<Effect> {
    let now = model.now;
    let current = model.incidents.rules == rules;
    model.incidents.rules = rules;
    let open: Vec<u64> = model.incidents.all().iter().filter(|i| i.stage.is_open()).map(|i| i.id).collect();
    let is_asleep = |rule: &Rule| rule.incident.is_some_and(|id| open.contains(&id));
    let (mut found, mut effects) = (Vec::new(), Vec::new());
    let detects = model.detects;
    let rules = model.incidents.rules.clone();
    for t in &mut model.targets {
        let asked = t.rules.asked();
        let own = rules.iter().filter(|rule| rule.target == t.target.id && !rule.has_expired(now));
        found.extend(t.rules.set(own.cloned().collect(), is_asleep, now));
        if !current && t.rules.asked() != asked {
            effects.push(Effect::AskForRules(t.target.id.clone(), questions(t)));
        }
    }
    if detects {
        effects.extend(detection::effects(found));
    }
    effects
}

/// What the rules of a target want asked of it, beside its samples.
fn questions(t: &TargetModel) -> Vec<(Measure, String)> {
    let statement = |measure: &Measure| match measure {
        Measure::DeadRows(table) => t.dialect.dead_rows(table),
        Measure::Metric(_) | Measure::Share(_) | Measure::Check(_) => None,
    };
    t.rules.asked().into_iter().filter_map(|measure| statement(&measure).map(|text| (measure, text))).collect()
}

/// Does an act that is about rules.
pub(super) fn act(model: &mut Model, action: &Action) -> Vec<Effect> {
    match action {
        Action::WatchThis => watch_this(model),
        Action::DeleteRule => match selected(model).map(|rule| rule.id) {
            Some(id) => delete(model, id),
            None => said(model, "point at a rule first: u lists them", false),
        },
        Action::Rule(text) => match command(model, text) {
            Ok(effects) => effects,
            Err(words) => said(model, words, true),
        },
        _ => Vec::new(),
    }
}

fn said(model: &mut Model, words: impl AsRef<str>, failure: bool) -> Vec<Effect> {
    model.tell(words, failure);
    Vec::new()
}

/// The rule that would have told of an incident earlier, as far as the numbers of its target are known.
pub fn offered(model: &Model, incident: &Incident) -> Option<Rule> {
    let t = model.target(&incident.target)?;
    let since = incident.began_at();
    let extremes = |id: MetricId| {
        let series = t.series.get(&id)?;
        let during = || series.points().filter(|(at, _)| *at >= since).filter_map(|(_, value)| value);
        let all = || series.points().filter_map(|(_, value)| value);
        let ends = |values: &mut dyn Iterator<Item = f64>| {
            values.fold(None, |ends: Option<(f64, f64)>, v| {
                Some(ends.map_or((v, v), |(low, high)| (low.min(v), high.max(v))))
            })
        };
        // An incident of which no sample is left is told by what is known since.
        ends(&mut during()).or_else(|| ends(&mut all()))
    };
    let found = model.healing.found(&Subject::Incident(incident.id));
    let facts = Facts {
        now: &t.values,
        extremes: &extremes,
        usual: &|id| t.usual(id),
        diagnosis: found.map(|found| &found.diagnosis),
        plans: found.map_or(&[][..], |found| found.plans.as_slice()),
        counts_dead_rows: t.dialect.dead_rows(&ObjectRef::new("", "t")).is_some(),
    };
    rule::offer(incident, &facts, "", model.now)
}

/// The rule that was made of an incident already.
pub fn kept_for(model: &Model, incident: u64) -> Option<&Rule> {
    model.incidents.rules.iter().find(|rule| rule.incident == Some(incident) && !rule.has_expired(model.now))
}

/// `W: watch this: connections above 80% for 60s`: the line that offers a rule, or names the one that is kept.
pub fn offer_line(model: &Model, incident: &Incident) -> Option<String> {
    if let Some(rule) = kept_for(model, incident.id) {
        let words = rule.condition.words();
        return Some(format!("your {}: {words}; u lists your rules", rule.name()));
    }
    let rule = rule::is_offered(incident).then(|| offered(model, incident)).flatten()?;
    Some(format!("W: watch this: {}", rule.condition.words()))
}

/// `W`: keeps the rule that the incident offers. No server is touched by it, so nobody has to approve it.
fn watch_this(model: &mut Model) -> Vec<Effect> {
    let Some(incident) = incidents::selected(model) else {
        return said(model, "point at an incident first", false);
    };
    if let Some(rule) = kept_for(model, incident.id) {
        let words = format!("{} watches this already: {}", rule.name(), rule.condition.words());
        return said(model, words, false);
    }
    match offered(model, incident) {
        Some(rule) => vec![Effect::KeepRule(Box::new(rule))],
        None => {
            let words = "no number that is measured here tells of this in time; `:rule add CONDITION` takes your own";
            said(model, words, true)
        }
    }
}

/// `:rule ...`.
fn command(model: &mut Model, text: &str) -> Result<Vec<Effect>, String> {
    let (word, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    match word.to_lowercase().as_str() {
        "add" => {
            let target = super::access::target_here(model).ok_or("which target? Point at one first")?;
            Ok(vec![Effect::KeepRule(Box::new(by_person(model, target, rule::condition(rest)?)))])
        }
        "delete" => {
            let id = number(model, rest)?;
            Ok(delete(model, id))
        }
        _ => {
            let id = number(model, word)?;
            let known = model.incidents.rules.iter().find(|rule| rule.id == id).ok_or("there is no such rule")?;
            let condition = rule::threshold(&known.condition.measure, rest)?.applied_to(&known.condition);
            condition.check()?;
            Ok(vec![Effect::KeepRule(Box::new(Rule { condition, ..known.clone() }))])
        }
    }
}

fn by_person(model: &Model, target: TargetId, condition: Condition) -> Rule {
    Rule {
        id: 0,
        target,
        condition,
        severity: Severity::Warning,
        reason: "you wanted it".to_owned(),
        incident: None,
        created: model.now,
        by: String::new(),
        expires: None,
    }
}

/// The rule that a number names.
fn number(model: &Model, text: &str) -> Result<u64, String> {
    let digits = text.trim().trim_start_matches('#');
    let id: u64 = digits.parse().map_err(|_| format!("`{text}` is no number of a rule: {FORM}"))?;
    let known = model.incidents.rules.iter().any(|rule| rule.id == id);
    known.then_some(id).ok_or_else(|| format!("there is no rule {id}; `:rules` lists them"))
}

fn delete(model: &mut Model, id: u64) -> Vec<Effect> {
    if !model.incidents.rules.iter().any(|rule| rule.id == id) {
        return said(model, format!("there is no rule {id}"), true);
    }
    vec![Effect::DeleteRule(id)]
}

/// The rule under the cursor.
pub fn selected(model: &Model) -> Option<&Rule> {
    if model.incidents.open.is_some() || model.incidents.view != View::Rules {
        return None;
    }
    let row = model.incidents.rule_list.selected(&table(model))?;
    model.incidents.rules.get(row)
}

/// Enter on a rule: its threshold to be typed anew.
pub(super) fn edit_selected(model: &mut Model) {
    let Some(rule) = selected(model) else { return };
    let Condition { measure, side, threshold, .. } = &rule.condition;
    let line = format!("rule {} {} {}", rule.id, side.word(), measure.number_words(*threshold));
    model.overlay = Some(Overlay::Command { line: Line::new(&line), cursor: 0 });
}

/// The rules as a table. Its rows stand in the order of the rules.
pub fn table(model: &Model) -> Table {
    let mut table = Table::with_columns(&[
        ("STATE", false),
        ("#", true),
        ("TARGET", false),
        ("TELLS OF", false),
        ("NOW", true),
        ("SEV", false),
        ("SINCE", false),
        ("UNTIL", false),
        ("BY", false),
        ("BECAUSE", false),
    ]);
    table.frozen = 2;
    table.rows = model.incidents.rules.iter().map(|rule| row(rule, model)).collect();
    table
}

fn row(rule: &Rule, model: &Model) -> TableRow {
    let (state, last) = model.target(&rule.target).map_or((RuleState::Unknown, None), |t| t.rules.state(rule.id));
    let expired = rule.has_expired(model.now);
    let (word, tone) = match state {
        _ if expired => ("expired", State::Stale),
        RuleState::Firing => (state.word(), State::Warning),
        RuleState::Counting | RuleState::Asleep | RuleState::Unknown => (state.word(), State::Unknown),
        RuleState::Well => (state.word(), State::Ok),
    };
    let day = |at: Timestamp| at.date_time(model.offset_minutes).chars().take(10).collect::<String>();
    let Rule { id, target, condition, severity, reason, created, by, expires, .. } = rule;
    let cells = vec![
        TableCell::plain(word),
        TableCell::number(id.to_string(), Some(*id as f64)),
        TableCell::untrusted(target.as_str()),
        TableCell::untrusted(&condition.words()),
        TableCell::number(last.map_or_else(|| "-".to_owned(), |v| condition.measure.value_words(v)), last),
        TableCell::plain(severity.short()),
        TableCell::number(day(*created), Some(created.0 as f64)),
        TableCell::plain(expires.map_or_else(|| "-".to_owned(), day)),
        TableCell::untrusted(by),
        TableCell::untrusted(reason),
    ];
    TableRow { key: id.to_string(), cells, state: Some(tone), ..TableRow::default() }
}
