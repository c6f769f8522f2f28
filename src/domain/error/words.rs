//! Kinds told by words, for the codes that stand for many kinds of errors.

use super::kind::ErrorKind;

/// Words that must all stand in a message, in lower case, and the kind that they tell.
pub type Rule = (&'static [&'static str], ErrorKind);

/// The kind of the first rule whose words all stand in the message, in any letter case.
pub fn kind_of(rules: &[Rule], message: &str) -> Option<ErrorKind> {
    let message = message.to_lowercase();
    rules.iter().find(|(words, _)| words.iter().all(|word| message.contains(word))).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_of_a_rule_are_needed_and_the_first_rule_wins() {
        let rules: &[Rule] =
            &[(&["no such", "table"], ErrorKind::TableNotFound), (&["no such"], ErrorKind::ObjectNotFound)];
        assert_eq!(kind_of(rules, "No such table: t"), Some(ErrorKind::TableNotFound));
        assert_eq!(kind_of(rules, "no such index: t"), Some(ErrorKind::ObjectNotFound));
        assert_eq!(kind_of(rules, "a table"), None);
    }
}
