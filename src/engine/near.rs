//! Names that resemble one that is not there, for procedures: what somebody meant who wrote it.

/// Names that are compared: more than any database has that a person knows by heart.
const COMPARED: usize = 20_000;
/// Names that are offered.
const OFFERED: usize = 3;

/// Bytes by which a name with two slips may be longer or shorter: what an error names may be of any length.
const MOST_BYTES: usize = 8;

/// The nearest of some names, the best first: two slips at most (checks.md C1), one in a short name; the same name in
/// another case and the singular of a plural are none.
pub(in crate::engine) fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let most = if wanted.chars().count() <= 4 { 1 } else { 2 };
    let mut near: Vec<(usize, &str)> = names
        .take(COMPARED)
        .filter(|name| name.len().abs_diff(wanted.len()) <= MOST_BYTES)
        .map(|name| (strsim::damerau_levenshtein(&wanted, &name.to_lowercase()), name))
        .filter(|(slips, _)| *slips <= most)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(OFFERED).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        let names = ["orders", "Customers", "log", "order_items"];
        let of = |wanted: &str| nearest(wanted, names.into_iter());
        assert_eq!(of("ordres"), ["orders"]);
        assert_eq!(of("order"), ["orders"]);
        assert_eq!(of("customers"), ["Customers"]);
        assert_eq!(of("lag"), ["log"]);
        assert!(of("invoices").is_empty() && of("lots").is_empty());
    }
}
