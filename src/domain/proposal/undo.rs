//! Undoing an act: what is left to send of the inverse that was stored before it, judged from the records alone.

use super::stage::Stage;
use super::survey::Inverse;
use super::{Origin, Proposal};

/// What can be done to undo an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// This statement comes next.
    Next {
        /// The exact statement.
        statement: String,
        /// Its number among the inverse's statements, from 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// This proposal, which is open or under way, would undo it or a part of it.
    Waits(u64),
    /// It was undone, at last by this proposal.
    Undone(u64),
    /// It changed nothing that is left: it was rolled back.
    RolledBack,
    /// It cannot be undone, and why. May hold untrusted text.
    Never(String),
}

impl Undo {
    /// In a few words, for a list. May hold untrusted text.
    pub fn words(&self) -> String {
        match self {
            Self::Next { of: 1, .. } => "can be undone".to_owned(),
            Self::Next { number: 1, of, .. } => format!("can be undone, by {of} statements"),
            Self::Next { number, of, .. } => format!("undone up to {} of {of}", number - 1),
            Self::Waits(id) => format!("#{id} is to undo it"),
            Self::Undone(id) => format!("undone by #{id}"),
            Self::RolledBack => "rolled back".to_owned(),
            Self::Never(why) => format!("NO: {why}"),
        }
    }
}

/// What is left to do to undo `act`, by the other proposals that are known. A statement of the inverse counts as sent
/// when a proposal that says it undoes `act` sent exactly it and is done.
pub fn undo<'a>(act: &Proposal, others: impl IntoIterator<Item = &'a Proposal>) -> Undo {
    match act.stage {
        Stage::Done => {}
        Stage::Undone => return Undo::RolledBack,
        Stage::NeedsPerson => return Undo::Never("nobody knows yet whether it happened".to_owned()),
        stage => return Undo::Never(format!("only what was done can be undone, and it is {}", stage.words())),
    }
    let statements = match &act.survey.inverse {
        Inverse::Statements(statements) if !statements.is_empty() => statements,
        Inverse::Statements(_) => return Undo::Never("no statement is known that would undo it".to_owned()),
        Inverse::FromRows(_) => return Undo::Never("it changed no row, so there is nothing to bring back".to_owned()),
        Inverse::None(why) => return Undo::Never(why.clone()),
    };
    let mut ours: Vec<&Proposal> = others.into_iter().filter(|other| other.origin == Origin::Undo(act.id)).collect();
    ours.sort_by_key(|other| other.id);
    let open = |other: &&&Proposal| other.stage.is_open() || other.stage.is_under_way();
    if let Some(waiting) = ours.iter().find(open) {
        return Undo::Waits(waiting.id);
    }
    let mut last = 0;
    for (place, statement) in statements.iter().enumerate() {
        let sent = ours.iter().find(|o| o.stage == Stage::Done && o.draft.statement == *statement);
        match sent {
            Some(sent) => last = sent.id,
            None => return Undo::Next { statement: statement.clone(), number: place + 1, of: statements.len() },
        }
    }
    Undo::Undone(last)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Undo, undo};
    use crate::domain::guard::Class;
    use crate::domain::proposal::stage::Stage;
    use crate::domain::proposal::survey::{Blast, Inverse, Place, Rights, Survey, Timeouts};
    use crate::domain::proposal::{Draft, Origin, Parts, Proposal};
    use crate::domain::target::{Environment, TargetId, Timestamp};

    fn act(id: u64, statement: &str, origin: Origin, stage: Stage, inverse: &[&str]) -> Proposal {
        let survey = Survey {
            place: Place::default(),
            objects: Vec::new(),
            preconditions: Vec::new(),
            blast: Blast::default(),
            inverse: Inverse::Statements(inverse.iter().map(|s| (*s).to_owned()).collect()),
            rights: Rights::Held,
            timeouts: Timeouts::ROWS,
        };
        let parts = Parts {
            target: TargetId::new("db"),
            engine: "postgres".into(),
            environment: Environment::Development,
            address: String::new(),
            login: String::new(),
            approvers: 1,
            draft: Draft { statement: statement.into(), class: Class::Ddl, kind: None, database: None },
            survey,
            advice: Vec::new(),
        };
        Proposal { id, stage, ..Proposal::new(Timestamp(0), origin, parts) }
    }

    fn undone(id: u64, statement: &str, stage: Stage) -> Proposal {
        act(id, statement, Origin::Undo(7), stage, &[])
    }

    #[test]
    fn the_statements_of_an_inverse_come_one_after_the_other() {
        let done = act(7, "drop table t", Origin::Person, Stage::Done, &["create table t", "create index i"]);
        let next = |others: &[Proposal]| undo(&done, others);
        let create = Undo::Next { statement: "create table t".into(), number: 1, of: 2 };
        assert_eq!(next(&[]), create);
        assert_eq!(next(&[undone(8, "create table t", Stage::Waiting)]), Undo::Waits(8));
        assert_eq!(next(&[undone(8, "create table t", Stage::Denied)]), create);
        let first = undone(8, "create table t", Stage::Done);
        let index = Undo::Next { statement: "create index i".into(), number: 2, of: 2 };
        assert_eq!(next(std::slice::from_ref(&first)), index);
        assert_eq!(index.words(), "undone up to 1 of 2");
        assert_eq!(next(&[first, undone(9, "create index i", Stage::Done)]), Undo::Undone(9));
    }

    #[test]
    fn only_what_was_done_and_left_an_inverse_is_undone() {
        let with = |stage, inverse: &[&str]| undo(&act(7, "x", Origin::Person, stage, inverse), []);
        assert_eq!(with(Stage::Undone, &["y"]), Undo::RolledBack);
        for stage in [Stage::Waiting, Stage::Running, Stage::NotRun, Stage::NeedsPerson, Stage::Denied] {
            assert!(matches!(with(stage, &["y"]), Undo::Never(_)), "{stage:?}");
        }
        assert!(matches!(with(Stage::Done, &[]), Undo::Never(_)));
        let mut lost = act(7, "x", Origin::Person, Stage::Done, &[]);
        lost.survey.inverse = Inverse::None("the rows are gone".into());
        assert_eq!(undo(&lost, []).words(), "NO: the rows are gone");
    }
}
