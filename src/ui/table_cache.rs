//! The table under the keys, built once for each sample or result and not again for each frame.

use super::parts::table::natural_widths;
use crate::app::fleet::{self, Branches};
use crate::app::list::ListState;
use crate::app::model::TargetModel;
use crate::app::table::Table;
use crate::domain::activity::Sample;
use crate::domain::rows::Rows;
use std::rc::Rc;
use std::sync::Arc;

/// What a table was made from. It is held, so that an equal address means the same data.
enum Source {
    Sample(Arc<Sample>, &'static str),
    Rows(Arc<Rows>),
}

impl Source {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sample(a, view), Self::Sample(b, other)) => Arc::ptr_eq(a, b) && view == other,
            (Self::Rows(a), Self::Rows(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// A table ready to be drawn.
#[derive(Clone)]
pub(crate) struct Laid {
    pub(crate) table: Rc<Table>,
    /// Natural width of each column.
    pub(crate) widths: Rc<Vec<usize>>,
    /// Rows in the order shown.
    pub(crate) order: Rc<Vec<usize>>,
}

impl Laid {
    pub(crate) fn new(table: Table, list: &ListState) -> Self {
        let order = Rc::new(list.arrange(&table));
        Self { widths: Rc::new(natural_widths(&table)), order, table: Rc::new(table) }
    }
}

struct Kept {
    source: Source,
    sort: Option<(usize, bool)>,
    filter: String,
    laid: Laid,
}

/// The last table drawn.
#[derive(Default)]
pub(crate) struct TableCache {
    kept: Option<Kept>,
}

impl TableCache {
    /// A view of the sessions of a sample.
    pub(crate) fn sessions(
        &mut self,
        target: &TargetModel,
        sample: &Arc<Sample>,
        view: &'static str,
        branches: &Branches,
        list: &ListState,
    ) -> Laid {
        self.get(Source::Sample(Arc::clone(sample), view), list, || {
            if view == "blocking" { fleet::blocking_table(target, branches) } else { fleet::activity_table(target) }
        })
    }

    /// A view that the engine read.
    pub(crate) fn view(&mut self, rows: &Arc<Rows>, list: &ListState) -> Laid {
        self.get(Source::Rows(Arc::clone(rows)), list, || Table::from_view(rows))
    }

    /// A result.
    pub(crate) fn rows(&mut self, rows: &Arc<Rows>, list: &ListState) -> Laid {
        self.get(Source::Rows(Arc::clone(rows)), list, || Table::from_rows(rows))
    }

    fn get(&mut self, source: Source, list: &ListState, make: impl FnOnce() -> Table) -> Laid {
        if let Some(kept) = self.kept.as_mut().filter(|k| k.source.same(&source)) {
            if kept.sort != list.sort || kept.filter != list.filter {
                kept.sort = list.sort;
                kept.filter.clone_from(&list.filter);
                kept.laid.order = Rc::new(list.arrange(&kept.laid.table));
            }
            return kept.laid.clone();
        }
        let laid = Laid::new(make(), list);
        self.kept = Some(Kept { source, sort: list.sort, filter: list.filter.clone(), laid: laid.clone() });
        laid
    }
}
