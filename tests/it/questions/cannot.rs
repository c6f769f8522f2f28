//! What cannot be answered is refused with its reason, and with questions that can be asked instead.

use super::{Asked, block_on, table};

#[test]
fn nonsense_changes_and_guesses_are_refused() {
    block_on(async {
        let asked = Asked::sqlite_shop().await;
        let mut wrong = Vec::new();
        for question in table::cannot() {
            match asked.answer(&question.ask) {
                Ok((understood, _)) => {
                    wrong.push(format!("{}\n    understood as {:?}", question.ask, understood.intent));
                }
                Err(cannot) => {
                    let offered = cannot.did_you_mean.join(" ");
                    if !cannot.reason.contains(&question.because)
                        || !offered.contains(&question.did_you_mean)
                        || cannot.reason.is_empty()
                        || cannot.can.is_empty()
                    {
                        wrong.push(format!("{}\n    {cannot:?}", question.ask));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    });
}

/// What a refusal offers can be asked.
#[test]
fn offered_questions_are_understood() {
    block_on(async {
        let asked = Asked::sqlite_shop().await;
        for question in dba_gpt::domain::question::examples(&asked.schema) {
            assert!(asked.understand(&question).is_ok(), "{question}");
        }
    });
}
