//! The guard: class -> verdict, and the only maker of `Allowed` and `Approved`. Nothing else is called guard.
//!
//! A statement reaches a server's reading door only as an [`Allowed`], which is made here alone, is not `Clone`
//! and is consumed by use. What a dialect cannot decide is refused.

pub mod policy;
pub mod ticket;

use super::dialect::Dialect;
use super::proposal::Draft;
use serde::{Deserialize, Serialize};

/// What kind of act a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Class {
    /// Only reads.
    Read,
    /// Shows a plan.
    Explain,
    /// Changes rows.
    Dml,
    /// Changes objects.
    Ddl,
    /// VACUUM, ANALYZE, REINDEX, CHECKPOINT and their like.
    Maintenance,
    /// Ends or cancels somebody's work.
    Kill,
    /// Changes a server's or a role's settings.
    Setting,
    /// Changes the state of our own session.
    Session,
    /// Begins, ends or alters a transaction.
    Transaction,
    /// Replication, backup, log and other administration.
    Admin,
    /// Reads or writes files or runs programs.
    File,
    /// Reads secrets.
    Secret,
    /// Takes locks.
    Lock,
    /// Uses time or memory without bound.
    Resource,
    /// More than one statement.
    Multi,
    /// Not understood, empty, or hiding something.
    Unparsed,
}

impl Class {
    /// The word on the command line and in the audit log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Explain => "explain",
            Self::Dml => "dml",
            Self::Ddl => "ddl",
            Self::Maintenance => "maintenance",
            Self::Kill => "kill",
            Self::Setting => "setting",
            Self::Session => "session",
            Self::Transaction => "transaction",
            Self::Admin => "admin",
            Self::File => "file",
            Self::Secret => "secret",
            Self::Lock => "lock",
            Self::Resource => "resource",
            Self::Multi => "multi",
            Self::Unparsed => "unparsed",
        }
    }
}

/// What may happen with a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Runs with nobody asked.
    Allow,
    /// Runs only after a person approved this exact statement.
    NeedsApproval,
    /// Never runs as free text.
    Deny,
}

impl Verdict {
    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::NeedsApproval => "needs-approval",
            Self::Deny => "deny",
        }
    }
}

/// Who wrote the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Author {
    /// A language model, or anything that a model could have influenced.
    #[default]
    Model,
    /// A person at the keyboard.
    Person,
}

/// A verdict with its class and the reason in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What may happen.
    pub verdict: Verdict,
    /// What kind of act it is.
    pub class: Class,
    /// Why, and where it helps, what to do instead.
    pub reason: String,
}

impl Judgement {
    /// Allowed, of this class.
    pub fn allow(class: Class, reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::Allow, class, reason: reason.into() }
    }
    /// Wants a person.
    pub fn needs_approval(class: Class, reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::NeedsApproval, class, reason: reason.into() }
    }
    /// Refused.
    pub fn deny(class: Class, reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::Deny, class, reason: reason.into() }
    }
}

/// What the guard may know about a database's own objects. Everything is optional: what is not named here counts
/// as a plain table, and a function that is not on the built-in list wants a person.
///
/// Names are `schema.name` or bare, in the case the catalogue stores them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catalog {
    /// Views, with the functions and relations they use. A view that uses an unknown function wants a person.
    pub views: Vec<CatalogView>,
    /// Functions that only read: a person has reviewed them, or they are readers of a known extension, which the
    /// catalogue has shown to be that extension's own.
    pub safe_functions: Vec<String>,
    /// User-defined functions (known to exist, not known to be safe).
    pub functions: Vec<String>,
    /// User-defined operators, `schema.===`.
    pub operators: Vec<String>,
    /// Those of `operators` that run nothing but functions which only read.
    pub safe_operators: Vec<String>,
    /// User-defined types to which a cast runs nothing but what only reads: no function of unknown purpose in a
    /// domain's checks, in a range, or behind the cast itself.
    pub safe_types: Vec<String>,
    /// Foreign tables: reading them makes another server work.
    pub foreign_tables: Vec<String>,
}

impl Catalog {
    /// Takes in what another catalogue knows.
    pub fn add(&mut self, other: Self) {
        self.views.extend(other.views);
        self.safe_functions.extend(other.safe_functions);
        self.functions.extend(other.functions);
        self.operators.extend(other.operators);
        self.safe_operators.extend(other.safe_operators);
        self.safe_types.extend(other.safe_types);
        self.foreign_tables.extend(other.foreign_tables);
    }

