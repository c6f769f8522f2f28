//! Why a connection failed, and which setting would mend it: a pure judgement over what the failure says and what a
//! few probes found. What would make a connection less safe is explained, and never offered as a change.

use super::approach::Approach;
use super::change::{Change, KnownFix};
use super::probe::{Answer, Found};
use crate::domain::error_event::{ConnectKind, MUTE, tls_code};

/// Names further apart than this are not taken for each other.
const NEAR: usize = 2;

/// A likely cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How sure we are, per cent.
    pub confidence: u8,
    /// What seems to be wrong, one sentence without a full stop.
    pub what: String,
    /// The changed setting that would mend it.
    pub change: Option<Change>,
    /// What to do by hand, where no single setting does it.
    pub by_hand: Option<String>,
}

/// A failed connection.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// Its kind.
    pub kind: ConnectKind,
    /// The code, often empty.
    pub code: &'a str,
    /// Host as said; the folder of a socket; empty where there are several or none.
    pub host: &'a str,
    /// Port as said or by default.
    pub port: u16,
    /// Database as said or by default.
    pub database: &'a str,
    /// What the engine looks like from outside.
    pub approach: &'a Approach,
    /// Hosts of targets that answer.
    pub good_hosts: &'a [&'a str],
    /// What let us in the last time.
    pub known: Option<&'a KnownFix>,
}

/// Takes `host:port/database` apart, as engines print addresses; several hosts leave the host empty.
pub fn address_parts(address: &str, default_port: u16) -> (&str, u16, &str) {
    let (place, database) = match address.rfind('/').filter(|at| *at > 0) {
        Some(at) => (&address[..at], &address[at + 1..]),
        None => (address, ""),
    };
    if place.contains(',') {
        return ("", default_port, database);
    }
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(default_port)),
        _ => (place, default_port),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port, database)
}

/// Likely causes, the likeliest first.
pub fn diagnose(case: &Case<'_>, found: &[Found]) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(known(case));
    findings.extend(of_ports(case, found));
    findings.extend(of_families(case, found));
    findings.extend(of_sockets(case, found));
    findings.extend(of_databases(case, found));
    findings.extend(of_host(case));
    findings.extend(of_tls(case));
    findings.extend(general(case).into_iter().map(|(confidence, what, by_hand)| Finding {
        confidence,
        what: what.to_owned(),
        change: None,
        by_hand: Some(by_hand.to_owned()),
    }));
    findings.sort_by_key(|f| std::cmp::Reverse(f.confidence));
    findings
}

fn finding(confidence: u8, what: impl Into<String>, change: Change) -> Finding {
    Finding { confidence, what: what.into(), change: Some(change), by_hand: None }
}

fn by_hand(confidence: u8, what: impl Into<String>, by_hand: impl Into<String>) -> Finding {
    Finding { confidence, what: what.into(), change: None, by_hand: Some(by_hand.into()) }
}

fn known(case: &Case<'_>) -> Option<Finding> {
    let known = case.known?;
    // An old change that has since become the setting is no news.
    if known.change == Change::Port(case.port) || known.change == Change::Database(case.database.to_owned()) {
        return None;
    }
    let day = &known.at.date_time(0)[..10];
    let what = format!("{} worked the last time ({day}, {})", known.change.words(), known.reason);
    Some(finding(90, what, known.change.clone()))
}

fn of_ports(case: &Case<'_>, found: &[Found]) -> Vec<Finding> {
    let own = case.approach;
    let mut findings = Vec::new();
    for look in found {
        let Found::Port(port, Answer::Speaks(language)) = look else { continue };
        match language {
            Some(language) if language.scheme == own.scheme && *port != case.port => {
                let who = own.who_at(*port).unwrap_or(own.name);
                let confidence = if own.ports.first().is_some_and(|p| p.number == *port) { 85 } else { 75 };
                findings.push(finding(
                    confidence,
                    format!("{} answers on port {port} of {}, where {who} usually listens", own.name, case.host),
                    Change::Port(*port),
                ));
            }
            Some(language) if language.scheme != own.scheme && *port == case.port => findings.push(finding(
                88,
                format!("port {port} of {} speaks {}, not {}", case.host, language.name, own.name),
                Change::Scheme(language.scheme.to_owned()),
            )),
            None if *port == case.port && (case.kind == ConnectKind::Other || case.code == MUTE) => {
                findings.push(by_hand(
                    40,
                    format!(
                        "something on port {port} of {} takes connections and does not speak {}",
                        case.host, own.name
                    ),
                    "check the port: a proxy, a tunnel or another service may listen there",
                ));
            }
            _ => {}
        }
    }
    findings
}

