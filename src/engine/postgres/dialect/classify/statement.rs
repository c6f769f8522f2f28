//! The kinds of statement: which only read, which a person may approve, and which never run as free text.

use super::Context;
use super::expression::{self, is_secret_setting, looks_at_a_column};
use super::words;
use crate::domain::guard::{Author, Class, Judgement, Verdict};
use crate::engine::sql::findings::Findings;
use crate::engine::sql::list::holds;
use squawk_syntax::SyntaxKind as K;
use squawk_syntax::{SyntaxElement, SyntaxNode};

/// Judges one parsed statement.
pub(super) fn judge(statement: &SyntaxNode, context: Context<'_>) -> Judgement {
    match statement.kind() {
        kind if is_query(kind) => judge_query(statement, context),
        K::SHOW => judge_show(statement),
        K::EXPLAIN => judge_explain(statement, context),
        K::INSERT | K::UPDATE | K::DELETE | K::MERGE => judge_dml(statement, context),
        K::ALTER_SYSTEM => judge_setting(statement, "the whole server"),
        K::ALTER_DATABASE | K::ALTER_ROLE | K::ALTER_USER if has(statement, SETTING_CHANGES) => {
            judge_setting(statement, "later sessions")
        }
        K::ALTER_ROLE | K::ALTER_USER if only_limits_connections(statement) => match context.author {
            Author::Person => Judgement::needs_approval(Class::Ddl, "limits the connections of a role"),
            Author::Model => Judgement::deny(Class::Admin, "changes roles; only a person may ask for that"),
        },
        K::CREATE_EXTENSION => judge_extension(statement, context),
        kind => judge_kind(kind, statement, context),
    }
}

/// One role's limit of connections changes, and nothing else of it: neither its rights nor its password.
fn only_limits_connections(statement: &SyntaxNode) -> bool {
    let mut options = statement
        .children()
        .filter(|child| child.kind() == K::ROLE_OPTION_LIST)
        .flat_map(|list| list.children().collect::<Vec<_>>());
    let first = options.next();
    first.is_some_and(|option| option.kind() == K::ROLE_OPTION_CONNECTION_LIMIT) && options.next().is_none()
}

fn is_query(kind: K) -> bool {
    matches!(kind, K::SELECT | K::SELECT_INTO | K::PAREN_SELECT | K::COMPOUND_SELECT | K::VALUES | K::TABLE)
}

fn judge_query(query: &SyntaxNode, context: Context<'_>) -> Judgement {
    let mut findings = Findings::default();
    expression::check_read(query, context, &mut findings);
    let verdict = findings.or(Judgement::allow(Class::Read, "only reads"));
    if verdict.class == Class::Kill && verdict.verdict == Verdict::NeedsApproval && ends_everyone(query) {
        return Judgement::deny(Class::Kill, "ends sessions without saying which: add a WHERE");
    }
    verdict
}

/// Rows of a relation are ended, and no condition picks them.
fn ends_everyone(query: &SyntaxNode) -> bool {
    has(query, &[K::FROM_CLAUSE]) && !query.descendants().any(|n| n.kind() == K::WHERE_CLAUSE && looks_at_a_column(&n))
}

fn judge_show(show: &SyntaxNode) -> Judgement {
    let parameter = show.children().find(|child| child.kind() == K::CONFIG_PARAMETER_REF);
    let Some(parameter) = parameter else { return Judgement::allow(Class::Read, "shows settings") };
    match words::dotted(&parameter) {
        None => Judgement::deny(Class::Unparsed, "the name of the setting cannot be decoded"),
        Some(name) if is_secret_setting(&name.join(".")) => {
            Judgement::deny(Class::Secret, "this setting can hold a password")
        }
        Some(_) => Judgement::allow(Class::Read, "shows a setting"),
    }
}

/// Options of EXPLAIN that change what is shown and nothing else.
const EXPLAIN_OPTIONS: &str =
    "analyze analyse verbose costs settings generic_plan buffers serialize wal timing summary memory format";

