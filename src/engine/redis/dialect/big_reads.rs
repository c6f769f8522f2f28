//! Reads without an end, answered through their bounded form: a person who types `HGETALL user:1` wants to see the
//! key, and the server shall not have to send all of it.

use super::line;

/// Commands that read all elements of the one key behind them.
const WHOLE: &[&str] = &["HGETALL", "HKEYS", "HVALS", "SMEMBERS"];
/// Commands that read a range, of which `0 -1` is all.
const RANGES: &[&str] = &["LRANGE", "ZRANGE", "ZREVRANGE"];

/// The bounded form of such a command; any other line comes back unchanged.
pub(super) fn bounded(statement: &str) -> String {
    form(statement).unwrap_or_else(|| statement.to_owned())
}

fn form(statement: &str) -> Option<String> {
    let words = line::split(statement).ok()?;
    let (name, arguments) = words.split_first()?;
    let name = std::str::from_utf8(name).ok()?.to_ascii_uppercase();
    let show = |key: &[u8]| Some(format!("--show {}", line::quote(key)));
    match arguments {
        [key] if WHOLE.contains(&name.as_str()) => show(key),
        [pattern] if name == "KEYS" => Some(format!("--scan --pattern {}", line::quote(pattern))),
        [key, from, to, rest @ ..] if RANGES.contains(&name.as_str()) && from == b"0" && to == b"-1" => {
            rest.iter().all(|word| word.eq_ignore_ascii_case(b"WITHSCORES")).then(|| show(key)).flatten()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn what_has_no_end_gets_one() {
        for (typed, sent) in [
            ("HGETALL user:1", "--show user:1"),
            ("smembers 'a b'", "--show \"a b\""),
            ("LRANGE l 0 -1", "--show l"),
            ("zrange z 0 -1 withscores", "--show z"),
            ("KEYS user:*", "--scan --pattern user:*"),
        ] {
            assert_eq!(bounded(typed), sent, "{typed}");
        }
    }

    #[test]
    fn everything_else_stays_as_it_was_typed() {
        for typed in [
            "LRANGE l 0 9",
            "ZRANGE z 0 -1 BYSCORE",
            "HGETALL",
            "HGETALL a b",
            "KEYS",
            "GET k",
            "DEL k",
            "HGETALL \"k",
            "KEYS a b",
        ] {
            assert_eq!(bounded(typed), typed);
        }
    }
}
