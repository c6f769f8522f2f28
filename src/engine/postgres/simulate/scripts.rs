//! What one session can provoke: a few statements in a transaction of its own, which is rolled back.

use super::{STATEMENT_MS, close, open};
use crate::domain::error_event::SessionError;
use crate::domain::simulation::Raised;
use crate::engine::ConnectSettings;
use crate::engine::postgres::session::PgSession;
use crate::engine::simulation::{Provoked, refusal};

/// Statements of the program, sent one by one.
pub(super) struct Script {
    /// How the transaction begins.
    begin: &'static str,
    /// What has to be there first. The server may refuse that too.
    before: &'static [&'static str],
    /// The one that fails.
    fails: &'static str,
}

const READING: &str = "BEGIN READ ONLY";
const WRITING: &str = "BEGIN READ WRITE";

const ITEMS: &str = "CREATE TEMPORARY TABLE dba_gpt_simulation_items (id integer PRIMARY KEY, name text NOT NULL, \
                     quantity integer CONSTRAINT dba_gpt_simulation_quantity CHECK (quantity > 0)) ON COMMIT DROP";
const PARTS: &str = "CREATE TEMPORARY TABLE dba_gpt_simulation_parts (id integer PRIMARY KEY, item integer \
                     CONSTRAINT dba_gpt_simulation_item REFERENCES pg_temp.dba_gpt_simulation_items) ON COMMIT DROP";

pub(super) static MISSING_TABLE: Script =
    Script { begin: READING, before: &[], fails: "SELECT * FROM dba_gpt_simulation_missing_table" };
pub(super) static MISSING_COLUMN: Script = Script {
    begin: READING,
    before: &[],
    fails: "SELECT dba_gpt_simulation_missing_column FROM pg_catalog.pg_database",
};
pub(super) static MISSING_FUNCTION: Script =
    Script { begin: READING, before: &[], fails: "SELECT dba_gpt_simulation_missing_function(1)" };
pub(super) static SYNTAX_ERROR: Script = Script { begin: READING, before: &[], fails: "SELEC 1" };
pub(super) static DIVISION_BY_ZERO: Script = Script { begin: READING, before: &[], fails: "SELECT 1 / 0" };
pub(super) static DUPLICATE_KEY: Script = Script {
    begin: WRITING,
    before: &[ITEMS, "INSERT INTO pg_temp.dba_gpt_simulation_items VALUES (1, 'a', 1)"],
    fails: "INSERT INTO pg_temp.dba_gpt_simulation_items VALUES (1, 'b', 1)",
};
pub(super) static FOREIGN_KEY: Script = Script {
    begin: WRITING,
    before: &[ITEMS, PARTS],
    fails: "INSERT INTO pg_temp.dba_gpt_simulation_parts VALUES (1, 7)",
};
pub(super) static NOT_NULL: Script = Script {
    begin: WRITING,
    before: &[ITEMS],
    fails: "INSERT INTO pg_temp.dba_gpt_simulation_items VALUES (1, NULL, 1)",
};
pub(super) static CHECK: Script = Script {
    begin: WRITING,
    before: &[ITEMS],
    fails: "INSERT INTO pg_temp.dba_gpt_simulation_items VALUES (1, 'a', -1)",
};
pub(super) static READ_ONLY: Script = Script {
    begin: READING,
    before: &[],
    fails: "CREATE TEMPORARY TABLE dba_gpt_simulation_items (id integer) ON COMMIT DROP",
};
pub(super) static STATEMENT_TIMEOUT: Script = Script {
    begin: READING,
    before: &["SELECT pg_catalog.set_config('statement_timeout', '200', true)"],
    fails: "SELECT pg_catalog.pg_sleep(4)",
};

/// Asked for without a row of it: whoever may read it sees nothing secret.
const SECRETS: &str = "SELECT rolname FROM pg_catalog.pg_authid LIMIT 0";
/// A role that every server has since 9.6, and that may not read them.
const LOWLY: &str = "SET LOCAL ROLE pg_signal_backend";

/// Runs a script in a session of its own, and gives what the server refused.
pub(super) async fn run(settings: &ConnectSettings, script: &Script) -> Provoked {
    let mut session = open(settings).await?;
    let raised = carry_out(&mut session, script).await;
    close(session).await;
    raised
}

async fn carry_out(session: &mut PgSession, script: &Script) -> Provoked {
    let all = [script.begin].into_iter().chain(script.before.iter().copied()).chain([script.fails]);
    for statement in all {
        if let Err(raised) = tell(session, statement).await? {
            return Ok(vec![raised]);
        }
    }
    Ok(Vec::new())
}

/// Asks for what this login, or a lowly role that a superuser takes on, may not read.
pub(super) async fn access_denied(settings: &ConnectSettings) -> Provoked {
    let mut session = open(settings).await?;
    let raised = denied(&mut session).await;
    close(session).await;
    raised
}

async fn denied(session: &mut PgSession) -> Provoked {
    // Whoever may read them all the same takes on the lowly role, or is refused that.
    for statement in [READING, SECRETS, LOWLY, SECRETS] {
        if let Err(raised) = tell(session, statement).await? {
            return Ok(vec![raised]);
        }
    }
    Ok(Vec::new())
}

/// Goes on after a failure, as an application does that does not look at its errors.
pub(super) async fn transaction_state(settings: &ConnectSettings) -> Provoked {
    let mut session = open(settings).await?;
    let raised = gone_on(&mut session).await;
    close(session).await;
    raised
}

async fn gone_on(session: &mut PgSession) -> Provoked {
    let mut raised = Vec::new();
    for statement in [READING, DIVISION_BY_ZERO.fails, "SELECT 1"] {
        raised.extend(tell(session, statement).await?.err());
    }
    Ok(raised)
}

/// One statement, and the server's refusal of it.
pub(super) async fn tell(session: &mut PgSession, statement: &str) -> Result<Result<(), Raised>, SessionError> {
    let outcome = session.tell(statement, STATEMENT_MS).await.map(drop);
    refusal(outcome, statement)
}
