//! One POST to one address. Whether and when it is tried again is the caller's business.

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use std::time::Duration;

/// Time for one delivery, connecting included.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An address that takes news. The whole of it is a secret: nothing that is said of a failure names more than why.
pub struct Webhook {
    client: Client,
    url: SecretString,
}

impl Webhook {
    /// A webhook that was checked by the configuration.
    ///
    /// # Errors
    /// A sentence when the certificates of this machine cannot be read.
    pub fn new(url: SecretString) -> Result<Self, String> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            // The address is what a person wrote; it does not send us elsewhere.
            .redirect(Policy::none())
            .user_agent(concat!("dba-gpt/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = client.map_err(|error| format!("the webhook cannot be used: {}", error.without_url()))?;
        Ok(Self { client, url })
    }

    /// Delivers once.
    ///
    /// # Errors
    /// Why not, without the address; whether another try makes sense.
    pub async fn deliver(&self, body: &Value) -> Result<(), Undelivered> {
        let sent = self
            .client
            .post(self.url.expose_secret())
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await;
        match sent {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => {
                let status = answer.status();
                let again = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                Err(Undelivered { words: format!("the webhook answered {status}"), again })
            }
            Err(error) => {
                let words = format!("the webhook did not answer: {}", plain(&error.without_url()));
                Err(Undelivered { words, again: true })
            }
        }
    }
}

/// News that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Why.
    pub words: String,
    /// Another try may succeed.
    pub again: bool,
}

/// An error with its causes, which is where the reason stands.
fn plain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        words = format!("{words}: {next}");
        cause = next.source();
    }
    words
}
