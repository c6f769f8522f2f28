//! The server's side of SCRAM, for the scripted MongoDB server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::Sha256;

const SALT: &[u8] = b"sixteen bytes ok";
const ROUNDS: u32 = 4096;

/// A login under way.
pub struct Exchange {
    strong: bool,
    salted: Vec<u8>,
    client_first: String,
    server_first: String,
}

impl Exchange {
    /// Takes the client's first message; nothing when it is no SCRAM or another user's.
    pub fn begin(strong: bool, user: &str, password: &str, said: &str) -> Option<Self> {
        let bare = said.strip_prefix("n,,")?;
        let (name, nonce) = bare.strip_prefix("n=")?.split_once(",r=")?;
        if name != user {
            return None;
        }
        let server_first = format!("r={nonce}theServer'sPart,s={},i={ROUNDS}", BASE64.encode(SALT));
        let mut salted = vec![0; if strong { 32 } else { 20 }];
        if strong {
            pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), SALT, ROUNDS, &mut salted);
        } else {
            let digest = Md5::digest(format!("{user}:mongo:{password}"));
            let hex = digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            pbkdf2::pbkdf2_hmac::<Sha1>(hex.as_bytes(), SALT, ROUNDS, &mut salted);
        }
        Some(Self { strong, salted, client_first: bare.to_owned(), server_first })
    }

    /// The server's first message.
    pub fn first(&self) -> String {
        self.server_first.clone()
    }

    /// Judges the client's proof and gives the server's own.
    pub fn finish(self, said: &str) -> Option<String> {
        let (without_proof, proof) = said.rsplit_once(",p=")?;
        let signed = format!("{},{},{without_proof}", self.client_first, self.server_first);
        let client_key = self.hmac(&self.salted, b"Client Key");
        let signature = self.hmac(&self.hash(&client_key), signed.as_bytes());
        let wanted: Vec<u8> = client_key.iter().zip(&signature).map(|(key, sign)| key ^ sign).collect();
        if BASE64.decode(proof).ok()? != wanted {
            return None;
        }
        let server_key = self.hmac(&self.salted, b"Server Key");
        Some(format!("v={}", BASE64.encode(self.hmac(&server_key, signed.as_bytes()))))
    }

    fn hash(&self, data: &[u8]) -> Vec<u8> {
        if self.strong { Sha256::digest(data).to_vec() } else { Sha1::digest(data).to_vec() }
    }

    fn hmac(&self, key: &[u8], data: &[u8]) -> Vec<u8> {
        if self.strong {
            Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(data).finalize().into_bytes().to_vec()
        } else {
            Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(data).finalize().into_bytes().to_vec()
        }
    }
}