fn judge_explain(explain: &SyntaxNode, context: Context<'_>) -> Judgement {
    let mut runs = false;
    let mut inner = None;
    for child in explain.children() {
        match child.kind() {
            K::EXPLAIN_VERBOSE => {}
            K::EXPLAIN_ANALYZE => runs = true,
            K::EXPLAIN_OPTION_LIST => match explain_options(&child) {
                Ok(analyze) => runs = analyze,
                Err(refusal) => return refusal,
            },
            _ => inner = Some(child),
        }
    }
    let Some(inner) = inner else { return Judgement::deny(Class::Unparsed, "EXPLAIN of nothing") };
    let judged = match inner.kind() {
        kind if is_query(kind) => judge_query(&inner, context),
        K::INSERT | K::UPDATE | K::DELETE | K::MERGE => judge_dml(&inner, context),
        K::CREATE_TABLE_AS | K::CREATE_MATERIALIZED_VIEW => judge_kind(inner.kind(), &inner, context),
        _ => return Judgement::deny(Class::Session, "EXPLAIN of something prepared elsewhere"),
    };
    match judged.verdict {
        Verdict::Allow => {
            Judgement::allow(Class::Explain, if runs { "runs a read and shows its plan" } else { "shows a plan" })
        }
        // PostgreSQL 15 creates the table of EXPLAIN ANALYZE CREATE TABLE AS even in a read-only transaction.
        Verdict::NeedsApproval if runs && judged.class != Class::Read => {
            Judgement::deny(Class::Explain, "EXPLAIN ANALYZE runs the statement; leave ANALYZE out")
        }
        Verdict::NeedsApproval => Judgement::needs_approval(Class::Explain, judged.reason),
        Verdict::Deny => judged,
    }
}

/// Whether the statement would be run.
fn explain_options(list: &SyntaxNode) -> Result<bool, Judgement> {
    let mut runs = false;
    for option in list.children().filter(|child| child.kind() == K::EXPLAIN_OPTION) {
        let part = |kind| option.children().find(|child| child.kind() == kind);
        let name = part(K::EXPLAIN_OPTION_NAME).and_then(|name| words::dotted(&name)).unwrap_or_default().join(".");
        if !holds(EXPLAIN_OPTIONS, &name) {
            return Err(Judgement::deny(Class::Unparsed, "an option of EXPLAIN that is not known"));
        }
        let value = part(K::EXPLAIN_OPTION_VALUE).map(|value| value.text().to_string().to_ascii_lowercase());
        if value.as_deref().is_some_and(|value| value.contains('(')) {
            return Err(Judgement::deny(Class::Unparsed, "an option of EXPLAIN with a value that is not a word"));
        }
        if name.starts_with("analy") {
            let off = value.is_some_and(|v| matches!(v.trim().trim_matches(['\'', '"']), "off" | "false" | "0" | "no"));
            runs = !off;
        }
    }
    Ok(runs)
}

fn judge_dml(statement: &SyntaxNode, context: Context<'_>) -> Judgement {
    let mut findings = Findings::default();
    let part = |kind| statement.children().find(|child| child.kind() == kind);
    if part(K::WHERE_CURRENT_OF).is_some() {
        findings.deny(Class::Session, "there are no cursors here");
    }
    match statement.kind() {
        K::UPDATE | K::DELETE => match part(K::WHERE_CLAUSE) {
            None => findings.deny(Class::Dml, "changes every row: there is no WHERE"),
            Some(condition) if !looks_at_a_column(&condition) => {
                findings.deny(Class::Dml, "changes every row: the WHERE looks at no column");
            }
            Some(_) => {}
        },
        K::MERGE => {
            let condition = statement.descendants().find(|node| node.kind() == K::ON_CLAUSE);
            if !condition.is_some_and(|on| looks_at_a_column(&on)) {
                findings.deny(Class::Dml, "changes every row: the ON looks at no column");
            }
        }
        _ => {}
    }
    expression::check_aside(statement, context, &mut findings);
    findings.at_least(Judgement::needs_approval(Class::Dml, "changes rows"))
}

