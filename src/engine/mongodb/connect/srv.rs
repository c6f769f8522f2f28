//! `mongodb+srv`: the servers behind a name, from its SRV records, and options from its TXT record.

use super::url::{Options, member};
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::net::Endpoint;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{ResolverBuilder, TokioResolver};
use tokio::time::{Instant, timeout_at};

/// Options that a TXT record may set; nothing else in it counts.
const OF_TXT: [&str; 3] = ["authsource", "replicaset", "loadbalanced"];

/// What the name service knows about a name.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) servers: Vec<Endpoint>,
    pub(super) options: Options,
}

/// Asks the name service.
pub(super) async fn resolve(name: &str, service: &str, deadline: Instant) -> Result<Found, ConnectError> {
    let asked = async {
        let resolver = TokioResolver::builder_tokio().and_then(ResolverBuilder::build).map_err(|e| bad(name, &e))?;
        let records = resolver.srv_lookup(format!("_{service}._tcp.{name}.")).await;
        let records = match records {
            Ok(records) => records,
            Err(e) if e.is_no_records_found() => return Err(no_records(name, service)),
            Err(e) => return Err(bad(name, &e)),
        };
        let hosts: Vec<(String, u16)> = records
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(srv) => Some((srv.target.to_utf8(), srv.port)),
                _ => None,
            })
            .collect();
        let texts: Vec<String> = match resolver.txt_lookup(format!("{name}.")).await {
            Err(e) if e.is_no_records_found() => Vec::new(),
            Err(e) => return Err(bad(name, &e)),
            Ok(found) => found
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::TXT(txt) => Some(
                        txt.txt_data.iter().map(|part| String::from_utf8_lossy(part).into_owned()).collect::<String>(),
                    ),
                    _ => None,
                })
                .collect(),
        };
        judge(name, &hosts, &texts)
    };
    timeout_at(deadline, asked).await.unwrap_or_else(|_| {
        Err(ConnectError::new(ConnectKind::BadHost, format!("the name service did not answer about {name} in time")))
    })
}

/// Takes what the records say, within the rules of the specification: servers of the same domain only, so that a
/// forged record cannot lead a login elsewhere, and one TXT record with known options.
fn judge(name: &str, hosts: &[(String, u16)], texts: &[String]) -> Result<Found, ConnectError> {
    let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    let domain = if labels.len() >= 3 { labels[1..].join(".") } else { labels.join(".") };
    let mut found = Found::default();
    for (host, port) in hosts {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let inside =
            host.strip_suffix(&domain.to_ascii_lowercase()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
        if !inside {
            return Err(ConnectError::new(
                ConnectKind::BadHost,
                format!("the SRV record of {name} leads out of {domain}: it is not followed"),
            ));
        }
        found.servers.extend(member(&format!("{host}:{port}")));
    }
    if found.servers.is_empty() {
        return Err(no_records(name, "mongodb"));
    }
    let wrong =
        || ConnectError::new(ConnectKind::BadHost, format!("the TXT record of {name} is not one that MongoDB can use"));
    match texts {
        [] => {}
        [one] => {
            let known = |pair: &str| {
                pair.split_once('=').is_some_and(|(option, _)| OF_TXT.contains(&option.to_ascii_lowercase().as_str()))
            };
            if !one.split('&').all(known) {
                return Err(wrong());
            }
            found.options = Options::parse(one).map_err(|_| wrong())?;
        }
        _ => return Err(wrong()),
    }
    Ok(found)
}

fn no_records(name: &str, service: &str) -> ConnectError {
    ConnectError::new(
        ConnectKind::BadHost,
        format!(
            "{name} has no SRV record _{service}._tcp: check its spelling, or use mongodb:// with the servers' own names"
        ),
    )
}

fn bad(name: &str, error: &dyn std::fmt::Display) -> ConnectError {
    ConnectError::new(ConnectKind::BadHost, format!("the SRV record of {name} cannot be looked up: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hosts(list: &[&str]) -> Vec<(String, u16)> {
        list.iter().map(|host| ((*host).to_owned(), 27017)).collect()
    }

    #[test]
    fn servers_of_the_same_domain_are_taken() {
        let found = judge(
            "cluster0.abc.example.net",
            &hosts(&["s0.abc.example.net.", "S1.abc.example.net."]),
            &["authSource=admin&replicaSet=rs0".to_owned()],
        )
        .unwrap();
        let words: Vec<String> = found.servers.iter().map(Endpoint::words).collect();
        assert_eq!(words, ["s0.abc.example.net:27017", "s1.abc.example.net:27017"]);
        assert_eq!((found.options.get("authsource"), found.options.get("replicaset")), (Some("admin"), Some("rs0")));
    }

    #[test]
    fn what_leads_elsewhere_or_says_more_is_refused() {
        let name = "cluster0.abc.example.net";
        let good = hosts(&["s0.abc.example.net"]);
        for bad in ["s0.evil.net", "abc.example.net", "evilabc.example.net", ".abc.example.net"] {
            assert!(judge(name, &hosts(&[bad]), &[]).is_err(), "{bad}");
        }
        for texts in [vec!["tls=false"], vec!["authSource=a", "replicaSet=b"], vec!["authSource"]] {
            let texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
            assert!(judge(name, &good, &texts).is_err(), "{texts:?}");
        }
        assert_eq!(judge(name, &[], &[]).unwrap_err().kind, ConnectKind::BadHost);
        assert!(judge(name, &good, &[]).is_ok());
    }
}
