//! What a database is made of: tables, columns, keys, indexes. A snapshot, taken by an engine, read by everyone.

use super::target::Timestamp;

/// A snapshot of the objects a login can see, system schemas left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schema {
    /// The database or file.
    pub database: String,
    /// Schemas in which an unqualified name is looked up, in order. Empty for engines without schemas.
    pub search_path: Vec<String>,
    /// Tables and views, by schema and name.
    pub tables: Vec<Table>,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Set when there were more objects than we read (the number is the cap).
    pub cut_at: Option<usize>,
    /// The server's version as [`super::target::Identity::version_number`] has it; 0 when unknown, read as the newest.
    pub server_version: u32,
    /// Functions that are not the server's own, `schema.name`; a name with a dot in it may be left out.
    pub functions: Vec<String>,
    /// Types that are not the server's own, likewise.
    pub types: Vec<String>,
    /// Extensions of the database, each with the schema that holds its objects.
    pub extensions: Vec<Extension>,
    /// Words by which people call the engine itself, so that a question may name it. In lower case.
    pub engine_words: Vec<String>,
    /// The objects are keys, named by the person and too many to be listed: tables are prefixes of them.
    pub keyed: bool,
}

/// An installed extension.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extension {
    /// Name, for example `pg_stat_statements`.
    pub name: String,
    /// The schema of its objects.
    pub schema: String,
}

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TableKind {
    /// An ordinary table.
    #[default]
    Table,
    /// A partitioned parent.
    Partitioned,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A table of another server.
    Foreign,
}

/// A table or view.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Schema; empty for engines without schemas.
    pub schema: String,
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// Columns in order.
    pub columns: Vec<TableColumn>,
    /// Columns of the primary key, in order.
    pub primary_key: Vec<String>,
    /// Foreign keys from here to elsewhere.
    pub foreign_keys: Vec<ForeignKey>,
    /// Indexes.
    pub indexes: Vec<Index>,
    /// The engine's estimate of rows, where it has one.
    pub row_estimate: Option<f64>,
    /// Size with indexes, bytes, where it is cheap to know.
    pub bytes: Option<u64>,
    /// The comment on it. Untrusted text like every name here.
    pub comment: Option<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableColumn {
    /// Name.
    pub name: String,
    /// The engine's type name with its modifier, for example `numeric(10,2)`.
    pub type_name: String,
    /// What the type is for, engine-neutral.
    pub kind: ColumnKind,
    /// May be NULL.
    pub nullable: bool,
    /// The default expression.
    pub default: Option<String>,
    /// The comment on it.
    pub comment: Option<String>,
}

/// What a column's values are good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColumnKind {
    /// Can be summed and compared as a number.
    Number,
    /// Text.
    Text,
    /// A calendar date, with or without a time of day.
    Time,
    /// A truth value.
    Bool,
    /// Everything else.
    #[default]
    Other,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForeignKey {
    /// Name of the constraint; may be empty.
    pub name: String,
    /// Columns here, in order.
    pub columns: Vec<String>,
    /// Schema there.
    pub to_schema: String,
    /// Table there.
    pub to_table: String,
    /// Columns there, in the same order.
    pub to_columns: Vec<String>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    /// Name.
    pub name: String,
    /// Key columns or expressions, in order.
    pub columns: Vec<String>,
    /// Unique.
    pub unique: bool,
    /// Backs the primary key.
    pub primary: bool,
    /// The predicate of a partial index.
    pub predicate: Option<String>,
    /// Usable; an interrupted concurrent build leaves an invalid one.
    pub valid: bool,
}

impl Table {
    /// `schema.name`, or the bare name for engines without schemas. Unquoted: for people, not for statements.
    pub fn full_name(&self) -> String {
        if self.schema.is_empty() { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }
    /// A column by name, case-insensitively.
    pub fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name))
    }
    /// Holds rows of its own (not a view, not foreign).
    pub fn is_table(&self) -> bool {
        matches!(self.kind, TableKind::Table | TableKind::Partitioned)
    }
}

impl Schema {
    /// A table by bare or qualified name, case-insensitively; the search path decides between equals.
    pub fn table(&self, name: &str) -> Option<&Table> {
        let (schema, bare) = name.rsplit_once('.').map_or((None, name), |(s, n)| (Some(s), n));
        let rank = |t: &Table| self.search_path.iter().position(|s| *s == t.schema).unwrap_or(usize::MAX);
        self.tables
            .iter()
            .filter(|t| t.name.eq_ignore_ascii_case(bare) && schema.is_none_or(|s| t.schema.eq_ignore_ascii_case(s)))
            .min_by_key(|t| rank(t))
    }
    /// The schema of an installed extension.
    pub fn extension(&self, name: &str) -> Option<&str> {
        self.extensions.iter().find(|e| e.name == name).map(|e| e.schema.as_str())
    }
    /// The table that a foreign key points to.
    pub fn target_of(&self, key: &ForeignKey) -> Option<&Table> {
        self.tables.iter().find(|t| t.schema == key.to_schema && t.name == key.to_table)
    }
}
