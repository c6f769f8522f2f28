//! A statement as the rules see it: its parts in the person's own spelling, and the server that it would run on.

use super::super::classify::words;
use squawk_syntax::ast::{
    AddColumn, AlterColumnOption, AlterTableAction, AstNode, ColumnConstraint, Constraint, Persistence, Stmt, TableArg,
    TableRelationName, Type,
};
use squawk_syntax::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

/// One statement, and the version of the server that it would run on.
pub(super) struct Act {
    pub(super) statement: Stmt,
    /// As `server_version_num` has it; 0 when it is not known, which is taken for the oldest.
    pub(super) version: u32,
}

/// A table that a statement names.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// With `ONLY`, as it was written.
    pub(super) target: String,
    /// The name alone, as it was written: `shop."Orders"`.
    pub(super) name: String,
    /// The last part of the name, decoded.
    bare: String,
    /// `shop.` or nothing, as it was written.
    pub(super) qualifier: String,
}

/// A column that a statement brings into the world.
pub(super) struct NewColumn {
    /// Its name, as it was written.
    pub(super) name: String,
    pub(super) ty: Option<Type>,
    pub(super) constraints: Vec<Constraint>,
}

impl Act {
    /// True on this major version and later ones.
    pub(super) fn since(&self, major: u32) -> bool {
        self.version >= major * 10_000
    }

    /// Every action of an ALTER TABLE, with its table.
    pub(super) fn alterations(&self) -> Vec<(Table, AlterTableAction)> {
        let Stmt::AlterTable(alter) = &self.statement else { return Vec::new() };
        let Some(table) = alter.table_relation_name().and_then(|name| Table::of_relation(&name)) else {
            return Vec::new();
        };
        alter.actions().map(|action| (table.clone(), action)).collect()
    }

    /// Every column that an ALTER TABLE adds.
    pub(super) fn added_columns(&self) -> Vec<(Table, AddColumn)> {
        let added = |(table, action)| match action {
            AlterTableAction::AddColumn(column) => Some((table, column)),
            _ => None,
        };
        self.alterations().into_iter().filter_map(added).collect()
    }

    /// Every constraint that an ALTER TABLE adds by itself.
    pub(super) fn added_constraints(&self) -> Vec<(Table, Constraint)> {
        let added = |(table, action)| match action {
            AlterTableAction::AddConstraint(add) => Some((table, add.constraint()?)),
            _ => None,
        };
        self.alterations().into_iter().filter_map(added).collect()
    }

    /// Every change to a column that is there, with the column's name as it was written.
    pub(super) fn column_changes(&self) -> Vec<(Table, String, AlterColumnOption)> {
        let changed = |(table, action)| match action {
            AlterTableAction::AlterColumn(alter) => Some((table, written(alter.column_name_ref())?, alter.option()?)),
            _ => None,
        };
        self.alterations().into_iter().filter_map(changed).collect()
    }

    /// Every column of a new table, and every column that an ALTER TABLE adds.
    pub(super) fn new_columns(&self) -> Vec<NewColumn> {
        let of_table = match &self.statement {
            Stmt::CreateTable(create) if !is_temporary(create.syntax()) => {
                create.syntax().children().find(|child| child.kind() == SyntaxKind::TABLE_ARG_LIST)
            }
            _ => None,
        };
        let listed = of_table.into_iter().flat_map(|list| list.children()).filter_map(TableArg::cast);
        let mut columns: Vec<NewColumn> = listed
            .filter_map(|argument| match argument {
                TableArg::Column(column) => Some(NewColumn {
                    name: written(column.name())?,
                    ty: column.ty(),
                    constraints: constraints_below(column.syntax()),
                }),
                TableArg::LikeClause(_) | TableArg::TableConstraint(_) => None,
            })
            .collect();
        columns.extend(self.added_columns().into_iter().filter_map(|(_, column)| {
            Some(NewColumn {
                name: written(column.column_name())?,
                ty: column.ty(),
                constraints: column.constraints().collect(),
            })
        }));
        columns
    }
}

impl Table {
    pub(super) fn of_relation(relation: &TableRelationName) -> Option<Self> {
        let name = relation.table_name_ref()?;
        Self::of_name(name.syntax(), source(relation.syntax()))
    }

