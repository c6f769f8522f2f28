//! A change of objects, before it happens: what the server would do, whom it stops, and the statement that undoes it.

use super::altered;
use super::asks::{Asks as _, Reading};
use super::definition;
use super::look::Table;
use super::place::Server;
use super::rights::{Need, On};
use super::survey::{Found, SHORTEST_LOCK_MS};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Gravity;
use crate::domain::proposal::survey::{Inverse, Timeouts};
use crate::engine::mysql::dialect::flavour::Flavour;
use crate::engine::mysql::dialect::forms::objects::Objects;
use crate::engine::mysql::dialect::forms::{Form, How};
use crate::engine::mysql::dialect::names::quote;
use crate::engine::mysql::dialect::online::{self, Way};

/// Looks at it. `tables` are those that are there, in the order in which the statement names them.
pub(super) async fn survey(
    asks: &mut Reading<'_>,
    form: &Form,
    tables: &[Table],
    flavour: Flavour,
    server: &Server,
    found: &mut Found,
) -> Result<(), SessionError> {
    for table in tables {
        found.blast.tables.push(table.footprint());
    }
    match form {
        Form::Alter(alter) => {
            found.blast.tables.truncate(1);
            altered::survey(alter, tables, flavour, found);
        }
        Form::Objects(objects) => changed(asks, objects, tables, server, found).await?,
        Form::Upkeep { verb, .. } => upkeep(verb, tables, found),
        _ => {}
    }
    if server.galera && !matches!(form, Form::Upkeep { .. }) {
        found.blast.notes.push(
            "Galera: with wsrep_OSU_method = TOI every member does it at once, and the whole cluster waits meanwhile"
                .into(),
        );
    }
    if server.binary_log.is_some() && found.blast.replicas.is_none() {
        found.blast.replicas =
            Some("every replica does the same after this server has ended, and lags as long as it takes".into());
    }
    if !matches!(form, Form::Upkeep { .. }) {
        found.blast.notes.push(
            "there is no transaction around it: what it did is done, and an open one would be committed by it".into(),
        );
    }
    Ok(())
}

/// Says how the server would do it, and how to make sure of that.
pub(super) fn say(way: Way, how: &How, table: &Table, found: &mut Found) {
    let way = match how.algorithm.as_deref() {
        Some("COPY") => Way::Copy,
        _ => way,
    };
    // Only InnoDB changes a table in place.
    let way = if table.is_innodb() || table.engine.is_empty() { way } else { Way::Copy };
    let full = table.full();
    found.blast.locks = match how.lock.as_deref() {
        Some("EXCLUSIVE") => format!("{full}: readers and writers wait until it is done (LOCK=EXCLUSIVE)"),
        Some("SHARED") if !way.stops_writers() => {
            format!("{full}: readers go on, writers wait until it is done (LOCK=SHARED)")
        }
        _ => format!("{full}: {}", way.words()),
    };
    found.blast.rewrite = Some(way.rewrites());
    if way.rewrites() {
        found.blast.disk = Some(match table.bytes {
            Some(bytes) => format!("a second copy of the table beside the first: about {} MB", bytes.div_ceil(1 << 20)),
            None => "a second copy of the table beside the first".into(),
        });
        found.blast.at_least = found.blast.at_least.max(Gravity::High);
        found.timeouts = Timeouts { statement_ms: 0, lock_ms: SHORTEST_LOCK_MS };
    } else if way != Way::Instant {
        found.timeouts = Timeouts { statement_ms: 0, lock_ms: SHORTEST_LOCK_MS };
    }
    if way.stops_writers() {
        found.blast.at_least = found.blast.at_least.max(Gravity::High);
    }
    if how.algorithm.is_none() && how.lock.is_none() {
        let said = match way.clause() {
            Some(clause) => format!(
                "the statement names no algorithm: the server would choose {} ({}). Add `{clause}` and it refuses instead of \
                 doing something heavier",
                way.algorithm(),
                way.words()
            ),
            None => "the statement names no algorithm: the server would copy the table, as far as is known here. Add \
                     `ALGORITHM=INPLACE, LOCK=NONE` and it refuses where it cannot do better"
                .to_owned(),
        };
        found.blast.notes.push(said);
    }
}

