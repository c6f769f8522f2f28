//! Themes: a style for each role of text, read from `assets/themes/*.toml`, fitted to what the terminal can colour.
//!
//! A state is a word first and a colour second, so every theme shows the same text and `mono` loses nothing.

use crate::app::command::THEMES;
use crate::domain::target::Accent;
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorDepth {
    /// 24 bits.
    TrueColor,
    /// The 256 colours of xterm.
    Ansi256,
    /// The 16 colours that the person has set.
    #[default]
    Ansi16,
    /// None (or `NO_COLOR`): bold, dim and reverse only, whatever the theme.
    None,
}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $key:literal,)*) => {
        /// What a piece of text is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Role { $($(#[$doc])* $name,)* }
        impl Role {
            /// Every role with its key in a theme file.
            pub(crate) const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, $key),)*];
        }
    };
}

roles! {
    /// Ordinary text.
    Text = "text",
    /// Text of less weight: units, ages, what is usual.
    Dim = "dim",
    /// The program's name and titles on frames.
    Title = "title",
    /// Frames.
    Border = "border",
    /// Frame of what lies over the screen.
    OverlayBorder = "overlay_border",
    /// The shown tab or view.
    Active = "active",
    /// Heads of columns.
    Header = "header",
    /// The selected row.
    Selected = "selected",
    /// The state CRIT, and what failed.
    Critical = "critical",
    /// The state DOWN.
    Down = "down",
    /// The state WARN.
    Warning = "warning",
    /// The state STALE.
    Stale = "stale",
    /// The state ?.
    Unknown = "unknown",
    /// The state ok.
    Ok = "ok",
    /// The mark of a production server.
    Production = "production",
    /// Labels before values.
    Label = "label",
    /// Names of keys.
    Key = "key",
    /// Small graphs.
    Graph = "graph",
    /// NULL.
    Null = "null",
    /// A word of the language in a statement.
    Keyword = "keyword",
    /// A text in a statement.
    Literal = "literal",
    /// A number in a statement.
    Number = "number",
    /// A comment in a statement.
    Comment = "comment",
    /// Who speaks in a conversation.
    Speaker = "speaker",
}

const ROLES: usize = Role::ALL.len();

