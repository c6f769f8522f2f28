//! Views of the server screen, each one query.

use crate::engine::View;

pub(super) static VIEWS: &[View] = &[];
