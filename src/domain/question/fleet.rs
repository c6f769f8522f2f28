//! Questions about all servers at once: `which replicas lag?`, `any server with blocked sessions?`.

use super::intent::{FleetQuestion, Intent};
use super::reading::{Question, Reading};
use super::words::{Kind, Token};

/// What a column of the fleet table is asked by. The first line whose words are all there wins.
#[rustfmt::skip]
const COLUMNS: &[(&[&[&str]], FleetQuestion)] = &[
    (&[&["lag"]], FleetQuestion::Lag),
    (&[&["down"]], FleetQuestion::Down),
    (&[&["idleintransaction"]], FleetQuestion::IdleInTransaction),
    (&[&["idle"], &["transaction"]], FleetQuestion::IdleInTransaction),
    (&[&["block", "lock", "wait"]], FleetQuestion::Blocked),
    (&[&["transaction"]], FleetQuestion::LongTransactions),
    (&[&["connection"]], FleetQuestion::Connections),
    (&[&["cache", "hit"]], FleetQuestion::CacheHitRatio),
    (&[&["size", "disk", "diskusage", "largest"]], FleetQuestion::Size),
    (&[&["version"]], FleetQuestion::Versions),
    (&[&["uptime"]], FleetQuestion::Uptime),
    (&[&["performance", "slow", "analyze"]], FleetQuestion::Unhealthy),
    (&[&["run", "active", "write", "query", "load"]], FleetQuestion::Load),
    (&[&["replication", "primary"]], FleetQuestion::Roles),
    (&[&["up"]], FleetQuestion::Overview),
];

/// Words explained in a question about the fleet, beside those of the columns.
const MAY: &[&str] = &[
    "~", "show", "what", "who", "how", "all", "each", "of", "in", "on", "for", "with", "by", "and", "most", "top",
    "much", "now", "current", "howmany", "info", "server", "database", "more", "long", "longest", "open", "limit",
    "largest", "take", "where", "not", "far", "the", "size", "at", "old", "first", "last", "run", "are",
];

/// The question as one about all servers, if it is one.
pub(super) fn read(question: &Question<'_>) -> Option<Reading> {
    let tokens = &question.tokens;
    if !asks_all(tokens) {
        return None;
    }
    let has = |canons: &&[&str]| tokens.iter().any(|t| t.one_of(canons) || t.is(canons));
    let (needs, column) = COLUMNS
        .iter()
        .find(|(needs, _)| needs.iter().all(has))
        .map_or((&[][..], FleetQuestion::Overview), |(n, c)| (*n, *c));
    let explained = |t: &Token| {
        t.kind == Kind::Symbol
            || (t.kind == Kind::Word && (MAY.contains(&t.canon) || MAY.contains(&t.lower.as_str())))
            || needs.iter().any(|group| t.one_of(group) || t.is(group))
            || COLUMNS.iter().any(|(n, _)| n.iter().any(|g| t.one_of(g)))
            || question.is_own_name(t)
    };
    tokens.iter().all(explained).then(|| Reading {
        intent: Intent::Fleet(column),
        notes: Vec::new(),
        topic: None,
        plain: true,
    })
}

/// Servers in the plural, or one of them not named: `which server`, `any replica`, `the fleet`.
fn asks_all(tokens: &[Token]) -> bool {
    const PLURAL: &[&str] = &[
        "servers",
        "instances",
        "hosts",
        "targets",
        "nodes",
        "fleet",
        "clusters",
        "replicas",
        "standbys",
        "slaves",
        "followers",
        "secondaries",
        "primaries",
    ];
    const WIDE: &[&str] = &["any", "which", "what", "every", "all", "each", "how many", "are"];
    tokens.iter().enumerate().any(|(i, t)| {
        let unnamed = t.one_of(&["server", "replication"]) && !t.is(&["replication"]);
        let before = i.checked_sub(1).map(|b| &tokens[b]);
        let plural_server = t.means("server") && t.is(PLURAL);
        let plural_replica =
            t.is(PLURAL) && tokens.first().is_some_and(|f| f.is(&["which", "what", "any", "are", "how many", "all"]));
        plural_server || plural_replica || (unnamed && before.is_some_and(|b| b.is(WIDE)))
    })
}
