//! Settings that make a server worse than it has to be. A strange value alone is no cause: somebody may want it. It is
//! one when what it harms is seen.

use super::super::facts::{Facts, Settings};
use super::super::statement::{Blame, Work};
use super::Found;
use crate::domain::diagnosis::{Cause, Verdict};

/// What a bad value of a setting harms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Harm {
    /// How rows are found and put together.
    Plans,
    /// Whether dead rows go away.
    Upkeep,
    /// Nothing that can be seen: what is lost is lost in a crash.
    Safety,
}

/// A setting, whether its value is bad, and what that harms.
type Rule = (&'static str, fn(&Settings) -> bool, Harm, &'static str);

/// The rules. Numbers are far from what the documentation gives as a default or a usual range.
const RULES: &[Rule] = &[
    ("enable_indexscan", |s| s.is_off("enable_indexscan"), Harm::Plans, "no plan may use an index scan"),
    ("enable_bitmapscan", |s| s.is_off("enable_bitmapscan"), Harm::Plans, "no plan may use a bitmap scan"),
    ("enable_hashjoin", |s| s.is_off("enable_hashjoin"), Harm::Plans, "no plan may use a hash join"),
    ("enable_mergejoin", |s| s.is_off("enable_mergejoin"), Harm::Plans, "no plan may use a merge join"),
    ("enable_nestloop", |s| s.is_off("enable_nestloop"), Harm::Plans, "no plan may use a nested loop"),
    ("enable_hashagg", |s| s.is_off("enable_hashagg"), Harm::Plans, "no plan may sum up by hashing"),
    (
        "random_page_cost",
        |s| s.number("random_page_cost").is_some_and(|cost| cost >= 20.0),
        Harm::Plans,
        "the planner takes an index for far dearer than it is on any disk",
    ),
    (
        "cpu_index_tuple_cost",
        |s| s.number("cpu_index_tuple_cost").is_some_and(|cost| cost >= 0.5),
        Harm::Plans,
        "the planner takes an index for far dearer than it is",
    ),
    (
        "default_statistics_target",
        |s| s.number("default_statistics_target").is_some_and(|target| target < 10.0),
        Harm::Plans,
        "ANALYZE looks at too few rows",
    ),
    (
        "join_collapse_limit",
        |s| s.number("join_collapse_limit").is_some_and(|limit| limit <= 1.0),
        Harm::Plans,
        "joins are done in the order in which they are written",
    ),
    ("autovacuum", |s| s.is_off("autovacuum"), Harm::Upkeep, "nothing removes dead rows or keeps statistics fresh"),
    ("track_counts", |s| s.is_off("track_counts"), Harm::Upkeep, "autovacuum does not know what to do"),
    (
        "autovacuum_vacuum_scale_factor",
        |s| s.number("autovacuum_vacuum_scale_factor").is_some_and(|share| share >= 0.9),
        Harm::Upkeep,
        "autovacuum waits until a table is mostly dead",
    ),
    (
        "autovacuum_vacuum_cost_delay",
        |s| s.number("autovacuum_vacuum_cost_delay").is_some_and(|delay| delay >= 50.0),
        Harm::Upkeep,
        "autovacuum is slowed down to nothing",
    ),
    ("fsync", |s| s.is_off("fsync"), Harm::Safety, "a crash of the machine destroys the database"),
    ("full_page_writes", |s| s.is_off("full_page_writes"), Harm::Safety, "a crash of the machine can destroy pages"),
];

/// Decides on settings.
pub(super) fn judge(facts: &Facts<'_>, works: &[Work], found: &mut Found) {
    let bad: Vec<&Rule> = RULES.iter().filter(|(_, is_bad, _, _)| is_bad(&facts.settings)).collect();
    if bad.is_empty() {
        found.refuted(Cause::ConfigRegression, 0.8, "no setting that was looked at has a value that harms");
        return;
    }
    let harmed = |harm: Harm| bad.iter().copied().filter(move |rule| rule.2 == harm).collect::<Vec<_>>();
    let words = |rules: &[&Rule]| -> Vec<String> {
        let all = rules.iter().map(|(name, _, _, why)| {
            let setting = facts.settings.get(name);
            let from = setting.map_or("", |s| s.source.as_str());
            let usual = setting.map_or("", |s| s.default.as_str());
            format!("{} ({from}; {usual} by default): {why}", facts.settings.words(name))
        });
        all.collect()
    };
    let plans = harmed(Harm::Plans);
    if !plans.is_empty() && plans_suffer(facts, works) {
        let causes = [Cause::MissingIndex, Cause::PoorJoin, Cause::DiskSpill, Cause::BadStatistics];
        settle(found, &causes, plans[0].0, words(&plans));
        return;
    }
    let upkeep = harmed(Harm::Upkeep);
    if !upkeep.is_empty() && found.supports(Cause::DeadTuples) {
        // Dead rows are what hurts; who switched their removal off is said with it.
        found.follows(Cause::ConfigRegression, Cause::DeadTuples, 0.7, words(&upkeep));
        return;
    }
    found.open(Cause::ConfigRegression, 0.5, bad[0].0, words(&bad));
}

/// Most of the work goes into statements whose plan such a setting could have spoiled: an index is there that it may
/// not use, or a join that it may not do otherwise.
fn plans_suffer(facts: &Facts<'_>, works: &[Work]) -> bool {
    let all: usize = works.iter().map(|work| work.sightings).sum();
    let suffering = works.iter().filter(|work| match work.reason.blame {
        Blame::Cause(Cause::MissingIndex) => has_index(facts, work),
        Blame::Cause(Cause::PoorJoin | Cause::BadStatistics) => true,
        _ => false,
    });
    let suffering: usize = suffering.map(|work| work.sightings).sum();
    facts.looks.load() >= 0.3 && suffering * 2 >= all.max(1)
}

/// An index begins with a column that the statement compares.
fn has_index(facts: &Facts<'_>, work: &Work) -> bool {
    let table = work.reason.about.as_deref().and_then(|about| facts.table(about));
    table.is_some_and(|table| {
        facts
            .indexes_of(table.oid)
            .any(|index| index.valid && index.columns.first().is_some_and(|first| work.text.compared.contains(first)))
    })
}

/// Makes the setting the root, and what it brought about its consequences.
fn settle(found: &mut Found, causes: &[Cause], about: &str, evidence: Vec<String>) {
    let mut sure: f64 = 0.0;
    for hypothesis in &mut found.hypotheses {
        if causes.contains(&hypothesis.cause) && hypothesis.verdict == Verdict::Supported {
            sure = sure.max(hypothesis.confidence);
            hypothesis.verdict = Verdict::Refuted;
            hypothesis.consequence_of = Some(Cause::ConfigRegression);
        }
    }
    found.supported(Cause::ConfigRegression, sure.max(0.75), about, evidence);
}
