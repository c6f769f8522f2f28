//! Which names mean a secret, by how they end: `token` and `access_token` do, `token_count` and `tokens` do not.

/// How a name that means a secret takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A word of a statement: `PASSWORD '...'`, and in double quotes too.
    Clause,
    /// A setting whose value follows without a sign: `requirepass x`.
    Setting,
    /// The same, behind the name of what it is for: `sentinel auth-pass primary x`.
    SettingOfOne,
    /// Any other name.
    Name,
}

/// What a call's quoted texts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Keys and what they keep secret.
    Keys,
    /// A key in one dialect, the name of a format in another.
    Codec,
}

/// Ends of names, also with something glued before them: `dbpassword`.
const ENDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "apikey",
    "secretkey",
    "accesskey",
    "privatekey",
    "requirepass",
    "masterauth",
];
/// Last parts that mean one as a whole.
const LAST: &[&str] = &["pw", "credential", "credentials", "authorization"];
/// What makes of `key` a secret one; `primary_key` and `partition_key` are none.
const OF_KEYS: &[&str] =
    &["api", "access", "secret", "private", "encryption", "signing", "master", "auth", "shared", "account", "service"];
/// What makes of `pass` something else than a password: `boarding_pass`.
const NO_PASSWORD: &[&str] =
    &["boarding", "season", "day", "week", "month", "ski", "bus", "rail", "by", "first", "second", "multi", "single"];
/// Functions that are given keys or passwords.
const KEYED: &[&str] = &[
    "pgp_sym_encrypt",
    "pgp_sym_decrypt",
    "pgp_sym_encrypt_bytea",
    "pgp_sym_decrypt_bytea",
    "pgp_pub_decrypt",
    "pgp_pub_decrypt_bytea",
    "pgp_pub_encrypt",
    "pgp_pub_encrypt_bytea",
    "encrypt",
    "decrypt",
    "encrypt_iv",
    "decrypt_iv",
    "crypt",
    "hmac",
    "aes_encrypt",
    "aes_decrypt",
    "des_encrypt",
    "des_decrypt",
    "old_password",
    "encryptbypassphrase",
    "decryptbypassphrase",
];
/// Names of formats by which `encode` and `decode` write bytes.
const FORMATS: &[&str] = &["hex", "base64", "base64url", "escape"];

/// Whether a name, in the case that it is written in, means a secret.
pub(super) fn sign(name: &str) -> Option<Sign> {
    let parts = parts(name);
    let last = parts.last()?.as_str();
    let before = parts.len().checked_sub(2).map_or("", |at| parts[at].as_str());
    match (before, last) {
        ("", "password" | "auth") => return Some(Sign::Clause),
        ("", "requirepass" | "masterauth") => return Some(Sign::Setting),
        ("auth", "pass") => return Some(Sign::SettingOfOne),
        _ => {}
    }
    let means = ENDS.iter().any(|end| last.ends_with(end))
        || LAST.contains(&last)
        || (last == "key" && OF_KEYS.contains(&before))
        || (last == "pass" && !before.is_empty() && !NO_PASSWORD.contains(&before))
        || (last == "hash" && before == "password");
    means.then_some(Sign::Name)
}

/// The parts of a name in lower case: `secretAccessKey` and `secret_access-key` have the same three.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if matches!(c, '_' | '-') || (c.is_ascii_uppercase() && was_lower) {
            parts.push(String::new());
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        if !matches!(c, '_' | '-')
            && let Some(part) = parts.last_mut()
        {
            part.push(c.to_ascii_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// What a function of this name, in lower case, is given.
pub(super) fn call(lower: &str) -> Option<Call> {
    match lower {
        "encode" | "decode" => Some(Call::Codec),
        _ => KEYED.contains(&lower).then_some(Call::Keys),
    }
}

/// A word behind which the name of an object comes, and no call.
pub(super) fn names_follow(lower: &str) -> bool {
    matches!(lower, "table" | "into" | "exists" | "on" | "view" | "references" | "index" | "type" | "only")
}

/// A function that is given the name of something, which is no secret.
pub(super) fn is_given_names(name: &str) -> bool {
    ["gen_salt", "current_setting", "nextval", "getenv"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// A quoted text that names a format.
pub(super) fn is_format(literal: &str) -> bool {
    let inner = literal.trim_matches('\'');
    FORMATS.iter().any(|format| inner.eq_ignore_ascii_case(format))
}

/// What stands unquoted where a value could stand and is none: a place for a parameter, a word of the language, a
/// column of the same meaning. `spaced` tells `password = @p` of a statement from `password=@p` of a setting.
pub(super) fn is_no_value(value: &str, spaced: bool) -> bool {
    const WORDS: &[&str] = &["null", "default", "true", "false", "none", "is", "not", "and", "or", "***"];
    let lower = value.trim_end_matches([')', '}']).to_ascii_lowercase();
    let is_name =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let place = match lower.as_bytes().first() {
        Some(b'?') => lower.len() == 1,
        Some(b'$') => lower.len() > 1 && lower[1..].bytes().all(|byte| byte.is_ascii_digit()),
        Some(b'%') => lower == "%s" || lower.strip_prefix("%(").is_some_and(is_name),
        Some(b':' | b'@') => spaced && is_name(lower.trim_start_matches([':', '@'])),
        _ => false,
    };
    let column = lower
        .rsplit_once('.')
        .is_some_and(|(table, column)| table.split('.').all(is_name) && is_name(column) && sign(column).is_some());
    place || column || WORDS.contains(&lower.as_str())
}
