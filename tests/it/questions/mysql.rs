//! The same tables of questions on MariaDB, and on MySQL where there is one, as the recommended read-only login.

use super::data::{skipped, wrong_answers};
use super::server::{every_topic, wrong_readings};
use super::{Asked, block_on, table};
use crate::support::servers::{self, Address};

/// Gives a test the shop of `shop_mysql.sql` on each server, and fails with what the test found wrong on any of them.
fn on_each_shop(test: &impl AsyncFn(&mut Asked) -> Vec<String>) {
    if skipped() {
        return;
    }
    let urls = [Some(servers::mariadb_read_only_url()), servers::mysql_read_only_url()];
    block_on(async {
        let mut wrong = Vec::new();
        for url in urls.iter().flatten() {
            let url = Address { database: "questions".into(), ..Address::of(url) }.url();
            let mut asked = Asked::connect("mysql", &url, None).await;
            let server = asked.session.identity().version.clone();
            wrong.extend(test(&mut asked).await.into_iter().map(|line| format!("{server}: {line}")));
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    });
}

#[test]
fn questions_about_data() {
    on_each_shop(&async |asked| wrong_answers(asked, table::data()).await);
}

#[test]
fn questions_about_a_server() {
    on_each_shop(&async |asked| wrong_readings(asked).await);
}

#[test]
fn every_topic_is_answered_or_refused() {
    on_each_shop(&async |asked| every_topic(asked).await);
}

/// The read-only login has no rights on these, and the servers list nothing then: the answer says why.
#[test]
fn what_a_login_may_not_see_is_not_told_as_nothing() {
    on_each_shop(&async |asked| {
        let mut wrong = Vec::new();
        for question in ["list functions", "list triggers", "list events"] {
            match asked.answer(question) {
                Ok((_, answer)) if answer.notes.iter().any(|note| note.contains("this login")) => {}
                other => wrong.push(format!("{question}: {other:?}")),
            }
        }
        wrong
    });
}
