//! A proposal in a few words: for a list, for the chat, and what a dry run adds. Everything else is in the dossier.

use super::Asked;
use crate::app::dossier::{Section, dossier};
use crate::domain::metric::grouped;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::survey::{Blast, Survey};
use crate::domain::target::TargetId;

/// `12`, `~12` for an estimate, `-` where nobody knows.
pub fn rows_short(survey: &Survey) -> String {
    match (survey.blast.exact_rows, survey.blast.estimated_rows) {
        (Some(rows), _) => grouped(rows),
        (None, Some(rows)) => format!("~{}", grouped(rows)),
        (None, None) => "-".to_owned(),
    }
}

/// `12 rows, counted`, or `about 12 rows`; none where nobody knows.
pub fn rows(blast: &Blast) -> Option<String> {
    let noun = |n: u64| if n == 1 { "row" } else { "rows" };
    match (blast.exact_rows, blast.estimated_rows) {
        (Some(n), _) => Some(format!("{} {}, counted", grouped(n), noun(n))),
        (None, Some(n)) => Some(format!("about {} {}", grouped(n), noun(n))),
        (None, None) => None,
    }
}

/// Why nothing can be sent to a target on which no login for fixes is configured, and what changes that.
pub fn no_fix_login(target: &TargetId) -> String {
    format!(
        "{target} has no login for fixes: `dba-gpt doctor --target {target}` prints how to make one, and \
         [targets.{target}.fix] in the configuration names it"
    )
}

/// `#58 waits for your approval (4 opens it)` and what it is.
pub(super) fn waits(p: &Proposal, asked: Asked) -> String {
    let lead = format!("#{} waits for your approval (4 opens it)", p.id);
    let rows = rows(&p.survey.blast).map_or_else(String::new, |r| format!(", {r}"));
    let facts = format!("{} on {}: {}{rows}", p.draft.class.word(), p.target, p.gravity.word());
    match asked {
        Asked::InChat => format!("{lead}\n{}\n{facts}\nundo {}", p.headline(), p.survey.inverse.words()),
        Asked::ByKey | Asked::ByItself => format!("{lead}: {}; {facts}", p.headline()),
    }
}

/// The same proposal as it would be filed now.
pub(super) fn by_now(p: &Proposal, survey: &Survey, offset_minutes: i32) -> String {
    let now = Proposal { survey: survey.clone(), happenings: Vec::new(), ..p.clone() };
    let told = [
        "Stands in the way",
        "What it does",
        "How it is undone",
        "What it touches",
        "What has to hold",
        "Right to do it",
    ];
    let mut sections = dossier(&now, offset_minutes);
    sections.retain(|s| told.contains(&s.title.as_str()));
    let mut text = written(&sections);
    let same = now.act().digest() == p.act().digest();
    text.push_str(if same {
        "Nothing that the approval is for has changed since it was proposed.\n"
    } else {
        "Something that the approval is for has changed since it was proposed: it would be refused. Propose it anew.\n"
    });
    text
}

/// Sections as one text.
pub(super) fn written(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        text.push_str(&section.title);
        text.push('\n');
        for line in &section.lines {
            text.push_str(&format!("  {line}\n"));
        }
        text.push('\n');
    }
    text
}
