//! `sql` and `guard`.
