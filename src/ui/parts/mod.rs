//! Parts that several screens are made of.

pub(crate) mod causes;
pub(crate) mod conversation;
pub(crate) mod detail;
pub(crate) mod entry;
pub(crate) mod exact;
pub(crate) mod facts;
pub(crate) mod graph;
pub(crate) mod incident;
pub(crate) mod list;
pub(crate) mod pane;
pub(crate) mod panels;
pub(crate) mod proposal;
pub(crate) mod statement;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod tabs;
