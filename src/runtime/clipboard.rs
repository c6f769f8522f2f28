//! The clipboard of the person's own terminal, reached through the terminal itself (OSC 52).

use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;

/// Longest sequence that common terminals accept, in encoded bytes.
const LIMIT: usize = 74_994;

/// Where the sequence has to pass through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Multiplexer {
    /// Nothing between us and the terminal.
    None,
    /// tmux: the sequence is wrapped, its escapes doubled.
    Tmux,
    /// GNU screen: the sequence is wrapped.
    Screen,
}

impl Multiplexer {
    /// Which one, by the variables that they set.
    pub(super) fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        if variable("TMUX").is_some() {
            Self::Tmux
        } else if variable("STY").is_some() {
            Self::Screen
        } else {
            Self::None
        }
    }
}

/// The bytes that ask the terminal to take `text`; `None` when they would be too many for it.
pub(super) fn sequence(text: &str, through: Multiplexer) -> Option<Vec<u8>> {
    let mut plain = String::new();
    CopyToClipboard::to_clipboard_from(text).write_ansi(&mut plain).ok()?;
    if plain.len() > LIMIT {
        return None;
    }
    Some(match through {
        Multiplexer::None => plain.into_bytes(),
        Multiplexer::Tmux => format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")).into_bytes(),
        Multiplexer::Screen => format!("\x1bP{plain}\x1b\\").into_bytes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_well_formed_sequence() {
        let plain = sequence("select 1", Multiplexer::None).unwrap_or_default();
        assert_eq!(plain, b"\x1b]52;c;c2VsZWN0IDE=\x1b\\");
        let tmux = sequence("select 1", Multiplexer::Tmux).unwrap_or_default();
        assert!(tmux.starts_with(b"\x1bPtmux;\x1b\x1b]52;c;") && tmux.ends_with(b"\x1b\x1b\\\x1b\\"));
        assert_eq!(sequence(&"x".repeat(80_000), Multiplexer::None), None);
    }
}