    /// `name` is the node of the name, `target` the spelling with what stands around it.
    pub(super) fn of_name(name: &SyntaxNode, target: String) -> Option<Self> {
        let mut parts = words::parts(name);
        let last = parts.pop()?;
        let qualifier: String = parts.iter().map(|part| format!("{}.", part.token.text())).collect();
        Some(Self { target, name: source(name), bare: last.name?, qualifier })
    }

    /// The name that PostgreSQL would think of for something that belongs to these columns: `orders_buyer_id_fkey`,
    /// quoted where it must be. `columns` are names as they were written.
    pub(super) fn derived_name(&self, columns: &[String], suffix: &str) -> String {
        let columns = columns.iter().map(|column| format!("_{}", decoded(column)));
        with_suffix(&(self.bare.clone() + &columns.collect::<String>()), suffix)
    }
}

/// `buyer_id` -> `buyer_id_new`, of a name as it was written.
pub(super) fn suffixed(name: &str, suffix: &str) -> String {
    with_suffix(&decoded(name), suffix)
}

fn decoded(name: &str) -> String {
    words::decode(name, "\\").unwrap_or_default()
}

/// `name` is decoded; it gives way where both are too long.
fn with_suffix(name: &str, suffix: &str) -> String {
    let room = NAME_BYTES.saturating_sub(suffix.len() + 1);
    super::super::names::quote(&format!("{}_{suffix}", &name[..name.floor_char_boundary(room)]))
}

/// The most bytes of a name that PostgreSQL keeps: `NAMEDATALEN` less one, in every build but a person's own.
pub(super) const NAME_BYTES: usize = 63;

fn constraints_below(column: &SyntaxNode) -> Vec<Constraint> {
    column.children().filter_map(ColumnConstraint::cast).filter_map(|c| Constraint::cast(c.syntax().clone())).collect()
}

/// A node as it was written, without comments and line breaks.
pub(super) fn source(node: &SyntaxNode) -> String {
    joined(tokens(node), &[], "")
}

/// The same, with `words` put behind the first token of one of these kinds.
pub(super) fn source_with(node: &SyntaxNode, after: &[SyntaxKind], words: &str) -> String {
    joined(tokens(node), after, words)
}

/// The same, from the first token of one of these kinds on.
pub(super) fn source_from(node: &SyntaxNode, from: &[SyntaxKind]) -> String {
    joined(tokens(node).skip_while(|token| !from.contains(&token.kind())), &[], "")
}

fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.descendants_with_tokens().filter_map(SyntaxElement::into_token)
}

fn joined(tokens: impl Iterator<Item = SyntaxToken>, after: &[SyntaxKind], words: &str) -> String {
    let mut out = String::new();
    let mut words = Some(words);
    let mut gap = false;
    let mut last = SyntaxKind::WHITESPACE;
    for token in tokens {
        match token.kind() {
            SyntaxKind::WHITESPACE | SyntaxKind::COMMENT => gap = true,
            SyntaxKind::SEMICOLON => {}
            kind => {
                if gap && !out.is_empty() {
                    // Literals that a line break joins into one would be a mistake on one line.
                    out.push(if kind == SyntaxKind::STRING && is_text(last) { '\n' } else { ' ' });
                }
                gap = false;
                last = kind;
                out.push_str(token.text());
                if after.contains(&kind)
                    && let Some(words) = words.take()
                {
                    out.push(' ');
                    out.push_str(words);
                    gap = true;
                }
            }
        }
    }
    out
}

fn is_text(kind: SyntaxKind) -> bool {
    use SyntaxKind::{BIT_STRING, BYTE_STRING, ESC_STRING, NATIONAL_STRING, STRING, UNICODE_ESC_STRING};
    matches!(kind, STRING | ESC_STRING | UNICODE_ESC_STRING | NATIONAL_STRING | BIT_STRING | BYTE_STRING)
}

/// A part as it was written, where there is one.
pub(super) fn written<N: AstNode>(part: Option<N>) -> Option<String> {
    part.map(|node| source(node.syntax())).filter(|text| !text.is_empty())
}

/// A list of parts as they were written.
pub(super) fn all_written<N: AstNode>(parts: impl IntoIterator<Item = N>) -> Vec<String> {
    parts.into_iter().map(|node| source(node.syntax())).collect()
}

/// True for `CREATE TEMP ...`: nobody else sees such a thing.
pub(super) fn is_temporary(create: &SyntaxNode) -> bool {
    create.children().filter_map(Persistence::cast).any(|persistence| matches!(persistence, Persistence::Temp(_)))
}
