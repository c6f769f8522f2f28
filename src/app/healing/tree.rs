//! What was found as a tree under the keys: roots with what to do and what follows from them, then what could not be
//! decided or seen, then what was refuted, folded.

use super::{Inquiry, Subject, detail, propose};
use crate::app::model::{Model, TargetModel};
use crate::app::pane::Pane;
use crate::app::table::{Table, TableCell, TableRow};
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};
use crate::domain::health::State;
use crate::domain::procedure::{Examined, Plan};
use crate::domain::text::escape;

/// One row. Numbers are places in what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// A cause.
    Cause(usize),
    /// A plan.
    Plan(usize),
    /// Something that could not be seen.
    Unknown(usize),
    /// So many refuted causes, which are not listed.
    Folded(usize),
}

/// The rows about a subject, each with its depth.
pub fn rows(model: &Model, subject: &Subject) -> Vec<(usize, Row)> {
    let Some(inquiry) = model.healing.about(subject) else { return Vec::new() };
    let Some(found) = &inquiry.found else { return Vec::new() };
    let mut tree = Tree::new(found);
    tree.with_verdict(Verdict::Supported);
    // A plan for the error itself stands for no cause that was found.
    tree.rest_of_plans();
    tree.with_verdict(Verdict::Inconclusive);
    let unknown = (0..found.diagnosis.unknown.len()).map(|i| (0, Row::Unknown(i)));
    tree.rows.extend(unknown);
    tree.refuted(inquiry);
    tree.rows
}

struct Tree<'a> {
    found: &'a Examined,
    /// Hypotheses and plans that have their row.
    causes: Vec<bool>,
    plans: Vec<bool>,
    rows: Vec<(usize, Row)>,
}

impl<'a> Tree<'a> {
    fn new(found: &'a Examined) -> Self {
        let (causes, plans) = (found.diagnosis.hypotheses.len(), found.plans.len());
        Self { found, causes: vec![false; causes], plans: vec![false; plans], rows: Vec::new() }
    }

    fn with_verdict(&mut self, verdict: Verdict) {
        for (i, h) in self.found.diagnosis.hypotheses.iter().enumerate() {
            if h.verdict == verdict && !self.causes[i] {
                self.cause(i, 0);
            }
        }
    }

    /// A cause, what to do about it, and what follows from it.
    fn cause(&mut self, place: usize, depth: usize) {
        let hypotheses = &self.found.diagnosis.hypotheses;
        let h = &hypotheses[place];
        self.causes[place] = true;
        self.rows.push((depth, Row::Cause(place)));
        for (i, plan) in self.found.plans.iter().enumerate() {
            if !self.plans[i] && plan.cause == h.cause && self.is_its_own(h, plan) {
                self.plans[i] = true;
                self.rows.push((depth + 1, Row::Plan(i)));
            }
        }
        for (i, other) in hypotheses.iter().enumerate() {
            if !self.causes[i] && other.consequence_of == Some(h.cause) {
                self.cause(i, depth + 1);
            }
        }
    }

    /// Of several hypotheses about one cause, a plan belongs to the one whose object it names; one that names none
    /// belongs to the first.
    fn is_its_own(&self, h: &Hypothesis, plan: &Plan) -> bool {
        let names = |h: &Hypothesis| h.about.as_deref().is_some_and(|about| plan.is_about(about));
        let mut same = self.found.diagnosis.hypotheses.iter().filter(|other| other.cause == h.cause);
        names(h) || !same.any(names)
    }

    fn rest_of_plans(&mut self) {
        let of_undecided = |plan: &Plan| {
            let known = self.found.diagnosis.of(plan.cause);
            known.is_some_and(|h| h.verdict == Verdict::Inconclusive)
        };
        let rest: Vec<usize> =
            (0..self.plans.len()).filter(|i| !self.plans[*i] && !of_undecided(&self.found.plans[*i])).collect();
        for i in rest {
            self.plans[i] = true;
            self.rows.push((0, Row::Plan(i)));
        }
    }

    fn refuted(&mut self, inquiry: &Inquiry) {
        let rest: Vec<usize> = (0..self.causes.len()).filter(|i| !self.causes[*i]).collect();
        match rest.len() {
            0 => {}
            _ if inquiry.unfolded => self.rows.extend(rest.into_iter().map(|i| (0, Row::Cause(i)))),
            folded => self.rows.push((0, Row::Folded(folded))),
        }
    }
}