    /// Takes functions that a person has declared to be pure reads into the safe ones. What a dialect knows to do more
    /// is not looked up among them.
    pub fn declare_safe(&mut self, functions: &[String]) {
        self.safe_functions.extend_from_slice(functions);
    }
}

/// A view and what its definition uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogView {
    /// Name of the view.
    pub name: String,
    /// Functions that are not the engine's own.
    pub functions: Vec<String>,
    /// Relations it reads.
    pub relations: Vec<String>,
}

/// A statement that may run through a session's reading door. Only [`allow`] makes one.
#[derive(Debug)]
pub struct Allowed {
    statement: String,
    class: Class,
}

impl Allowed {
    /// The exact text to send.
    pub fn statement(&self) -> &str {
        &self.statement
    }
    /// `Read` or `Explain`.
    pub fn class(&self) -> Class {
        self.class
    }
}

/// Judges one statement and, when it only reads, turns it into the value that opens the reading door.
///
/// # Errors
/// The judgement, when it is anything but `allow`.
pub fn allow(dialect: &dyn Dialect, author: Author, catalog: &Catalog, statement: &str) -> Result<Allowed, Judgement> {
    let judgement = dialect.classify(statement, author, catalog);
    if judgement.verdict == Verdict::Allow {
        Ok(Allowed { statement: statement.to_owned(), class: judgement.class })
    } else {
        Err(judgement)
    }
}

/// Judges a draft, the one way for every road: a typed statement as free text of a person, a fix kind by its exact
/// shape, which is the statement that its parameters render to.
///
/// What is to be approved is what a person sees: nothing of it may hide, except in a quoted text, which is data.
pub fn judge(dialect: &dyn Dialect, catalog: &Catalog, draft: &Draft) -> Judgement {
    if let Some(unseen) = dialect.unseen(&draft.statement) {
        return Judgement::deny(
            Class::Unparsed,
            format!(
                "the statement holds a character that cannot be seen (U+{:04X}) outside its quoted texts: leave it out",
                u32::from(unseen)
            ),
        );
    }
    let Some(kind) = &draft.kind else { return dialect.classify(&draft.statement, Author::Person, catalog) };
    match dialect.render(kind) {
        Ok(statement) if statement == draft.statement => Judgement::needs_approval(kind.class(), kind.words()),
        Ok(_) => Judgement::deny(kind.class(), "the statement is not the one that this act stands for"),
        Err(words) => Judgement::deny(kind.class(), words),
    }
}

/// Undoes the escapes of a line that carries a statement: `\\`, `\n`, `\r`, `\t` and `\u{hex}`.
///
/// # Errors
/// One sentence when anything else follows a backslash, or when the code is no character.
pub fn decode_line(line: &str) -> Result<String, String> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let Some(kind) = escape.chars().next() else {
            return Err("a bad escape: the line ends after a backslash".to_owned());
        };
        rest = &escape[kind.len_utf8()..];
        match kind {
            '\\' => out.push('\\'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let (code, after) = rest
                    .strip_prefix('{')
                    .and_then(|braced| braced.split_once('}'))
                    .ok_or("a bad escape: \\u wants {hex} after it")?;
                let well_formed = (1..=6).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_hexdigit());
                let character = u32::from_str_radix(code, 16).ok().filter(|_| well_formed).and_then(char::from_u32);
                out.push(character.ok_or("a bad escape: the code in \\u{...} is no character")?);
                rest = after;
            }
            other => return Err(format!("a bad escape: a backslash before {}", other.escape_default())),
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// A text as one field of a tab-separated line: backslash, tab and line ends escaped, so that [`decode_line`] gives
/// the text back.
pub fn encode_field(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{decode_line, encode_field};

    #[test]
    fn escapes_of_a_line_are_undone() {
        assert_eq!(decode_line(r"a\\b\n\r\t\u{202e}\u{41}é").as_deref(), Ok("a\\b\n\r\t\u{202e}Aé"));
        assert_eq!(decode_line("").as_deref(), Ok(""));
        for bad in [r"\x", r"a\", r"\u41", r"\u{}", r"\u{d800}", r"\u{110000}", r"\u{+41}", r"\u{41", r"\ ", r"\'"] {
            assert!(decode_line(bad).is_err_and(|e| e.starts_with("a bad escape")), "{bad}");
        }
    }

    #[test]
    fn a_field_survives_the_way_out_and_back() {
        let text = "tab\there\r\nand \\n there";
        let field = encode_field(text);
        assert!(!field.contains(['\t', '\r', '\n']));
        assert_eq!(decode_line(&field).as_deref(), Ok(text));
    }
}