const SETTING_CHANGES: &[K] = &[K::SET_CONFIG_PARAM, K::RESET_CONFIG_PARAM];

/// Settings that name programs, libraries or files: changing one is running or reading something.
const PROGRAM_SETTINGS: &str = "archive_cleanup_command archive_command archive_library config_file data_directory dynamic_library_path \
    extension_control_path external_pid_file hba_file ident_file jit_provider krb_server_keyfile \
    local_preload_libraries log_directory log_filename oauth_validator_libraries primary_conninfo \
    recovery_end_command restore_command session_preload_libraries shared_preload_libraries ssl_ca_file \
    ssl_cert_file ssl_crl_dir ssl_crl_file ssl_dh_params_file ssl_key_file ssl_passphrase_command \
    unix_socket_directories";

fn judge_setting(statement: &SyntaxNode, reach: &str) -> Judgement {
    let change = statement.children().find(|child| SETTING_CHANGES.contains(&child.kind()));
    let parameter = change.and_then(|c| c.children().find(|child| child.kind() == K::CONFIG_PARAMETER_REF));
    let Some(name) = parameter.and_then(|parameter| words::dotted(&parameter)).map(|parts| parts.join(".")) else {
        return Judgement::deny(Class::Setting, "changes settings without naming one");
    };
    if holds(PROGRAM_SETTINGS, &name) {
        return Judgement::deny(Class::File, format!("{name} names a program, a library or a file of the server"));
    }
    Judgement::needs_approval(Class::Setting, format!("changes {name} for {reach}"))
}

/// Extensions of the PostgreSQL distribution and its neighbours that only add types, indexes or views of statistics.
const PLAIN_EXTENSIONS: &str = "amcheck bloom btree_gin btree_gist citext cube earthdistance fuzzystrmatch hstore hypopg intarray isn ltree \
    pg_buffercache pg_freespacemap pg_qualstats pg_stat_statements pg_trgm pg_visibility pg_wait_sampling \
    pgcrypto pgrowlocks pgstattuple postgis seg sslinfo tcn tsm_system_rows tsm_system_time unaccent uuid-ossp \
    vector";

fn judge_extension(statement: &SyntaxNode, context: Context<'_>) -> Judgement {
    let name = statement
        .children()
        .find(|child| child.kind() == K::EXTENSION)
        .and_then(|name| words::dotted(&name))
        .unwrap_or_default()
        .join(".");
    if holds(PLAIN_EXTENSIONS, &name) {
        return Judgement::needs_approval(Class::Ddl, format!("installs the extension {name}"));
    }
    brings_code(context.author, "installs an extension, which brings code")
}

/// Something that brings code: a person may want it, a model may not.
fn brings_code(author: Author, reason: &str) -> Judgement {
    match author {
        Author::Person => Judgement::needs_approval(Class::Ddl, reason),
        Author::Model => Judgement::deny(Class::Ddl, format!("{reason}; only a person may ask for that")),
    }
}

