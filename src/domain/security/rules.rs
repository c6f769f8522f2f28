//! The rules: one table, each with its points and the reason for them. A connection begins with 100 and loses the
//! points of every rule that it breaks.

use super::address::Reach;
use super::facts::{Encryption, Facts, KeptIn, Strength};
use crate::domain::target::{Environment, Timestamp};

/// Findings that cost this much are findings to act on; what costs less is advice.
pub const SERIOUS: u8 = 15;
/// A password that expires within this time should be changed now, milliseconds.
const EXPIRES_SOON_MS: u64 = 14 * 86_400_000;
/// Points for each power that a watcher should not have, and for the powers that are all powers.
const POWER: (u8, u8) = (8, 25);
/// All powers together cost no more.
const MOST_FOR_POWERS: u8 = 40;

/// One rule.
pub struct Rule {
    /// Its name in JSON.
    pub id: &'static str,
    /// What breaking it costs, 0-100.
    pub points: u8,
    /// What is wrong, or none when it is not, or not known.
    pub broken: fn(&Facts, Timestamp) -> Option<String>,
    /// How it is mended.
    pub mend: &'static str,
}

/// Somebody may stand between us and the server.
fn exposed(f: &Facts) -> bool {
    !f.reach.is_local() && !f.tunnel
}

fn encrypted_only(f: &Facts, which: &[Encryption], words: &str) -> Option<String> {
    (exposed(f) && f.encryption.is_some_and(|e| which.contains(&e))).then(|| words.to_owned())
}

fn kept(f: &Facts, place: KeptIn, words: &str) -> Option<String> {
    (f.has_logins && f.kept_in == place).then(|| words.to_owned())
}

/// Every rule, the dearest first. Points: what hands a password or the data to whoever listens costs 40; what lets
/// somebody be the server, or a leak be the end of everything, 25; what makes either likelier, 8 to 20; what hides
/// where we are, 5.
pub static RULES: &[Rule] = &[
    Rule {
        id: "no_tls",
        points: 40,
        broken: |f, _| encrypted_only(f, &[Encryption::Off], "nothing is encrypted on the way to another machine"),
        mend: "turn TLS on and verify it, or go through an SSH tunnel",
    },
    Rule {
        id: "password_empty",
        points: 40,
        broken: |f, _| (f.strength == Some(Strength::Empty)).then(|| "the password is empty".to_owned()),
        mend: "give the login a long random password",
    },
    Rule {
        id: "password_is_user",
        points: 40,
        broken: |f, _| {
            (f.strength == Some(Strength::SameAsUser)).then(|| "the password is the user's name, or nearly".to_owned())
        },
        mend: "give the login a long random password",
    },
    Rule {
        id: "password_common",
        points: 35,
        broken: |f, _| {
            (f.strength == Some(Strength::Common)).then(|| "the password is one that everybody tries first".to_owned())
        },
        mend: "give the login a long random password",
    },
    Rule {
        id: "password_expired",
        points: 30,
        broken: |f, now| {
            let expires = f.seen.as_ref()?.expires?;
            (expires <= now).then(|| format!("the password expired on {}", day(expires)))
        },
        mend: "change it: new logins will be refused",
    },
    Rule {
        id: "tls_not_verified",
        points: 25,
        broken: |f, _| {
            let which = [Encryption::Perhaps, Encryption::Unverified];
            encrypted_only(f, &which, "the server's certificate is not verified: anybody between could be the server")
        },
        mend: "verify the certificate and its name; name the authority if it is your own",
    },
    Rule {
        id: "password_in_url",
        points: 20,
        broken: |f, _| {
            kept(f, KeptIn::Url, "the password stands in the URL: it is copied, committed and backed up with it")
        },
        mend: "take it out: the engine's own password file, `password_command`, or the vault",
    },
    Rule {
        id: "public_usual_port",
        points: 15,
        broken: |f, _| {
            (f.reach == Reach::Public && !f.tunnel && f.usual_port == Some(true))
                .then(|| "it listens for everybody on the engine's own port, which scanners try first".to_owned())
        },
        mend: "take it off the public network, or let in only known addresses",
    },
    Rule {
        id: "password_short",
        points: 10,
        broken: |f, _| {
            (f.strength == Some(Strength::Short)).then(|| "the password has fewer than 12 characters".to_owned())
        },
        mend: "give the login a long random password",
    },
    Rule {
        id: "tls_name_not_checked",
        points: 8,
        broken: |f, _| {
            encrypted_only(f, &[Encryption::AuthorityOnly], "the host name in the certificate is not checked")
        },
        mend: "verify the name too",
    },
    Rule {
        id: "password_expires_soon",
        points: 8,
        broken: |f, now| {
            let expires = f.seen.as_ref()?.expires?;
            (expires > now && expires.since(now) < EXPIRES_SOON_MS)
                .then(|| format!("the password expires on {}", day(expires)))
        },
        mend: "change it before that day",
    },
    Rule {
        id: "password_in_environment",
        points: 6,
        broken: |f, _| {
            kept(
                f,
                KeptIn::Environment,
                "the password is in the environment, where every program started from here reads it",
            )
        },
        mend: "use `password_command`, the vault, or the engine's own password file",
    },
    Rule {
        id: "environment_not_set",
        points: 5,
        broken: |f, _| {
            (f.environment == Environment::Unknown).then(|| "it is not said whether this is production".to_owned())
        },
        mend: "write environment = \"prod\", \"stage\" or \"dev\"",
    },
    Rule {
        id: "pooler",
        points: 5,
        broken: |f, _| f.pooler.clone(),
        mend: "watch the server itself, or the pooler's session mode",
    },
];