/// The rows as a table, in their order; none where nothing was found yet.
pub fn table(model: &Model, subject: &Subject) -> Option<Table> {
    let found = model.healing.found(subject)?;
    let mut table = Table::with_columns(&[("VERDICT", false), ("SURE", true), ("WHAT", false)]);
    table.frozen = 2;
    table.rows =
        rows(model, subject).into_iter().map(|(depth, row)| line(model, (subject, found), depth, row)).collect();
    Some(table)
}

fn line(model: &Model, (subject, found): (&Subject, &Examined), depth: usize, row: Row) -> TableRow {
    let indent = "  ".repeat(depth);
    let percent = |n: f64| TableCell::number(format!("{n:.0}%"), Some(n));
    let (key, state, cells) = match row {
        Row::Cause(i) => {
            let h = &found.diagnosis.hypotheses[i];
            let lead = if depth > 0 { "so: " } else { "" };
            let what = format!("{indent}{lead}{}", escape(&title(h)));
            let cells = vec![TableCell::plain(verdict_word(h)), percent(h.confidence * 100.0), TableCell::plain(what)];
            (format!("cause {}", title(h)), state(h), cells)
        }
        Row::Plan(i) => {
            let plan = &found.plans[i];
            let (sure, learned) = propose::confidence(model, subject, plan);
            let blocked = if plan.can_be_proposed() { "" } else { " no" };
            let learned = learned.map_or_else(String::new, |words| format!("   {words}"));
            let what = format!("{indent}do: {}{learned}", escape(&plan.title));
            let cells = vec![
                TableCell::untrusted(&format!("{}{blocked}", plan.procedure)),
                percent(f64::from(sure)),
                TableCell::plain(what),
            ];
            let state = if blocked.is_empty() { State::Ok } else { State::Stale };
            (format!("plan {} {}", plan.fix_key(), plan.title), state, cells)
        }
        Row::Unknown(i) => {
            let what = format!("{indent}{}", escape(&found.diagnosis.unknown[i]));
            let cells = vec![TableCell::plain("not seen"), TableCell::plain("-"), TableCell::plain(what)];
            (format!("unknown {i}"), State::Stale, cells)
        }
        Row::Folded(n) => {
            let what = format!("{n} other {}: Enter lists them", if n == 1 { "cause" } else { "causes" });
            let cells = vec![TableCell::plain("refuted"), TableCell::plain("-"), TableCell::plain(what)];
            ("refuted".to_owned(), State::Unknown, cells)
        }
    };
    TableRow { key, cells, state: Some(state), ..TableRow::default() }
}

/// The pane of a server: what is wrong with it now.
pub fn pane(t: &TargetModel, model: &Model) -> Pane {
    let subject = Subject::Target(t.target.id.clone());
    Pane { lines: detail::summary(model, &subject), table: table(model, &subject).unwrap_or_default() }
}

/// `a session waits inside a transaction: 88123`. Untrusted.
pub fn title(h: &Hypothesis) -> String {
    h.about.as_ref().map_or_else(|| h.cause.title().to_owned(), |about| format!("{}: {about}", h.cause.title()))
}

/// The verdict; a mere consequence is one whatever became of it.
pub fn verdict_word(h: &Hypothesis) -> &'static str {
    if h.consequence_of.is_some() { "follows" } else { h.verdict.word() }
}

fn state(h: &Hypothesis) -> State {
    match h.verdict {
        Verdict::Supported => State::Critical,
        Verdict::Inconclusive => State::Warning,
        Verdict::Refuted => State::Unknown,
    }
}

/// The cause that a row is about.
pub fn cause_of(found: &Examined, row: Row) -> Option<Cause> {
    match row {
        Row::Cause(i) => found.diagnosis.hypotheses.get(i).map(|h| h.cause),
        Row::Plan(i) => found.plans.get(i).map(|plan| plan.cause),
        Row::Unknown(_) | Row::Folded(_) => None,
    }
}

/// The causes that can be looked at on the server on the screen: those that its last diagnosis judged, else all.
pub fn causes(model: &Model) -> impl Iterator<Item = Cause> + '_ {
    let found = super::subject_here(model).and_then(|subject| model.healing.found(&subject));
    let judged = found.map(|found| found.diagnosis.hypotheses.iter().map(|h| h.cause).collect::<Vec<_>>());
    let mut causes = judged.unwrap_or_else(|| Cause::ALL.to_vec());
    causes.sort_by_key(|cause| cause.word());
    causes.dedup();
    causes.into_iter()
}
