//! What most of the targets do and this one does not: the pattern of those that are well is the best advice there is.

use super::facts::{Encryption, Facts, KeptIn};
use crate::domain::target::Environment;

/// At least this many other targets must follow a pattern ...
const LEAST: usize = 3;
/// ... and this share of those that could.
const SHARE: (usize, usize) = (3, 4);

/// A pattern that a target does not follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// `11 of 12 prod targets verify TLS; this one does not`.
    pub words: String,
    /// How many follow it, of how many.
    pub followed: (usize, usize),
}

/// A habit: its words, and whether a connection follows it (none: it does not apply, or is not known).
struct Habit {
    they: &'static str,
    this: &'static str,
    follows: fn(&Facts) -> Option<bool>,
}

const HABITS: &[Habit] = &[
    Habit {
        they: "verify the server's certificate",
        this: "this one does not",
        follows: |f| match f.encryption {
            _ if f.reach.is_local() || f.tunnel => None,
            None => None,
            Some(encryption) => Some(encryption >= Encryption::AuthorityOnly),
        },
    },
    Habit {
        they: "keep their password out of the URL",
        this: "this one does not",
        follows: |f| f.has_logins.then_some(f.kept_in != KeptIn::Url),
    },
    Habit {
        they: "use a login that can do nothing but watch",
        this: "this one can do more",
        follows: |f| f.seen.as_ref().map(|seen| seen.powers.is_empty()),
    },
    Habit {
        they: "say whether they are production",
        this: "this one does not",
        follows: |f| Some(f.environment != Environment::Unknown),
    },
    Habit {
        they: "are not open to everybody on the engine's own port",
        this: "this one is",
        follows: |f| f.usual_port.map(|usual| !(usual && f.reach == super::Reach::Public)),
    },
];

/// The patterns that `this` does not follow and most of `others` do: those of its environment where there are enough,
/// else all.
pub fn patterns(this: &Facts, others: &[&Facts]) -> Vec<Pattern> {
    let same: Vec<&Facts> = others.iter().copied().filter(|f| f.environment == this.environment).collect();
    let (peers, who) = if same.len() >= LEAST && this.environment != Environment::Unknown {
        (same, format!("{} targets", this.environment.word()))
    } else {
        (others.to_vec(), "targets".to_owned())
    };
    HABITS
        .iter()
        .filter(|habit| (habit.follows)(this) == Some(false))
        .filter_map(|habit| {
            let judged: Vec<bool> = peers.iter().filter_map(|f| (habit.follows)(f)).collect();
            let followed = judged.iter().filter(|f| **f).count();
            // This one is among those that are counted, so that the sentence adds up.
            let all = judged.len() + 1;
            (followed >= LEAST && followed * SHARE.1 >= all * SHARE.0).then(|| Pattern {
                words: format!("{followed} of {all} {who} {}; {}", habit.they, habit.this),
                followed: (followed, all),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Reach;
    use super::super::facts::{Seen, Strength};
    use super::*;

    fn facts(environment: Environment, encryption: Encryption) -> Facts {
        Facts {
            environment,
            reach: Reach::Private,
            tunnel: false,
            usual_port: Some(true),
            encryption: Some(encryption),
            has_logins: true,
            kept_in: KeptIn::Vault,
            strength: Some(Strength::Fine),
            pooler: None,
            seen: Some(Seen::default()),
        }
    }

    #[test]
    fn the_odd_one_out_is_told_and_the_others_are_not() {
        let production = |encryption| facts(Environment::Production, encryption);
        let eleven: Vec<Facts> = (0..11).map(|_| production(Encryption::Verified)).collect();
        let odd = production(Encryption::Unverified);
        let words: Vec<String> =
            patterns(&odd, &eleven.iter().collect::<Vec<_>>()).into_iter().map(|p| p.words).collect();
        assert_eq!(words, ["11 of 12 prod targets verify the server's certificate; this one does not"]);
        let mut others: Vec<&Facts> = eleven.iter().skip(1).collect();
        others.push(&odd);
        assert_eq!(patterns(&eleven[0], &others), []);
    }

    #[test]
    fn few_targets_and_split_habits_are_no_pattern() {
        let odd = facts(Environment::Production, Encryption::Off);
        let good = facts(Environment::Production, Encryption::Verified);
        let bad = facts(Environment::Production, Encryption::Off);
        assert_eq!(patterns(&odd, &[&good, &good]), [], "two are too few");
        assert_eq!(patterns(&odd, &[&good, &good, &good, &bad, &bad]), [], "three of six are no habit");
        // Too few of its environment: all are looked at.
        let stage = facts(Environment::Staging, Encryption::Off);
        let found = patterns(&stage, &[&good, &good, &good]);
        assert_eq!(found.len(), 1);
        assert!(found[0].words.starts_with("3 of 4 targets verify"), "{}", found[0].words);
    }
}