fn of_families(case: &Case<'_>, found: &[Found]) -> Option<Finding> {
    let addresses = found.iter().find_map(|f| if let Found::Families(a) = f { Some(a) } else { None })?;
    let good = addresses.iter().find(|a| a.answers)?;
    let bad = addresses.iter().find(|a| !a.answers && a.six != good.six)?;
    let family = |six: bool| if six { "IPv6" } else { "IPv4" };
    let what = format!(
        "{} answers over {} ({}) and not over {} ({})",
        case.host,
        family(good.six),
        good.address,
        family(bad.six),
        bad.address
    );
    let local = case.host == "localhost";
    Some(match case.approach.address_parameter {
        Some(name) => finding(70, what, Change::Parameter(name.to_owned(), good.address.clone())),
        None if local => finding(70, what, Change::Host(good.address.clone())),
        // With the address in place of the name no certificate would fit any more.
        None => by_hand(70, what, format!("let the name resolve to {} only, or mend the other address", good.address)),
    })
}

fn of_sockets(case: &Case<'_>, found: &[Found]) -> Option<Finding> {
    let folders = found.iter().find_map(|f| if let Found::Sockets(s) = f { Some(s) } else { None })?;
    let folder = folders.first()?;
    Some(finding(
        72,
        format!("{} on this machine listens on the socket in {folder}, and not on {}", case.approach.name, case.host),
        Change::Host(folder.clone()),
    ))
}

fn of_databases(case: &Case<'_>, found: &[Found]) -> Vec<Finding> {
    let Some(names) = found.iter().find_map(|f| if let Found::Databases(n) = f { Some(n) } else { None }) else {
        return Vec::new();
    };
    let wanted = case.database.to_lowercase();
    let mut near: Vec<(usize, &String)> = names
        .iter()
        .filter(|name| name.as_str() != case.database)
        .map(|name| (strsim::damerau_levenshtein(&name.to_lowercase(), &wanted), name))
        .filter(|(distance, name)| {
            *distance <= NEAR.min(wanted.len() / 2)
                || (wanted.len() >= 3 && name.to_lowercase().contains(&wanted))
                || (name.len() >= 3 && wanted.contains(&name.to_lowercase()))
        })
        .collect();
    near.sort();
    if near.is_empty() {
        let list = names.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
        return vec![by_hand(
            60,
            format!("there is no database {} on {}", case.database, case.host),
            format!("there are: {list}"),
        )];
    }
    near.into_iter()
        .take(3)
        .enumerate()
        .map(|(i, (_, name))| {
            let confidence = 84_u8.saturating_sub(u8::try_from(i * 10).unwrap_or(u8::MAX));
            finding(
                confidence,
                format!("there is a database {name}, and none named {}", case.database),
                Change::Database(name.clone()),
            )
        })
        .collect()
}

fn of_host(case: &Case<'_>) -> Option<Finding> {
    if case.kind != ConnectKind::BadHost || case.host.is_empty() {
        return None;
    }
    let near = case
        .good_hosts
        .iter()
        .map(|host| (strsim::damerau_levenshtein(host, case.host), *host))
        .filter(|(distance, _)| (1..=NEAR).contains(distance))
        .min()?;
    // It is another server, perhaps: its name is shown, and a person writes it down or does not.
    let (_, host) = near;
    Some(by_hand(
        75,
        format!("{} does not resolve, and {host} of another target does", case.host),
        format!("if that is what was meant, write {host}"),
    ))
}