pub(super) fn table_needs(table: &Table, privileges: &[&'static str], found: &mut Found) {
    for privilege in privileges {
        found.needs.push(Need::on_table(privilege, &table.database, &table.name));
    }
}

async fn changed(
    asks: &mut Reading<'_>,
    objects: &Objects,
    tables: &[Table],
    server: &Server,
    found: &mut Found,
) -> Result<(), SessionError> {
    let here = &server.place.database;
    let first = tables.first();
    let no = |why: &str| Inverse::None(why.to_owned());
    match objects {
        Objects::CreateIndex { index, how, replaces, .. } => {
            let Some(table) = first else { return Ok(()) };
            say(online::of_index(index.kind), how, table, found);
            table_needs(table, &["INDEX"], found);
            let name = index.name.clone().unwrap_or_default();
            found.inverse = match definition::index(&table.create, &name) {
                Some(_) if *replaces => no("the index that was there under this name is not kept"),
                Some(_) => no("an index of this name is there already, so that this would fail or do nothing"),
                None => Inverse::Statements(vec![format!("DROP INDEX {} ON {}", quote(&name), table.full())]),
            };
        }
        Objects::DropIndex { name, how, .. } => {
            let Some(table) = first else { return Ok(()) };
            let primary = name.eq_ignore_ascii_case("primary");
            say(if primary { Way::Copy } else { Way::InPlace }, how, table, found);
            table_needs(table, &["INDEX"], found);
            let line =
                if primary { definition::primary_key(&table.create) } else { definition::index(&table.create, name) };
            found.inverse = match line {
                Some(line) => Inverse::Statements(vec![format!("ALTER TABLE {} ADD {line}", table.full())]),
                None => no("there is no such index"),
            };
            found.blast.notes.push("statements that used it look at more rows from then on".into());
        }
        Objects::CreateTable { table: name, replaces, filled, .. } => {
            let (database, name) = name.within(here);
            let there = tables.iter().find(|t| t.name == name && t.database == database);
            found.needs.push(Need::on_table("CREATE", &database, &name));
            for read in tables.iter().filter(|t| t.name != name || t.database != database) {
                table_needs(read, &["SELECT"], found);
            }
            found.blast.locks = "none on other tables".into();
            if *filled {
                found.needs.push(Need::on_table("INSERT", &database, &name));
                found.timeouts = Timeouts { statement_ms: Timeouts::ROWS.statement_ms, lock_ms: SHORTEST_LOCK_MS };
            }
            found.inverse = match there {
                Some(_) if *replaces => {
                    found.blast.at_least = Gravity::High;
                    no("the table that was there under this name is dropped with its rows")
                }
                Some(_) => no("a table of this name is there already, so that this would fail or do nothing"),
                None => {
                    found.blast.notes.push("undoing it drops the table with all that was written into it".into());
                    Inverse::Statements(vec![format!("DROP TABLE {}.{}", quote(&database), quote(&name))])
                }
            };
        }
        Objects::DropTables { .. } | Objects::Truncate(_) => {
            found.blast.at_least = Gravity::High;
            for table in tables {
                table_needs(table, &["DROP"], found);
                for child in &table.children {
                    found.blast.notes.push(format!("{} refers to it by a foreign key", child.name));
                }
            }
            found.blast.locks =
                "readers and writers wait for a moment, once every open transaction on it has ended".into();
            found.inverse = no("the rows are gone: a backup is the way back");
        }
        Objects::RenameTables(pairs) => {
            found.blast.at_least = Gravity::Medium;
            found.blast.locks = "a metadata lock for a moment; programs that use the old name fail from then on".into();
            for table in tables {
                table_needs(table, &["ALTER", "DROP"], found);
            }
            for (_, new) in pairs {
                let (database, name) = new.within(here);
                found.needs.push(Need::on_table("CREATE", &database, &name));
                found.needs.push(Need::on_table("INSERT", &database, &name));
            }
            let back = pairs.iter().rev().map(|(old, new)| {
                let full = |(database, name): (String, String)| format!("{}.{}", quote(&database), quote(&name));
                format!("{} TO {}", full(new.within(here)), full(old.within(here)))
            });
            found.inverse = Inverse::Statements(vec![format!("RENAME TABLE {}", back.collect::<Vec<_>>().join(", "))]);
        }
        Objects::CreateView { view, .. } | Objects::AlterView(view) => {
            let (database, name) = view.within(here);
            found.needs.push(Need::on_table("CREATE VIEW", &database, &name));
            found.blast.locks = "none on its tables".into();
            found.inverse = match first {
                Some(old) if old.is_view => {
                    found.needs.push(Need::on_table("DROP", &database, &name));
                    Inverse::Statements(vec![old.create.replacen("CREATE ", "CREATE OR REPLACE ", 1)])
                }
                Some(_) => no("a table of this name is there already, so that this would fail"),
                None => Inverse::Statements(vec![format!("DROP VIEW {}.{}", quote(&database), quote(&name))]),
            };
        }
        Objects::DropViews { .. } => {
            for table in tables {
                table_needs(table, &["DROP"], found);
            }
            found.blast.locks = "none on its tables".into();
            found.inverse = if tables.iter().all(|t| t.is_view) {
                Inverse::Statements(tables.iter().map(|t| t.create.clone()).collect())
            } else {
                no("not all of them are views")
            };
        }
        Objects::CreateDatabase { name, .. } => {
            found.needs.push(Need { one_of: vec!["CREATE"], on: On::Database(name.clone()) });
            let there = asks.read(&format!("SHOW CREATE DATABASE {}", quote(name))).await;
            found.inverse = match there {
                Err(SessionError::Server(message)) if message.code == "1049" => {
                    Inverse::Statements(vec![format!("DROP DATABASE {}", quote(name))])
                }
                Err(SessionError::Lost(why)) => return Err(SessionError::Lost(why)),
                _ => no("a database of this name is there already, or cannot be seen"),
            };
        }
        Objects::DropDatabase(name) => {
            found.blast.at_least = Gravity::High;
            found.needs.push(Need { one_of: vec!["DROP"], on: On::Database(name.clone()) });
            found.check(format!("the database {name} is dropped with every table in it"), "all of them");
            found.inverse = no("its tables and rows are gone: a backup is the way back");
        }
    }
    Ok(())
}

fn upkeep(verb: &str, tables: &[Table], found: &mut Found) {
    found.timeouts = Timeouts { statement_ms: 0, lock_ms: SHORTEST_LOCK_MS };
    for table in tables {
        table_needs(table, &["SELECT"], found);
        if matches!(verb, "ANALYZE" | "OPTIMIZE" | "REPAIR") {
            table_needs(table, &["INSERT"], found);
        }
    }
    let all_innodb = tables.iter().all(Table::is_innodb);
    let (locks, rewrite, why) = match verb {
        "ANALYZE" => (
            "a read lock for a moment; statements that come later may get other plans",
            false,
            "new statistics take the place of the old ones",
        ),
        "OPTIMIZE" if all_innodb => (
            "InnoDB builds the table anew: readers and writers go on, with a metadata lock for a moment at the start and at the end",
            true,
            "nothing is lost: the rows stay",
        ),
        "OPTIMIZE" => ("readers and writers wait until it is done", true, "nothing is lost: the rows stay"),
        "REPAIR" => ("readers and writers wait until it is done", true, "rows that cannot be read are given up"),
        _ => ("a read lock: writers of MyISAM and Aria wait until it is done", false, "it changes nothing that counts"),
    };
    found.blast.locks = locks.into();
    found.blast.rewrite = Some(rewrite);
    found.inverse = Inverse::None(why.into());
    if verb == "REPAIR" {
        found.blast.at_least = Gravity::High;
    }
}
