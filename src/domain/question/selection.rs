//! A question about the person's own data: one table, the tables it points to, filters, groups and measures.
//!
//! The first source is the table that is counted or listed. Every join follows a foreign key to the one row that it
//! points to, so no row of the first source is ever counted twice.

use super::intent::Relation;
use crate::domain::schema::ColumnKind;
use crate::domain::target::Timestamp;

/// What is read, in the shape of a SELECT.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The table that is counted or listed: source 0.
    pub base: Relation,
    /// Sources 1, 2, ... in order.
    pub joins: Vec<Join>,
    /// What comes out.
    pub output: Output,
    /// Which rows.
    pub filter: Option<Filter>,
    /// Which groups, by the first measure.
    pub having: Option<(Comparison, String)>,
    /// In which order.
    pub order: Vec<Order>,
    /// At most so many rows.
    pub limit: Option<u32>,
}

/// A table reached from a source that stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The source it is reached from.
    pub from: usize,
    /// The table.
    pub to: Relation,
    /// Pairs of columns: there, here.
    pub columns: Vec<(String, String)>,
}

/// A column of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRef {
    /// Index of the source.
    pub source: usize,
    /// Name.
    pub name: String,
    /// What its values are good for.
    pub kind: ColumnKind,
    /// The engine's type.
    pub type_name: String,
}

/// What comes out of a selection.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Rows: these columns, or all of the base when empty.
    Rows(Vec<ColumnRef>),
    /// Different values of these columns.
    Distinct(Vec<ColumnRef>),
    /// Numbers, one row for each group.
    Measures {
        /// Groups; one row for all when empty.
        groups: Vec<Group>,
        /// The numbers.
        measures: Vec<Measure>,
    },
}

/// What rows are grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The column.
    pub column: ColumnRef,
    /// A date is cut to this.
    pub bucket: Option<Bucket>,
}

/// What a date is cut to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// `2026-08-22 14:00`.
    Hour,
    /// `2026-08-22`.
    Day,
    /// The Monday it begins with.
    Week,
    /// `2026-08`.
    Month,
    /// `2026-Q3`.
    Quarter,
    /// `2026`.
    Year,
    /// 1 (Monday) to 7.
    Weekday,
}

/// A number made of many rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// How.
    pub how: Aggregate,
    /// Of which column; rows are counted when none is named.
    pub column: Option<ColumnRef>,
}

/// How many rows become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// How many.
    Count,
    /// How many different values.
    CountDistinct,
    /// Sum.
    Sum,
    /// Average.
    Average,
    /// Smallest.
    Minimum,
    /// Largest.
    Maximum,
}

impl Aggregate {
    /// The word for a title.
    pub fn word(self) -> &'static str {
        match self {
            Self::Count => "number",
            Self::CountDistinct => "number of different values",
            Self::Sum => "sum",
            Self::Average => "average",
            Self::Minimum => "smallest",
            Self::Maximum => "largest",
        }
    }
}

/// What rows are ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The key.
    pub key: OrderKey,
    /// Largest first; empty values stand last either way.
    pub descending: bool,
}

/// A key to order by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderKey {
    /// A column.
    Column(ColumnRef),
    /// A group, by its index.
    Group(usize),
    /// A measure, by its index.
    Measure(usize),
}

/// Which rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of these hold.
    All(Vec<Filter>),
    /// One of these holds.
    Any(Vec<Filter>),
    /// This does not hold, or is not known.
    Not(Box<Filter>),
    /// A column compared with a value.
    Compare(ColumnRef, Comparison, Literal),
    /// A column between two values, both included.
    Between(ColumnRef, Literal, Literal),
    /// A column is one of these values.
    OneOf(ColumnRef, Vec<Literal>),
    /// A text column contains this, begins or ends with it, in any case.
    Like(ColumnRef, LikeKind, String),
    /// A column is empty (`true`) or not.
    IsNull(ColumnRef, bool),
    /// A truth value is this.
    IsTrue(ColumnRef, bool),
    /// A date lies in a period.
    During(ColumnRef, Period),
    /// Rows of another table that point to the base exist (`true`) or do not.
    Exists {
        /// The other table.
        table: Relation,
        /// Pairs of columns: there, in the base.
        columns: Vec<(String, String)>,
        /// Exist, or do not.
        exists: bool,
    },
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal; text in any case unless it was quoted.
    Equal,
    /// Not equal.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    AtMost,
    /// Greater.
    Greater,
    /// Greater or equal.
    AtLeast,
}

impl Comparison {
    /// The operator, the same in every SQL.
    pub fn operator(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
    /// What holds when this does not.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::Greater,
            Self::Greater => Self::AtMost,
            Self::AtLeast => Self::Less,
        }
    }
}

/// Where in a text something must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LikeKind {
    /// Anywhere.
    Contains,
    /// At the beginning.
    StartsWith,
    /// At the end.
    EndsWith,
}

/// A value in a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// Digits, perhaps a sign and one point: safe to be written as they are.
    Number(String),
    /// Text in the person's words; in any case unless quoted.
    Text {
        /// The text.
        text: String,
        /// Taken to the letter.
        exact: bool,
    },
}

/// A stretch of time: from (included) to (excluded). An open end is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    /// From here.
    pub from: Option<Timestamp>,
    /// Up to here.
    pub to: Option<Timestamp>,
    /// Local time minus UTC, minutes: columns without a zone are compared in local time.
    pub offset_minutes: i32,
}