fn judge_kind(kind: K, statement: &SyntaxNode, context: Context<'_>) -> Judgement {
    let approvable = |class, reason: &str| {
        let mut findings = Findings::default();
        expression::check_aside(statement, context, &mut findings);
        findings.at_least(Judgement::needs_approval(class, reason))
    };
    if changes_objects(kind) {
        return approvable(Class::Ddl, "changes objects of the database");
    }
    if brings_objects_with_code(kind) {
        let judged = approvable(Class::Ddl, "");
        if judged.verdict == Verdict::Deny {
            return judged;
        }
        return brings_code(context.author, "creates or changes code, or a way to other servers");
    }
    match kind {
        K::VACUUM | K::ANALYZE | K::REINDEX | K::CLUSTER | K::CHECKPOINT | K::REFRESH | K::REPACK => {
            approvable(Class::Maintenance, "maintenance work")
        }
        K::TRUNCATE => Judgement::deny(Class::Dml, "removes every row at once"),
        K::BEGIN
        | K::COMMIT_TRANSACTION
        | K::COMMIT_PREPARED
        | K::ROLLBACK_TRANSACTION
        | K::ROLLBACK_PREPARED
        | K::ROLLBACK_TO_SAVEPOINT
        | K::SAVEPOINT_CREATE
        | K::RELEASE_SAVEPOINT
        | K::PREPARE_TRANSACTION
        | K::SET_TRANSACTION
        | K::SET_CONSTRAINTS => {
            Judgement::deny(Class::Transaction, "transactions are opened and ended by the program itself")
        }
        K::SET
        | K::RESET
        | K::SET_ROLE
        | K::SET_SESSION_AUTH
        | K::RESET_ROLE
        | K::RESET_SESSION_AUTH
        | K::DISCARD
        | K::PREPARE
        | K::EXECUTE
        | K::DEALLOCATE
        | K::DECLARE
        | K::FETCH
        | K::MOVE
        | K::CLOSE
        | K::LISTEN
        | K::UNLISTEN
        | K::NOTIFY => {
            Judgement::deny(Class::Session, "changes the state of the session or talks to others through it")
        }
        K::LOCK => Judgement::deny(Class::Lock, "locks tables"),
        K::COPY => Judgement::deny(Class::File, "COPY moves data between tables and files or programs"),
        K::LOAD => Judgement::deny(Class::File, "loads a library into the server"),
        K::CREATE_TABLESPACE => Judgement::deny(Class::File, "names a directory of the server"),
        K::DO | K::CALL => Judgement::deny(Class::Admin, "runs a procedure, whose code cannot be judged from here"),
        K::CREATE_USER_MAPPING | K::ALTER_USER_MAPPING | K::DROP_USER_MAPPING => {
            Judgement::deny(Class::Secret, "handles passwords of other servers")
        }
        K::CREATE_ROLE
        | K::CREATE_USER
        | K::CREATE_GROUP
        | K::ALTER_ROLE
        | K::ALTER_USER
        | K::ALTER_GROUP
        | K::DROP_ROLE
        | K::DROP_USER
        | K::DROP_GROUP
        | K::GRANT
        | K::REVOKE
        | K::ALTER_DEFAULT_PRIVILEGES
        | K::REASSIGN
        | K::DROP_OWNED
        | K::SECURITY_LABEL => Judgement::deny(Class::Admin, "changes roles or their rights"),
        K::CREATE_SUBSCRIPTION | K::ALTER_SUBSCRIPTION | K::DROP_SUBSCRIPTION => {
            Judgement::deny(Class::Admin, "acts on replication")
        }
        K::ALTER_LARGE_OBJECT => Judgement::deny(Class::Admin, "works on large objects"),
        _ => Judgement::deny(Class::Unparsed, format!("{kind:?} is not a statement that is known here")),
    }
}

/// DDL without code of its own.
fn changes_objects(kind: K) -> bool {
    matches!(
        kind,
        K::CREATE_TABLE
            | K::CREATE_TABLE_AS
            | K::ALTER_TABLE
            | K::DROP_TABLE
            | K::CREATE_INDEX
            | K::ALTER_INDEX
            | K::DROP_INDEX
            | K::CREATE_VIEW
            | K::ALTER_VIEW
            | K::DROP_VIEW
            | K::CREATE_MATERIALIZED_VIEW
            | K::ALTER_MATERIALIZED_VIEW
            | K::DROP_MATERIALIZED_VIEW
            | K::CREATE_SEQUENCE
            | K::ALTER_SEQUENCE
            | K::DROP_SEQUENCE
            | K::CREATE_SCHEMA
            | K::ALTER_SCHEMA
            | K::DROP_SCHEMA
            | K::CREATE_TYPE
            | K::ALTER_TYPE
            | K::DROP_TYPE
            | K::CREATE_DOMAIN
            | K::ALTER_DOMAIN
            | K::DROP_DOMAIN
            | K::CREATE_STATISTICS
            | K::ALTER_STATISTICS
            | K::DROP_STATISTICS
            | K::CREATE_COLLATION
            | K::ALTER_COLLATION
            | K::DROP_COLLATION
            | K::CREATE_DATABASE
            | K::ALTER_DATABASE
            | K::DROP_DATABASE
            | K::ALTER_TABLESPACE
            | K::DROP_TABLESPACE
            | K::CREATE_POLICY
            | K::ALTER_POLICY
            | K::DROP_POLICY
            | K::COMMENT_ON
            | K::DROP_TRIGGER
            | K::ALTER_TRIGGER
            | K::CREATE_PUBLICATION
            | K::ALTER_PUBLICATION
            | K::DROP_PUBLICATION
    )
}

