//! SCRAM: the proof of a password that never sends it, and the server's proof that it knows it too (RFC 5802, 7677).
//!
//! MongoDB's SHA-1 form differs in one point: what stands for the password is the MD5 of `user:mongo:password`.

use crate::domain::text::hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::Sha256;

/// Rounds that a server may ask for: fewer than the RFC's minimum are a trap, more than this hold us up.
const ROUNDS: std::ops::RangeInclusive<u32> = 4_096..=1_000_000;

/// The digest of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mechanism {
    Sha1,
    Sha256,
}

impl Mechanism {
    /// The name on the wire and in URLs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SCRAM-SHA-1",
            Self::Sha256 => "SCRAM-SHA-256",
        }
    }
    fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
        }
    }
    /// A key of any length is good for HMAC, so that the empty answer never comes.
    fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => {
                Hmac::<Sha1>::new_from_slice(key).map(|mac| mac.chain_update(data).finalize().into_bytes().to_vec())
            }
            Self::Sha256 => {
                Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(data).finalize().into_bytes().to_vec())
            }
        }
        .unwrap_or_default()
    }
    fn salted(self, password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
        let mut out = vec![0; if self == Self::Sha1 { 20 } else { 32 }];
        match self {
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut out),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut out),
        }
        out
    }
    /// What stands for the password.
    fn password(self, user: &str, password: &str) -> Option<String> {
        match self {
            Self::Sha1 => {
                let digest = Md5::digest(format!("{user}:mongo:{password}").as_bytes());
                Some(hex(&digest))
            }
            Self::Sha256 => stringprep::saslprep(password).ok().map(std::borrow::Cow::into_owned),
        }
    }
}

/// Why an exchange ended early. No variant holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScramError {
    /// The server's part is not SCRAM, or not the answer to ours.
    Malformed,
    /// The server asks for too few or too many rounds.
    Rounds(u32),
    /// The password holds characters that no password may hold (RFC 4013).
    Password,
    /// The server could not show that it knows the password: it is not who it says it is.
    Impostor,
}

/// The client's side of one exchange.
pub(crate) struct Exchange {
    mechanism: Mechanism,
    nonce: String,
    /// The first message without its channel-binding header.
    first: String,
    expected: Option<Vec<u8>>,
}

impl Exchange {
    /// Begins with a nonce that nobody can guess; it may not hold a comma.
    pub(crate) fn new(mechanism: Mechanism, user: &str, nonce: &str) -> Self {
        let name = user.replace('=', "=3D").replace(',', "=2C");
        Self { mechanism, nonce: nonce.to_owned(), first: format!("n={name},r={nonce}"), expected: None }
    }

    /// The first message.
    pub(crate) fn first(&self) -> String {
        format!("n,,{}", self.first)
    }

    /// The proof, from the server's first message.
    pub(crate) fn proof(&mut self, server: &str, user: &str, password: &str) -> Result<String, ScramError> {
        let field = |name: &str| server.split(',').find_map(|part| part.strip_prefix(name));
        let nonce = field("r=").filter(|r| r.len() > self.nonce.len() && r.starts_with(&self.nonce));
        let salt = field("s=").and_then(|s| BASE64.decode(s).ok());
        let rounds = field("i=").and_then(|i| i.parse::<u32>().ok());
        let (Some(nonce), Some(salt), Some(rounds)) = (nonce, salt, rounds) else { return Err(ScramError::Malformed) };
        if !ROUNDS.contains(&rounds) {
            return Err(ScramError::Rounds(rounds));
        }
        let password = self.mechanism.password(user, password).ok_or(ScramError::Password)?;
        let salted = self.mechanism.salted(password.as_bytes(), &salt, rounds);
        let without_proof = format!("c=biws,r={nonce}");
        let signed = format!("{},{server},{without_proof}", self.first);

        let client_key = self.mechanism.hmac(&salted, b"Client Key");
        let stored_key = self.mechanism.digest(&client_key);
        let signature = self.mechanism.hmac(&stored_key, signed.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(key, sign)| key ^ sign).collect();
        let server_key = self.mechanism.hmac(&salted, b"Server Key");
        self.expected = Some(self.mechanism.hmac(&server_key, signed.as_bytes()));
        Ok(format!("{without_proof},p={}", BASE64.encode(proof)))
    }

    /// Judges the server's own proof.
    pub(crate) fn verify(&self, server: &str) -> Result<(), ScramError> {
        let proof = server.split(',').find_map(|part| part.strip_prefix("v=")).and_then(|v| BASE64.decode(v).ok());
        match (proof, &self.expected) {
            (Some(proof), Some(expected)) if proof == *expected => Ok(()),
            (Some(_), Some(_)) => Err(ScramError::Impostor),
            _ => Err(ScramError::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The exchange of RFC 7677.
    #[test]
    fn the_exchange_of_the_rfc_with_sha_256() {
        let mut exchange = Exchange::new(Mechanism::Sha256, "user", "rOprNGfwEbeRWgbNEkqO");
        assert_eq!(exchange.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let server = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let proof = exchange.proof(server, "user", "pencil").unwrap();
        let wanted = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                      p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(proof, wanted);
        assert_eq!(exchange.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
        assert_eq!(exchange.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5="), Err(ScramError::Malformed));
        assert_eq!(exchange.verify("v=AAAA"), Err(ScramError::Impostor));
        assert_eq!(exchange.verify("e=other-error"), Err(ScramError::Malformed));
    }

    /// The example of MongoDB's authentication specification.
    #[test]
    fn the_exchange_of_the_specification_with_sha_1() {
        let mut exchange = Exchange::new(Mechanism::Sha1, "user", "fyko+d2lbbFgONRv9qkxdawL");
        let server = "r=fyko+d2lbbFgONRv9qkxdawLHo+Vgk7qvUOKUwuWLIWg4l/9SraGMHEE,s=rQ9ZY3MntBeuP3E1TDVC4w==,i=10000";
        let proof = exchange.proof(server, "user", "pencil").unwrap();
        assert!(proof.ends_with(",p=MC2T8BvbmWRckDw8oWl5IVghwCY="), "{proof}");
        assert_eq!(exchange.verify("v=UMWeI25JD1yNYZRMpZ4VHvhZ9e0="), Ok(()));
    }

    #[test]
    fn a_server_that_does_not_answer_us_gets_no_proof() {
        let mut exchange = Exchange::new(Mechanism::Sha256, "u", "abc");
        for (server, error) in [
            ("r=abc,s=AAAA,i=4096", ScramError::Malformed),
            ("r=xyzabc,s=AAAA,i=4096", ScramError::Malformed),
            ("r=abcd,i=4096", ScramError::Malformed),
            ("r=abcd,s=AAAA,i=1", ScramError::Rounds(1)),
            ("r=abcd,s=AAAA,i=4000000000", ScramError::Rounds(4_000_000_000)),
            ("", ScramError::Malformed),
        ] {
            assert_eq!(exchange.proof(server, "u", "p"), Err(error), "{server}");
        }
        assert_eq!(exchange.verify("v=AAAA"), Err(ScramError::Malformed));
    }

    #[test]
    fn names_are_written_so_that_they_end_where_they_should() {
        assert_eq!(Exchange::new(Mechanism::Sha1, "a=b,c", "n").first(), "n,,n=a=3Db=2Cc,r=n");
    }
}