fn of_tls(case: &Case<'_>) -> Option<Finding> {
    let encrypt = case.approach.encryption();
    Some(match (case.kind, case.code) {
        (_, tls_code::REQUIRED) => match encrypt {
            Some(change) => finding(90, "the server lets in only encrypted connections", change),
            None => by_hand(90, "the server lets in only encrypted connections", "turn TLS on in the URL"),
        },
        (ConnectKind::Tls, tls_code::PLAIN) => match encrypt {
            Some(change) => finding(85, "nothing would be encrypted on the way to the server", change),
            None => by_hand(85, "nothing would be encrypted on the way to the server", "turn TLS on in the URL"),
        },
        (ConnectKind::Tls, tls_code::NOT_OFFERED) => by_hand(
            85,
            "the server does not offer TLS",
            "turn it on there; going without would send everything in the clear, so it is never offered here",
        ),
        (ConnectKind::Tls, tls_code::NAME) => by_hand(
            85,
            "the certificate is for another name than the host in the URL",
            "connect by a name that the certificate carries; any other name may be an impostor's",
        ),
        (ConnectKind::Tls, tls_code::ISSUER) => by_hand(
            85,
            "the certificate is from an authority that is not trusted here",
            "name the authority's certificate in the URL; not verifying would let anybody be the server",
        ),
        (ConnectKind::Tls, tls_code::EXPIRED) => by_hand(
            90,
            "the server's certificate has expired or is not valid yet",
            "have it renewed, and check both clocks",
        ),
        (ConnectKind::Tls, _) => by_hand(
            40,
            "the encrypted conversation could not be begun",
            "compare what both sides accept: versions of TLS, and who has to show a certificate",
        ),
        _ => return None,
    })
}

