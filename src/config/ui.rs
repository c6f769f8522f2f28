//! How the screen looks, decided once at start from the settings and from what the terminal says about itself.

use super::choices::{Clipboard, ColorChoice, SymbolsChoice, Theme};
use super::layers::{Source, Values, set};
use super::settings as s;
use std::collections::BTreeMap;

/// How many colours the terminal gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColorDepth {
    /// None: bold, dim and reverse only.
    None,
    /// The sixteen of the terminal.
    Palette16,
    /// The palette of 256.
    Palette256,
    /// 24 bits.
    Truecolor,
}

/// How the screen looks and behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ui {
    /// Colour theme.
    pub theme: Theme,
    /// Colours, decided from `ui.color`, `NO_COLOR`, `COLORTERM` and `TERM`.
    pub colors: ColorDepth,
    /// Only ASCII, decided from `ui.symbols` and the locale.
    pub ascii: bool,
    /// Most frames a second for new data.
    pub max_fps: u64,
    /// No animation.
    pub reduced_motion: bool,
    /// Take the mouse at start.
    pub mouse: bool,
    /// Where a copy goes.
    pub clipboard: Clipboard,
}

impl Ui {
    pub(super) fn decide(values: &Values, variables: &BTreeMap<String, String>) -> Self {
        let color = ColorChoice::from_word(values.word(&s::COLOR)).unwrap_or_default();
        // NO_COLOR is a variable of the environment: it wins over the file, and our own variable wins over it.
        let own_variable = matches!(values.source(&s::COLOR), Source::Variable(_));
        let no_color = set(variables, "NO_COLOR").is_some() && !own_variable;
        let symbols = SymbolsChoice::from_word(values.word(&s::SYMBOLS)).unwrap_or_default();
        Self {
            theme: Theme::from_word(values.word(&s::THEME)).unwrap_or_default(),
            colors: if no_color { ColorDepth::None } else { depth(color, variables) },
            ascii: match symbols {
                SymbolsChoice::Auto => !is_utf8(variables),
                SymbolsChoice::Unicode => false,
                SymbolsChoice::Ascii => true,
            },
            max_fps: values.whole(&s::MAX_FPS),
            reduced_motion: values.switch(&s::REDUCED_MOTION),
            mouse: values.switch(&s::MOUSE),
            clipboard: Clipboard::from_word(values.word(&s::CLIPBOARD)).unwrap_or_default(),
        }
    }
}

fn depth(choice: ColorChoice, variables: &BTreeMap<String, String>) -> ColorDepth {
    match choice {
        ColorChoice::Never => ColorDepth::None,
        ColorChoice::Palette16 => ColorDepth::Palette16,
        ColorChoice::Palette256 => ColorDepth::Palette256,
        ColorChoice::Truecolor => ColorDepth::Truecolor,
        ColorChoice::Auto => {
            let term = set(variables, "TERM").unwrap_or("dumb");
            let truecolor = matches!(set(variables, "COLORTERM"), Some("truecolor" | "24bit"));
            if term == "dumb" {
                ColorDepth::None
            } else if truecolor || term.ends_with("-direct") {
                ColorDepth::Truecolor
            } else if term.contains("256color") {
                ColorDepth::Palette256
            } else {
                ColorDepth::Palette16
            }
        }
    }
}

/// The locale's rule: `LC_ALL` decides, then `LC_CTYPE`, then `LANG`.
fn is_utf8(variables: &BTreeMap<String, String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| set(variables, name));
    locale.is_some_and(|l| {
        let l = l.to_ascii_lowercase();
        l.contains("utf-8") || l.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ui(variables: &[(&str, &str)]) -> Ui {
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Ui::decide(&Values::layer(&[], &variables, &mut Vec::new()), &variables)
    }

    #[test]
    fn colours_follow_the_terminal_until_somebody_says_no() {
        for (variables, depth) in [
            (&[("TERM", "xterm-256color")][..], ColorDepth::Palette256),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], ColorDepth::Truecolor),
            (&[("TERM", "linux")], ColorDepth::Palette16),
            (&[("TERM", "dumb"), ("COLORTERM", "truecolor")], ColorDepth::None),
            (&[], ColorDepth::None),
            (&[("TERM", "xterm"), ("NO_COLOR", "1")], ColorDepth::None),
            (&[("TERM", "xterm"), ("NO_COLOR", "")], ColorDepth::Palette16),
            (&[("TERM", "xterm"), ("NO_COLOR", "1"), ("DBA_GPT_UI_COLOR", "256")], ColorDepth::Palette256),
        ] {
            assert_eq!(ui(variables).colors, depth, "{variables:?}");
        }
    }

    #[test]
    fn symbols_follow_the_locale() {
        for (variables, ascii) in [
            (&[("LANG", "en_US.UTF-8")][..], false),
            (&[("LANG", "C.utf8")], false),
            (&[("LANG", "C")], true),
            (&[], true),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], true),
            (&[("LANG", "C"), ("LC_CTYPE", "C.UTF-8")], false),
            (&[("LANG", "C"), ("DBA_GPT_UI_SYMBOLS", "unicode")], false),
        ] {
            assert_eq!(ui(variables).ascii, ascii, "{variables:?}");
        }
    }

    #[test]
    fn ssh_gets_fewer_frames_unless_somebody_says_otherwise() {
        assert_eq!(ui(&[]).max_fps, 10);
        assert_eq!(ui(&[("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")]).max_fps, 4);
        assert_eq!(ui(&[("SSH_TTY", "/dev/pts/1"), ("DBA_GPT_UI_MAX_FPS", "20")]).max_fps, 20);
    }
}