/// DDL that stores code, binds it to events, or opens a way to other servers.
fn brings_objects_with_code(kind: K) -> bool {
    matches!(
        kind,
        K::CREATE_FUNCTION
            | K::ALTER_FUNCTION
            | K::DROP_FUNCTION
            | K::CREATE_PROCEDURE
            | K::ALTER_PROCEDURE
            | K::DROP_PROCEDURE
            | K::ALTER_ROUTINE
            | K::DROP_ROUTINE
            | K::CREATE_AGGREGATE
            | K::ALTER_AGGREGATE
            | K::DROP_AGGREGATE
            | K::CREATE_TRIGGER
            | K::CREATE_EVENT_TRIGGER
            | K::ALTER_EVENT_TRIGGER
            | K::DROP_EVENT_TRIGGER
            | K::CREATE_RULE
            | K::ALTER_RULE
            | K::DROP_RULE
            | K::CREATE_LANGUAGE
            | K::ALTER_LANGUAGE
            | K::DROP_LANGUAGE
            | K::CREATE_OPERATOR
            | K::ALTER_OPERATOR
            | K::DROP_OPERATOR
            | K::CREATE_OPERATOR_CLASS
            | K::ALTER_OPERATOR_CLASS
            | K::DROP_OPERATOR_CLASS
            | K::CREATE_OPERATOR_FAMILY
            | K::ALTER_OPERATOR_FAMILY
            | K::DROP_OPERATOR_FAMILY
            | K::CREATE_CAST
            | K::DROP_CAST
            | K::CREATE_CONVERSION
            | K::ALTER_CONVERSION
            | K::DROP_CONVERSION
            | K::CREATE_TRANSFORM
            | K::DROP_TRANSFORM
            | K::CREATE_ACCESS_METHOD
            | K::DROP_ACCESS_METHOD
            | K::ALTER_EXTENSION
            | K::DROP_EXTENSION
            | K::CREATE_FOREIGN_DATA_WRAPPER
            | K::ALTER_FOREIGN_DATA_WRAPPER
            | K::DROP_FOREIGN_DATA_WRAPPER
            | K::CREATE_SERVER
            | K::ALTER_SERVER
            | K::DROP_SERVER
            | K::CREATE_FOREIGN_TABLE
            | K::ALTER_FOREIGN_TABLE
            | K::DROP_FOREIGN_TABLE
            | K::IMPORT_FOREIGN_SCHEMA
            | K::CREATE_TEXT_SEARCH_CONFIGURATION
            | K::ALTER_TEXT_SEARCH_CONFIGURATION
            | K::DROP_TEXT_SEARCH_CONFIG
            | K::CREATE_TEXT_SEARCH_DICTIONARY
            | K::ALTER_TEXT_SEARCH_DICTIONARY
            | K::DROP_TEXT_SEARCH_DICT
            | K::CREATE_TEXT_SEARCH_PARSER
            | K::ALTER_TEXT_SEARCH_PARSER
            | K::DROP_TEXT_SEARCH_PARSER
            | K::CREATE_TEXT_SEARCH_TEMPLATE
            | K::ALTER_TEXT_SEARCH_TEMPLATE
            | K::DROP_TEXT_SEARCH_TEMPLATE
            | K::CREATE_PROPERTY_GRAPH
            | K::ALTER_PROPERTY_GRAPH
            | K::DROP_PROPERTY_GRAPH
    )
}

fn has(statement: &SyntaxNode, kinds: &[K]) -> bool {
    statement.descendants_with_tokens().filter_map(SyntaxElement::into_node).any(|node| kinds.contains(&node.kind()))
}