/// What is generally so for a kind of failure, for want of something better.
fn general(case: &Case<'_>) -> Option<(u8, &'static str, &'static str)> {
    Some(match case.kind {
        ConnectKind::BadHost => {
            (30, "the name does not resolve", "check its spelling, the resolver, and whether a VPN or tunnel is needed")
        }
        ConnectKind::Refused => {
            (30, "nothing listens there", "check that the server runs, on which address it listens, and the port")
        }
        ConnectKind::Unreachable if case.code == MUTE => (
            35,
            "the port takes connections and nobody speaks",
            "the server hangs, or another program listens there: look on that machine who has the port",
        ),
        ConnectKind::Unreachable => (
            30,
            "nothing comes back",
            "a firewall or a missing route swallows packets, or the server hangs: check from its own network",
        ),
        ConnectKind::Authentication => (
            60,
            "the server does not accept this user with this password",
            "check the user, and where the password comes from; it is tried again when that changes, or by `r`",
        ),
        ConnectKind::UnsupportedLogin => (
            60,
            "the server asks for a way to log in that this program does not speak",
            "give the user a password login",
        ),
        ConnectKind::NoSuchDatabase => (40, "the database in the URL is not there", "name one that is"),
        ConnectKind::TooManyConnections => (
            70,
            "every session of the server is taken",
            "end idle ones, raise the limit, or put a pooler in front; a reserved session may still let you in",
        ),
        ConnectKind::NotReady => {
            (70, "the server is starting, stopping or recovering", "wait; its log says how far it is")
        }
        ConnectKind::Settings => (
            60,
            "the target's settings cannot be used as they are",
            "the message says which; `dba-gpt config check` says where",
        ),
        ConnectKind::Tls | ConnectKind::Other => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::approach::UsualPort;
    use super::super::probe::{FamilyAnswer, Language};
    use super::*;
    use crate::domain::target::Timestamp;

    const APPROACH: Approach = Approach {
        name: "OurSQL",
        scheme: "our",
        ports: &[UsualPort { number: 7000, who: "OurSQL" }, UsualPort { number: 7001, who: "OurPool" }],
        default_databases: &["main"],
        encrypt: Some(("tls", Some("verify"))),
        ..Approach::UNKNOWN
    };

    fn case(kind: ConnectKind) -> Case<'static> {
        let (host, database) = ("db1.example", "orders");
        Case { kind, code: "", host, port: 7010, database, approach: &APPROACH, good_hosts: &[], known: None }
    }
    fn speaks(scheme: &'static str) -> Answer {
        Answer::Speaks(Some(Language { name: if scheme == "our" { "OurSQL" } else { "TheirSQL" }, scheme }))
    }
    fn best(case: &Case<'_>, found: &[Found]) -> Finding {
        diagnose(case, found).into_iter().next().unwrap_or_else(|| panic!("nothing is said about {:?}", case.kind))
    }
    fn family(address: &str, answers: bool) -> FamilyAnswer {
        FamilyAnswer { address: address.into(), six: address.contains(':'), answers }
    }

    #[test]
    fn what_was_found_decides_which_setting_is_offered() {
        let refused = case(ConnectKind::Refused);
        let other = case(ConnectKind::Other);
        let no_database = case(ConnectKind::NoSuchDatabase);
        let names = |list: &[&str]| vec![Found::Databases(list.iter().map(|n| (*n).to_owned()).collect())];
        for (case, found, change) in [
            (
                refused,
                vec![Found::Port(7000, speaks("our")), Found::Port(7001, speaks("our"))],
                Some(Change::Port(7000)),
            ),
            (
                refused,
                vec![Found::Port(7000, Answer::Refused), Found::Port(7001, speaks("our"))],
                Some(Change::Port(7001)),
            ),
            (refused, vec![Found::Port(7000, speaks("their"))], None),
            (other, vec![Found::Port(7010, speaks("their"))], Some(Change::Scheme("their".into()))),
            (other, vec![Found::Port(7010, Answer::Speaks(None))], None),
            (no_database, names(&["main", "order", "billing"]), Some(Change::Database("order".into()))),
            (no_database, names(&["Orders"]), Some(Change::Database("Orders".into()))),
            (no_database, names(&["main", "billing"]), None),
            (refused, vec![Found::Sockets(vec!["/run/our".into()])], Some(Change::Host("/run/our".into()))),
        ] {
            assert_eq!(best(&case, &found).change, change, "{:?} {found:?}", case.kind);
        }
    }

    #[test]
    fn one_family_of_addresses_that_answers_is_offered_where_no_certificate_suffers() {
        let found = [Found::Families(vec![family("::1", false), family("127.0.0.1", true)])];
        let local = Case { host: "localhost", ..case(ConnectKind::Refused) };
        assert_eq!(best(&local, &found).change, Some(Change::Host("127.0.0.1".into())));
        let named = case(ConnectKind::Unreachable);
        assert!(best(&named, &found).change.is_none() && best(&named, &found).what.contains("IPv4"));
        let with = Approach { address_parameter: Some("address"), ..APPROACH };
        let dialled = Case { approach: &with, ..named };
        assert_eq!(best(&dialled, &found).change, Some(Change::Parameter("address".into(), "127.0.0.1".into())));
        let both = [Found::Families(vec![family("::1", false), family("127.0.0.1", false)])];
        assert_eq!(best(&named, &both).confidence, 30);
    }

    #[test]
    fn what_would_be_less_safe_is_explained_and_never_offered() {
        for code in [tls_code::NOT_OFFERED, tls_code::NAME, tls_code::ISSUER, tls_code::EXPIRED, ""] {
            let findings = diagnose(&Case { code, ..case(ConnectKind::Tls) }, &[]);
            assert!(!findings.is_empty() && findings.iter().all(|f| f.change.is_none()), "{code}: {findings:?}");
        }
        let required = Case { code: tls_code::REQUIRED, ..case(ConnectKind::Authentication) };
        assert_eq!(best(&required, &[]).change, Some(Change::Parameter("tls".into(), "verify".into())));
        let plain = Case { code: tls_code::PLAIN, ..case(ConnectKind::Tls) };
        assert_eq!(best(&plain, &[]).change, Some(Change::Parameter("tls".into(), "verify".into())));
        // Nor is another host, however much alike: it is another server.
        let mistyped = Case { host: "db1.exmaple", good_hosts: &["db1.example"], ..case(ConnectKind::BadHost) };
        let told = best(&mistyped, &[]);
        assert!(told.change.is_none() && told.by_hand.is_some_and(|b| b.contains("db1.example")), "{}", told.what);
    }

    #[test]
    fn what_worked_the_last_time_comes_first() {
        let known =
            KnownFix { at: Timestamp(1_760_000_000_000), change: Change::Port(7001), reason: "OurPool answers".into() };
        let found = [Found::Port(7000, speaks("our"))];
        let first = best(&Case { known: Some(&known), ..case(ConnectKind::Refused) }, &found);
        assert_eq!(first.change, Some(Change::Port(7001)));
        assert!(first.what.contains("2025-10-09"), "{}", first.what);
        let by_now = Case { known: Some(&known), port: 7001, ..case(ConnectKind::Refused) };
        assert_eq!(best(&by_now, &found).change, Some(Change::Port(7000)));
    }

    #[test]
    fn addresses_come_apart() {
        for (address, parts) in [
            ("db.example:5432/orders", ("db.example", 5432, "orders")),
            ("[::1]:7/d", ("::1", 7, "d")),
            ("/run/x:5432/d", ("/run/x", 5432, "d")),
            ("a:1,b:2/d", ("", 99, "d")),
            ("h:6379/0", ("h", 6379, "0")),
            ("h", ("h", 99, "")),
        ] {
            assert_eq!(address_parts(address, 99), parts, "{address}");
        }
    }
}
