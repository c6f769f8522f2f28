//! `[webhook]`: where news of critical incidents is sent, besides the screen. Nothing is sent anywhere unless it is set.

use super::layers::{Source, set};
use super::mistake::{Mistake, Place, did_you_mean};
use super::written::Reader;
use crate::domain::text::escape;
use secrecy::SecretString;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::DeValue;

/// Names the webhook, like `url` below `[webhook]`.
pub(super) const WEBHOOK_VARIABLE: &str = "DBA_GPT_WEBHOOK_URL";

/// Where news is sent. Its path is often a secret, so all of it is one.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// `https://`, or `http://` on this machine.
    pub url: SecretString,
    /// Host and port, fit to be shown.
    pub host: String,
    /// Where it was said.
    pub(super) source: Source,
}

/// Reads the table.
pub(super) fn read_webhook(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Option<(SecretString, Place)> {
    let table = reader.table("webhook", value)?;
    let mut found = None;
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if name != "url" {
            let near = did_you_mean(name, ["url"]);
            reader.mistake(key.span(), format!("there is no `{}` in [webhook]{near}", escape(name)));
            continue;
        }
        let place = reader.place(value.span());
        let Some(url) = reader.string("url", value) else { continue };
        if reader.file.is_open_to_others() {
            let (mode, name) = (reader.file.mode, reader.file.name.clone());
            let text = format!(
                "a webhook's address is a secret, and others can read the file (mode {mode:04o}): run `chmod 600` on \
                 {name}, or set {WEBHOOK_VARIABLE}"
            );
            reader.mistake(value.span(), text);
            continue;
        }
        match host_of(url) {
            Ok(_) => found = Some((SecretString::from(url), place)),
            Err(why) => reader.mistake(value.span(), format!("`url`: {why}")),
        }
    }
    found
}

/// The webhook in use: the variable's, else the file's.
pub(super) fn decide(
    variables: &BTreeMap<String, String>,
    written: Option<(SecretString, Place)>,
) -> Result<Option<Webhook>, Mistake> {
    use secrecy::ExposeSecret as _;
    if let Some(url) = set(variables, WEBHOOK_VARIABLE) {
        let host = host_of(url).map_err(|why| Mistake { place: None, text: format!("{WEBHOOK_VARIABLE}: {why}") })?;
        let source = Source::Variable(WEBHOOK_VARIABLE.to_owned());
        return Ok(Some(Webhook { url: SecretString::from(url), host, source }));
    }
    let webhook = written.and_then(|(url, place)| {
        let host = host_of(url.expose_secret()).ok()?;
        Some(Webhook { url, host, source: Source::File(place) })
    });
    Ok(webhook)
}

/// The host that a webhook leads to. Plain text leaves this machine nowhere.
fn host_of(url: &str) -> Result<String, &'static str> {
    const FORM: &str = "a webhook is https://HOST/PATH, or http:// on this machine alone";
    let (scheme, rest) = url.split_once("://").ok_or(FORM)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let sound = !name.is_empty() && url.chars().all(|c| c.is_ascii_graphic());
    match scheme.to_ascii_lowercase().as_str() {
        "https" if sound => Ok(host.to_owned()),
        "http" if sound && matches!(name, "localhost" | "127.0.0.1" | "[::1]") => Ok(host.to_owned()),
        _ => Err(FORM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_on_this_machine() {
        assert_eq!(host_of("https://hooks.example.com/a/b"), Ok("hooks.example.com".to_owned()));
        assert_eq!(host_of("https://me:secret@hooks.example.com:8443?x"), Ok("hooks.example.com:8443".to_owned()));
        assert_eq!(host_of("http://127.0.0.1:9/x"), Ok("127.0.0.1:9".to_owned()));
        for wrong in [
            "http://hooks.example.com/",
            "http://localhost.example.com",
            "ftp://x/",
            "hooks",
            "https:///x",
            "https://a b/",
        ] {
            assert!(host_of(wrong).is_err(), "{wrong}");
        }
    }
}
