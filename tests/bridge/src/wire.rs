//! Frames of MongoDB's wire protocol: OP_MSG both ways, and the OP_QUERY with which old drivers say hello.

use anyhow::{Context, Result, bail};
use bson::Document;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const OP_REPLY: i32 = 1;
const OP_QUERY: i32 = 2004;
const OP_MSG: i32 = 2013;
/// The largest message that MongoDB takes, in bytes.
const MESSAGE_MAX: usize = 48_000_000;

const CHECKSUM_PRESENT: u32 = 1;
const MORE_TO_COME: u32 = 2;

/// What a client asked.
pub struct Request {
    /// Its number, to be repeated in the answer.
    pub id: i32,
    /// It came as OP_QUERY, so the answer is an OP_REPLY.
    pub legacy: bool,
    /// The client waits for an answer.
    pub reply_expected: bool,
    /// The request itself.
    pub kind: Kind,
}

/// The request itself.
pub enum Kind {
    /// OP_QUERY, which nowadays is only ever a hello.
    LegacyHello,
    /// A command, and the documents that came beside it one after the other.
    Command { document: Document, sequence: Option<Vec<u8>> },
}

/// The next request; nothing when the client has left.
pub async fn read(client: &mut TcpStream) -> Result<Option<Request>> {
    let mut header = [0; 16];
    if client.read_exact(&mut header).await.is_err() {
        return Ok(None);
    }
    let [length, id, _, kind] = std::array::from_fn(|n| number(&header[n * 4..]));
    let length = usize::try_from(length).ok().filter(|length| (16..=MESSAGE_MAX).contains(length));
    let mut body = vec![0; length.context("a message of an impossible length")? - 16];
    client.read_exact(&mut body).await?;
    Ok(Some(match kind {
        OP_QUERY => Request { id, legacy: true, reply_expected: true, kind: Kind::LegacyHello },
        OP_MSG => message(id, &body)?,
        other => bail!("no such kind of message: {other}"),
    }))
}

fn message(id: i32, body: &[u8]) -> Result<Request> {
    let (flags, mut rest) = body.split_at_checked(4).context("a message without flags")?;
    let flags = u32::from_le_bytes(flags.try_into()?);
    if flags & CHECKSUM_PRESENT != 0 {
        rest = rest.split_last_chunk::<4>().context("a message without its checksum")?.0;
    }
    let (mut document, mut sequence) = (None, None);
    while let Some((kind, section)) = rest.split_first() {
        let length = usize::try_from(number(section.get(..4).context("a cut section")?))?;
        let (section, after) = section.split_at_checked(length).context("a cut section")?;
        match kind {
            0 => document = Some(Document::from_reader(section)?),
            1 => {
                let name = section.get(4..).context("a cut sequence")?;
                let end = name.iter().position(|byte| *byte == 0).context("a sequence without a name")?;
                sequence = Some(name[end + 1..].to_vec());
            }
            other => bail!("no such kind of section: {other}"),
        }
        rest = after;
    }
    let document = document.context("a message without a command")?;
    Ok(Request {
        id,
        legacy: false,
        reply_expected: flags & MORE_TO_COME == 0,
        kind: Kind::Command { document, sequence },
    })
}

/// Sends an answer.
pub async fn write(client: &mut TcpStream, to: i32, legacy: bool, answer: &Document) -> Result<()> {
    let body = answer.to_vec()?;
    let mut frame = vec![0; 4];
    for field in [1, to, if legacy { OP_REPLY } else { OP_MSG }] {
        frame.extend(field.to_le_bytes());
    }
    if legacy {
        // Flags, cursor id, first document, number of documents.
        frame.extend(0_i32.to_le_bytes());
        frame.extend(0_i64.to_le_bytes());
        frame.extend(0_i32.to_le_bytes());
        frame.extend(1_i32.to_le_bytes());
    } else {
        frame.extend([0, 0, 0, 0, 0]); // flags, and a section that is one document
    }
    frame.extend(body);
    let length = i32::try_from(frame.len())?;
    frame[..4].copy_from_slice(&length.to_le_bytes());
    client.write_all(&frame).await?;
    Ok(())
}

fn number(bytes: &[u8]) -> i32 {
    bytes.first_chunk().map_or(-1, |four| i32::from_le_bytes(*four))
}
