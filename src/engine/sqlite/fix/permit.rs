//! What SQLite may compile for an approved act: what an act of its kind needs on the file itself, and nothing beside
//! it. The list is asked for every step of the statement and of the triggers that it sets off.

use super::deed::Deed;
use crate::engine::sqlite::authorizer::{is_hidden_table, is_pure_function, pragma_refusal, verb};
use rusqlite::hooks::{AuthAction, AuthContext};

/// How much an act may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::sqlite) enum Power {
    /// Change rows of the file's tables.
    Rows,
    /// Create, alter and drop objects.
    Objects,
    /// Build indexes and statistics anew.
    Derived,
    /// Write the file anew: SQLite does it through a nameless second file.
    Rewrite,
    /// Set the journal mode, and move the log into the file.
    Journal,
    /// Give free pages back.
    FreePages,
}

impl Power {
    /// What a deed needs.
    pub(super) fn of(deed: &Deed) -> Self {
        match deed {
            Deed::Rows(_) => Self::Rows,
            Deed::Create { .. } | Deed::Drop { .. } | Deed::Alter { .. } => Self::Objects,
            Deed::Reindex | Deed::Analyze => Self::Derived,
            Deed::Vacuum => Self::Rewrite,
            Deed::JournalMode(_) | Deed::Checkpoint => Self::Journal,
            Deed::GiveBack => Self::FreePages,
        }
    }
}

/// Tools of ALTER TABLE, which SQLite calls on its own catalogue.
const ALTER_TOOLS: &[&str] = &[
    "sqlite_drop_column",
    "sqlite_rename_column",
    "sqlite_rename_quotefix",
    "sqlite_rename_table",
    "sqlite_rename_test",
];

/// Why an action may not happen; `None` when it may.
pub(in crate::engine::sqlite) fn refusal(power: Power, context: &AuthContext<'_>) -> Option<String> {
    let database = context.database_name.unwrap_or("main");
    let rewriting = power == Power::Rewrite && database.starts_with("vacuum_");
    let ours = database == "main" || rewriting;
    let objects = matches!(power, Power::Objects | Power::Rewrite);
    // Statistics live in tables that ANALYZE makes when they are missing.
    let tables = objects || power == Power::Derived;
    let yes = match context.action {
        AuthAction::Select | AuthAction::Recursive => power != Power::Journal,
        AuthAction::Read { table_name, .. } => power != Power::Journal && !is_hidden_table(table_name),
        AuthAction::Function { function_name } => {
            (power != Power::Journal && is_pure_function(function_name))
                || (objects && ALTER_TOOLS.contains(&function_name))
        }
        AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => {
            may_write(power, table_name) && (ours || (objects && table_name == "sqlite_temp_master"))
        }
        AuthAction::CreateTable { .. } => ours && tables,
        AuthAction::CreateIndex { .. }
        | AuthAction::CreateTrigger { .. }
        | AuthAction::CreateView { .. }
        | AuthAction::CreateVtable { .. }
        | AuthAction::DropIndex { .. }
        | AuthAction::DropTable { .. }
        | AuthAction::DropTrigger { .. }
        | AuthAction::DropView { .. }
        | AuthAction::DropVtable { .. } => ours && objects,
        AuthAction::AlterTable { database_name, .. } => database_name == "main" && power == Power::Objects,
        AuthAction::Reindex { .. } => ours && tables,
        AuthAction::Analyze { .. } => ours && power == Power::Derived,
        // Modules of virtual tables look at the file that they are in.
        AuthAction::Pragma { pragma_name: "incremental_vacuum", pragma_value: None } => power == Power::FreePages,
        AuthAction::Pragma { pragma_name, pragma_value: None } => pragma_refusal(pragma_name, None).is_none(),
        AuthAction::Pragma { pragma_name: "journal_mode", pragma_value: Some(_) } => power == Power::Journal,
        AuthAction::Pragma { pragma_name: "wal_checkpoint", pragma_value: Some(_) } => power == Power::Journal,
        // VACUUM opens its nameless second file and a transaction of its own.
        AuthAction::Attach { filename: "" } | AuthAction::Transaction { .. } => power == Power::Rewrite,
        _ => false,
    };
    (!yes).then(|| format!("{} is no part of what was approved", verb(&context.action)))
}

/// SQLite's own tables are written by SQLite alone, while it does what an act is for.
fn may_write(power: Power, table: &str) -> bool {
    match power {
        Power::Rows => !table.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_")),
        Power::Derived => table.starts_with("sqlite_stat") || table == "sqlite_master",
        Power::Objects | Power::Rewrite => true,
        Power::Journal | Power::FreePages => false,
    }
}