/// A rule that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The rule's name.
    pub id: &'static str,
    /// What it costs.
    pub points: u8,
    /// What is wrong.
    pub what: String,
    /// How it is mended.
    pub mend: String,
}

/// A judged connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// 100 less the points of the reasons, at least 0.
    pub score: u8,
    /// The dearest first.
    pub reasons: Vec<Reason>,
    /// What the login may do was seen; without that the score is of the settings alone.
    pub complete: bool,
}

impl Report {
    /// There is something to act on.
    pub fn is_serious(&self) -> bool {
        self.reasons.iter().any(|r| r.points >= SERIOUS)
    }
}

/// Judges a connection.
pub fn judge(facts: &Facts, now: Timestamp) -> Report {
    let mut reasons: Vec<Reason> = RULES
        .iter()
        .filter_map(|rule| {
            let what = (rule.broken)(facts, now)?;
            Some(Reason { id: rule.id, points: rule.points, what, mend: rule.mend.to_owned() })
        })
        .collect();
    reasons.extend(powers(facts));
    reasons.sort_by(|a, b| (b.points, &a.what).cmp(&(a.points, &b.what)));
    let lost: u32 = reasons.iter().map(|r| u32::from(r.points)).sum();
    let score = u8::try_from(100_u32.saturating_sub(lost)).unwrap_or(0);
    Report { score, reasons, complete: facts.seen.is_some() || !facts.has_logins }
}

/// What the login may do that a watcher should not: each power costs, all together not more than a leak does.
fn powers(facts: &Facts) -> Vec<Reason> {
    let mut left = MOST_FOR_POWERS;
    let Some(seen) = &facts.seen else { return Vec::new() };
    let mut priced: Vec<(u8, &String)> = seen
        .powers
        .iter()
        .map(|power| {
            let folded = power.to_lowercase();
            let all = ["superuser", "all privileges", "root", "nopass", "no password", "everything"];
            (if all.iter().any(|word| folded.contains(word)) { POWER.1 } else { POWER.0 }, power)
        })
        .collect();
    priced.sort_by_key(|(points, _)| std::cmp::Reverse(*points));
    priced
        .into_iter()
        .map(|(points, power)| {
            let points = points.min(left);
            left -= points;
            Reason {
                id: "power",
                points,
                what: format!("this login may do more than a watcher should: {power}"),
                mend: "use a login made for watching: `dba-gpt doctor` prints the statements that make one".to_owned(),
            }
        })
        .collect()
}