/// A style for each role.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Theme {
    styles: [Style; ROLES],
    /// Targets are drawn in their own colours.
    accents: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeFile {
    styles: BTreeMap<String, StyleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StyleFile {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    reverse: bool,
    #[serde(default)]
    underline: bool,
}

/// The texts of the themes, in the order of [`THEMES`].
const FILES: [&str; THEMES.len()] = [
    include_str!("../../assets/themes/default.toml"),
    include_str!("../../assets/themes/mono.toml"),
    include_str!("../../assets/themes/dark.toml"),
    include_str!("../../assets/themes/light.toml"),
    include_str!("../../assets/themes/cb-safe.toml"),
];

impl Theme {
    /// A theme by name, fitted to the terminal. Without colours every theme is `mono`.
    ///
    /// # Errors
    /// Words that name the themes there are.
    pub(crate) fn load(name: &str, depth: ColorDepth) -> Result<Self, String> {
        let place = THEMES
            .iter()
            .position(|t| *t == name)
            .ok_or_else(|| format!("no theme `{name}`; there are {}", THEMES.join(", ")))?;
        let mono = THEMES.iter().position(|t| *t == "mono").unwrap_or(place);
        let place = if depth == ColorDepth::None { mono } else { place };
        let theme = Self::parse(FILES[place], depth).map(|theme| Self { accents: place != mono, ..theme });
        theme.map_err(|problem| format!("theme `{name}`: {problem}"))
    }

    fn parse(text: &str, depth: ColorDepth) -> Result<Self, String> {
        let file: ThemeFile = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut styles = [Style::new(); ROLES];
        for (key, spec) in &file.styles {
            let place =
                Role::ALL.iter().position(|(_, k)| k == key).ok_or_else(|| format!("there is no role `{key}`"))?;
            styles[place] = style(spec, depth).map_err(|problem| format!("{key}: {problem}"))?;
        }
        Ok(Self { styles, accents: false })
    }

    /// The style of a role.
    pub(crate) fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// The style of a role in a target's own colour, where it has one and this theme has colours. It is one of the
    /// sixteen that the person has set, so it can be read on the person's background.
    pub(crate) fn accented(&self, role: Role, accent: Option<Accent>) -> Style {
        let color = accent.filter(|_| self.accents).map(|accent| match accent {
            Accent::Red => Color::Red,
            Accent::Yellow => Color::Yellow,
            Accent::Green => Color::Green,
            Accent::Cyan => Color::Cyan,
            Accent::Blue => Color::Blue,
            Accent::Magenta => Color::Magenta,
        });
        color.map_or_else(|| self.style(role), |color| self.style(role).fg(color))
    }
}

fn style(spec: &StyleFile, depth: ColorDepth) -> Result<Style, String> {
    let mut style = Style::new();
    for (on, modifier) in [
        (spec.bold, Modifier::BOLD),
        (spec.dim, Modifier::DIM),
        (spec.reverse, Modifier::REVERSED),
        (spec.underline, Modifier::UNDERLINED),
    ] {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    let color = |name: &Option<String>| -> Result<Option<Color>, String> {
        let Some(name) = name else { return Ok(None) };
        let color: Color = name.parse().map_err(|_| format!("`{name}` is no colour"))?;
        Ok(fit(color, depth))
    };
    style.fg = color(&spec.fg)?;
    style.bg = color(&spec.bg)?;
    Ok(style)
}

/// The nearest colour that the terminal has.
fn fit(color: Color, depth: ColorDepth) -> Option<Color> {
    match (depth, color) {
        (ColorDepth::None, _) => None,
        (ColorDepth::TrueColor, c) => Some(c),
        (ColorDepth::Ansi256, Color::Rgb(r, g, b)) => Some(Color::Indexed(nearest_256(r, g, b))),
        (ColorDepth::Ansi256, c) => Some(c),
        (ColorDepth::Ansi16, Color::Rgb(r, g, b)) => Some(nearest_16(r, g, b)),
        (ColorDepth::Ansi16, Color::Indexed(i)) => {
            let (r, g, b) = rgb_of_256(i);
            Some(nearest_16(r, g, b))
        }
        (ColorDepth::Ansi16, c) => Some(c),
    }
}

/// xterm's colour cube has these six steps a channel.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn rgb_of_256(index: u8) -> (u8, u8, u8) {
    match index {
        0..=15 => BASIC[usize::from(index)].1,
        16..=231 => {
            let i = usize::from(index - 16);
            (CUBE[i / 36], CUBE[i / 6 % 6], CUBE[i % 6])
        }
        _ => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

fn nearest_256(r: u8, g: u8, b: u8) -> u8 {
    // The first 16 are the person's own and can be anything.
    (16..=255).min_by_key(|&i| distance((r, g, b), rgb_of_256(i))).unwrap_or(15)
}

const BASIC: [(Color, (u8, u8, u8)); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 0, 0)),
    (Color::Green, (0, 205, 0)),
    (Color::Yellow, (205, 205, 0)),
    (Color::Blue, (0, 0, 238)),
    (Color::Magenta, (205, 0, 205)),
    (Color::Cyan, (0, 205, 205)),
    (Color::Gray, (229, 229, 229)),
    (Color::DarkGray, (127, 127, 127)),
    (Color::LightRed, (255, 0, 0)),
    (Color::LightGreen, (0, 255, 0)),
    (Color::LightYellow, (255, 255, 0)),
    (Color::LightBlue, (92, 92, 255)),
    (Color::LightMagenta, (255, 0, 255)),
    (Color::LightCyan, (0, 255, 255)),
    (Color::White, (255, 255, 255)),
];

fn nearest_16(r: u8, g: u8, b: u8) -> Color {
    BASIC.iter().min_by_key(|(_, rgb)| distance((r, g, b), *rgb)).map_or(Color::Reset, |(c, _)| *c)
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    square(a.0, b.0) + square(a.1, b.1) + square(a.2, b.2)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_target_has_its_own_colour_only_where_there_are_colours() {
        let accent = Some(Accent::Cyan);
        for name in THEMES {
            let theme = Theme::load(name, ColorDepth::None).unwrap();
            assert_eq!(theme.accented(Role::Title, accent), theme.style(Role::Title), "{name} without colours");
            let theme = Theme::load(name, ColorDepth::Ansi16).unwrap();
            let expected = if *name == "mono" { theme.style(Role::Title).fg } else { Some(Color::Cyan) };
            assert_eq!(theme.accented(Role::Title, accent).fg, expected, "{name}");
            assert_eq!(theme.accented(Role::Title, None), theme.style(Role::Title));
        }
    }

    #[test]
    fn every_theme_names_every_role() {
        for (name, text) in THEMES.iter().zip(FILES) {
            let file: ThemeFile = toml::from_str(text).unwrap();
            for (_, key) in Role::ALL {
                assert!(file.styles.contains_key(*key), "{name} lacks {key}");
            }
            for depth in [ColorDepth::TrueColor, ColorDepth::Ansi256, ColorDepth::Ansi16, ColorDepth::None] {
                Theme::load(name, depth).unwrap();
            }
        }
        assert!(Theme::load("pink", ColorDepth::Ansi16).is_err_and(|e| e.contains("cb-safe")));
    }

    #[test]
    fn no_colour_survives_where_there_are_none() {
        for name in THEMES {
            let theme = Theme::load(name, ColorDepth::None).unwrap();
            assert!(theme.styles.iter().all(|s| s.fg.is_none() && s.bg.is_none()), "{name}");
            assert_ne!(theme.style(Role::Selected), Style::new(), "{name} must mark the selected row");
        }
        let mono = Theme::load("mono", ColorDepth::TrueColor).unwrap();
        assert!(mono.styles.iter().all(|s| s.fg.is_none() && s.bg.is_none()));
    }

    #[test]
    fn the_default_theme_leaves_the_background_alone_and_keeps_to_sixteen_colours() {
        let theme = Theme::load("default", ColorDepth::TrueColor).unwrap();
        for style in theme.styles {
            assert!(style.bg.is_none());
            assert!(style.fg.is_none_or(|c| !matches!(c, Color::Rgb(..) | Color::Indexed(_))), "{style:?}");
        }
    }

    #[test]
    fn colours_fit_the_terminal() {
        assert_eq!(fit(Color::Rgb(255, 0, 0), ColorDepth::Ansi16), Some(Color::LightRed));
        assert_eq!(fit(Color::Rgb(0, 95, 135), ColorDepth::Ansi256), Some(Color::Indexed(24)));
        assert_eq!(fit(Color::Indexed(231), ColorDepth::Ansi16), Some(Color::White));
        assert_eq!(fit(Color::Rgb(1, 2, 3), ColorDepth::TrueColor), Some(Color::Rgb(1, 2, 3)));
        assert_eq!(fit(Color::Red, ColorDepth::None), None);
    }
}
