//! Errors of Oracle, which no test can reach: lines as its tools print them.

use super::understood;
use dba_gpt::domain::error::kind::ErrorKind::{self, *};

const PRINTED: &[(&str, &str, ErrorKind)] = &[
    ("ORA-00001: unique constraint (SHOP.USERS_PK) violated", "ORA-00001", DuplicateKey),
    ("ORA-00018: maximum number of sessions exceeded", "ORA-00018", TooManyConnections),
    ("ORA-00054: resource busy and acquire with NOWAIT specified or timeout expired", "ORA-00054", LockTimeout),
    ("ORA-00060: deadlock detected while waiting for resource", "ORA-00060", Deadlock),
    ("ORA-00904: \"EMAIL\": invalid identifier", "ORA-00904", ColumnNotFound),
    ("ORA-00936: missing expression", "ORA-00936", SyntaxError),
    ("ORA-00942: table or view does not exist", "ORA-00942", TableNotFound),
    ("ORA-00955: name is already used by an existing object", "ORA-00955", DuplicateObject),
    ("ORA-01017: invalid username/password; logon denied", "ORA-01017", AuthenticationFailed),
    ("ORA-01031: insufficient privileges", "ORA-01031", AccessDenied),
    ("ORA-01400: cannot insert NULL into (\"SHOP\".\"USERS\".\"EMAIL\")", "ORA-01400", NotNullViolation),
    ("ORA-01438: value larger than specified precision allowed for this column", "ORA-01438", DataError),
    ("ORA-01476: divisor is equal to zero", "ORA-01476", DivisionByZero),
    ("ORA-01578: ORACLE data block corrupted (file # 7, block # 42)", "ORA-01578", Corruption),
    ("ORA-01653: unable to extend table SHOP.ORDERS by 128 in tablespace USERS", "ORA-01653", DiskFull),
    ("ORA-02290: check constraint (SHOP.POSITIVE) violated", "ORA-02290", CheckViolation),
    (
        "ORA-02291: integrity constraint (SHOP.FK_USER) violated - parent key not found",
        "ORA-02291",
        ForeignKeyViolation,
    ),
    ("ORA-03113: end-of-file on communication channel", "ORA-03113", ConnectionError),
    ("ORA-04031: unable to allocate 4096 bytes of shared memory", "ORA-04031", OutOfMemory),
    ("ORA-08177: can't serialize access for this transaction", "ORA-08177", SerializationFailure),
    ("ORA-12541: TNS:no listener", "ORA-12541", ConnectionError),
    ("TNS-12541: TNS:no listener", "ORA-12541", ConnectionError),
    ("ORA-16000: database or pluggable database open for read-only access", "ORA-16000", ReadOnly),
    ("ORA-20001: no such customer\nORA-06512: at \"SHOP.P\", line 12", "ORA-20001", ScriptError),
    ("java.sql.SQLException: ORA-00942: table or view does not exist\n\tat oracle.jdbc.X", "ORA-00942", TableNotFound),
    (
        "ORA-00604: error occurred at recursive SQL level 1\nORA-00942: table or view does not exist",
        "ORA-00942",
        TableNotFound,
    ),
    (
        "ORA-02091: transaction rolled back\nORA-02291: integrity constraint (S.FK) violated - parent key not found",
        "ORA-02291",
        ForeignKeyViolation,
    ),
    (
        "ORA-12801: error signaled in parallel query server P001\nORA-01652: unable to extend temp segment by 128 in tablespace TEMP",
        "ORA-01652",
        DiskFull,
    ),
];

#[test]
fn what_the_tools_print_is_named() {
    for (text, code, kind) in PRINTED {
        let found = understood("oracle", text);
        assert_eq!((found.code.as_str(), found.kind), (*code, *kind), "{text}: {found:?}");
        assert!(!found.title.is_empty());
    }
}