fn day(at: Timestamp) -> String {
    at.date_time(0)[..10].to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::facts::Seen;
    use super::*;

    const NOW: Timestamp = Timestamp(1_760_000_000_000);

    fn good() -> Facts {
        Facts {
            environment: Environment::Production,
            reach: Reach::Name,
            tunnel: false,
            usual_port: Some(true),
            encryption: Some(Encryption::Verified),
            has_logins: true,
            kept_in: KeptIn::Command,
            strength: Some(Strength::Fine),
            pooler: None,
            seen: Some(Seen::default()),
        }
    }
    fn seen(powers: &[&str], expires_in: Option<i64>) -> Seen {
        Seen { powers: powers.iter().map(|p| (*p).to_owned()).collect(), expires: expires_in.map(|ms| NOW.plus_ms(ms)) }
    }

    #[test]
    fn every_rule_is_broken_by_what_it_is_for_and_by_nothing_else() {
        assert_eq!(judge(&good(), NOW), Report { score: 100, reasons: Vec::new(), complete: true });
        let day = 86_400_000;
        let cases: Vec<(&str, Facts)> = vec![
            ("no_tls", Facts { encryption: Some(Encryption::Off), ..good() }),
            ("tls_not_verified", Facts { encryption: Some(Encryption::Perhaps), ..good() }),
            ("tls_not_verified", Facts { encryption: Some(Encryption::Unverified), ..good() }),
            ("tls_name_not_checked", Facts { encryption: Some(Encryption::AuthorityOnly), ..good() }),
            ("password_empty", Facts { strength: Some(Strength::Empty), ..good() }),
            ("password_is_user", Facts { strength: Some(Strength::SameAsUser), ..good() }),
            ("password_common", Facts { strength: Some(Strength::Common), ..good() }),
            ("password_short", Facts { strength: Some(Strength::Short), ..good() }),
            ("password_in_url", Facts { kept_in: KeptIn::Url, ..good() }),
            ("password_in_environment", Facts { kept_in: KeptIn::Environment, ..good() }),
            ("public_usual_port", Facts { reach: Reach::Public, ..good() }),
            ("environment_not_set", Facts { environment: Environment::Unknown, ..good() }),
            ("pooler", Facts { pooler: Some("a pooler stands between".into()), ..good() }),
            ("password_expired", Facts { seen: Some(seen(&[], Some(-1))), ..good() }),
            ("password_expires_soon", Facts { seen: Some(seen(&[], Some(13 * day))), ..good() }),
            ("power", Facts { seen: Some(seen(&["owns 14 tables"], None)), ..good() }),
        ];
        for rule in RULES {
            assert!(cases.iter().any(|(id, _)| *id == rule.id), "{} has no case", rule.id);
        }
        for (id, facts) in cases {
            let report = judge(&facts, NOW);
            let ids: Vec<&str> = report.reasons.iter().map(|r| r.id).collect();
            assert_eq!(ids, [id], "{facts:?}");
            assert_eq!(u32::from(report.score) + u32::from(report.reasons[0].points), 100);
        }
    }

    #[test]
    fn nobody_listens_on_this_machine_or_inside_a_tunnel() {
        for (reach, tunnel) in [(Reach::Machine, false), (Reach::Loopback, false), (Reach::Public, true)] {
            let facts = Facts { reach, tunnel, encryption: Some(Encryption::Off), ..good() };
            assert_eq!(judge(&facts, NOW).score, 100, "{reach:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_judged_and_the_report_says_that_it_is_not_complete() {
        let facts = Facts { encryption: None, strength: None, usual_port: None, seen: None, ..good() };
        let report = judge(&facts, NOW);
        assert_eq!((report.score, report.complete), (100, false));
    }

    #[test]
    fn powers_add_up_to_a_limit_and_no_score_is_below_zero() {
        let all = seen(&["owns 3 tables", "superuser", "CREATEDB", "CREATEROLE", "REPLICATION"], None);
        let report = judge(&Facts { seen: Some(all.clone()), ..good() }, NOW);
        assert_eq!((report.score, report.reasons[0].points), (60, 25));
        let worst = Facts {
            encryption: Some(Encryption::Off),
            strength: Some(Strength::Empty),
            kept_in: KeptIn::Url,
            reach: Reach::Public,
            seen: Some(all),
            ..good()
        };
        assert_eq!(judge(&worst, NOW).score, 0);
        assert!(judge(&worst, NOW).is_serious() && !judge(&good(), NOW).is_serious());
    }
}
