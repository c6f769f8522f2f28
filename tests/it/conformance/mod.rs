//! What every engine promises, as one body of tests over every server at hand. What differs between servers stands in
//! `expected`, and nothing in the tests themselves asks which engine it is.

mod connecting;
mod expected;
mod observing;
mod reading;
mod stage;

use crate::support::at_hand::Server;
use stage::Stage;

/// One test a promise and server.
macro_rules! promises {
    ($($server:ident => $variant:ident),* $(,)?) => {$(
        mod $server {
            use super::*;
            promises!(@ $variant, connecting, a_login_says_who_answers a_server_is_known_by_its_first_words the_care_taken_is_told no_secret_is_shown
                what_is_wrong_is_named_in_time another_database_is_reached
                a_strong_login_is_told_so_and_a_weak_one_is_not);
            promises!(@ $variant, reading, what_is_allowed_is_read rows_bytes_and_cells_are_capped_and_said_to_be
                a_deadline_ends_a_statement a_stop_ends_a_statement what_is_denied_never_leaves);
            promises!(@ $variant, observing, a_sample_has_what_it_must a_weak_login_has_gaps_and_no_lies
                every_view_answers_or_says_why the_schema_lists_the_shop every_answer_is_allowed
                the_gates_behind_the_guard_hold
                hostile_names_do_no_harm);
        }
    )*};
    (@ $server:ident, $file:ident, $($name:ident)*) => {$(
        #[test]
        fn $name() {
            on(Server::$server, $file::$name);
        }
    )*};
}

promises! {
    postgres_15 => Postgres15,
    postgres_18 => Postgres18,
    mariadb_10_11 => MariaDb,
    mysql_9 => MySql9,
    redis_7 => Redis7,
    valkey_9 => Valkey9,
    documentdb => MongoBridge,
    sqlite => Sqlite,
}

/// Runs a promise on a server, unless it is not there.
fn on<F: Future<Output = ()>>(server: Server, promise: impl FnOnce(Stage) -> F) {
    let Some(stage) = Stage::of(server) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(promise(stage));
    runtime.shutdown_background();
}
