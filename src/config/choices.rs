//! Settings that are one word out of a few.

/// Declares an enum whose variants are the words of a setting; the first is what a fresh program does.
macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $first:ident = $first_word:literal, $first_doc:literal; $($variant:ident = $word:literal, $variant_doc:literal;)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
            pub enum $name {
                #[doc = $first_doc]
                #[default]
                $first,
                $(#[doc = $variant_doc] $variant,)*
            }

            impl $name {
                /// The words, in the order of the documentation.
                pub const WORDS: &'static [&'static str] = &[$first_word, $($word),*];

                /// The word in a configuration file.
                pub fn word(self) -> &'static str {
                    match self {
                        Self::$first => $first_word,
                        $(Self::$variant => $word,)*
                    }
                }

                /// The choice of a word.
                pub fn from_word(word: &str) -> Option<Self> {
                    match word {
                        $first_word => Some(Self::$first),
                        $($word => Some(Self::$variant),)*
                        _ => None,
                    }
                }
            }
        )*
    };
}

choices! {
    /// Colour theme.
    Theme {
        Default = "default", "The sixteen colours of the terminal on its own background.";
        Mono = "mono", "Bold, dim and reverse only.";
        Dark = "dark", "For dark backgrounds, with more shades.";
        Light = "light", "For light backgrounds, with more shades.";
        ColorBlindSafe = "cb-safe", "Blue and orange instead of green and red.";
    }
    /// How many colours to use.
    ColorChoice {
        Auto = "auto", "What the terminal says that it can.";
        Truecolor = "truecolor", "24 bits.";
        Palette256 = "256", "The palette of 256.";
        Palette16 = "16", "The sixteen of the terminal.";
        Never = "never", "None: bold, dim and reverse only.";
    }
    /// Which characters draw lines and graphs.
    SymbolsChoice {
        Auto = "auto", "Unicode where the locale is UTF-8.";
        Unicode = "unicode", "Rounded corners, blocks and braille.";
        Ascii = "ascii", "Plain ASCII.";
    }
    /// Where a copy goes.
    Clipboard {
        Osc52 = "osc52", "To the person's own terminal, through SSH; to a file when it is too long.";
        File = "file", "Always to a file, whose path is said.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_names_its_choice() {
        for word in Theme::WORDS {
            assert_eq!(Theme::from_word(word).map(Theme::word), Some(*word));
        }
        assert_eq!(Theme::from_word("Default"), None);
        assert_eq!(ColorChoice::WORDS, ["auto", "truecolor", "256", "16", "never"]);
    }
}
