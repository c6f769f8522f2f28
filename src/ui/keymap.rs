//! Which key means which act: the registry's keys, with the person's own in their place.

use crate::app::action::{self, ACTIONS, Action, ActionSpec, Scope, show_key};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key with its modifiers, in the form in which two of them can be compared: Shift is part of the character,
/// letters with Ctrl are small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Chord {
    /// The chord of a key press.
    pub(crate) fn of(key: KeyEvent) -> Self {
        let mut modifiers = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let mut code = key.code;
        match &mut code {
            KeyCode::Char(c) => {
                modifiers.remove(KeyModifiers::SHIFT);
                if modifiers.contains(KeyModifiers::CONTROL) {
                    *c = c.to_ascii_lowercase();
                }
            }
            KeyCode::BackTab => modifiers.remove(KeyModifiers::SHIFT),
            _ => {}
        }
        // Ctrl+H is what some terminals send for Backspace.
        if code == KeyCode::Char('h') && modifiers == KeyModifiers::CONTROL {
            return Self { code: KeyCode::Backspace, modifiers: KeyModifiers::NONE };
        }
        Self { code, modifiers }
    }

    /// The plain key of a code.
    pub(crate) fn plain(code: KeyCode) -> Self {
        Self { code, modifiers: KeyModifiers::NONE }
    }

    /// The character that this key types, if it types one.
    pub(crate) fn typed(self) -> Option<char> {
        match self.code {
            // AltGr arrives as Ctrl+Alt in some terminals, with the character it makes.
            KeyCode::Char(c) if self.modifiers.is_empty() => Some(c),
            KeyCode::Char(c)
                if self.modifiers == KeyModifiers::CONTROL | KeyModifiers::ALT && !c.is_ascii_alphanumeric() =>
            {
                Some(c)
            }
            _ => None,
        }
    }

    /// Reads a key as the registry and the configuration write it.
    fn parse(text: &str) -> Result<Self, String> {
        let unknown = || format!("`{text}` is no key; write it like `x`, `ctrl-x`, `alt-1`, `f5`, `pageup` or `g g`");
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((word, after)) = rest.split_once('-') {
            if after.is_empty() {
                break;
            }
            modifiers |= match word {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => return Err(unknown()),
            };
            rest = after;
        }
        let code = match rest {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "backtab" => KeyCode::BackTab,
            "space" => KeyCode::Char(' '),
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pageup" => KeyCode::PageUp,
            "pagedown" => KeyCode::PageDown,
            "backspace" => KeyCode::Backspace,
            "delete" => KeyCode::Delete,
            "insert" => KeyCode::Insert,
            _ => {
                let mut chars = rest.chars();
                match (chars.next(), chars.as_str()) {
                    (Some(c), "") => KeyCode::Char(c),
                    (Some('f'), n) => KeyCode::F(n.parse().ok().filter(|n| (1..=12).contains(n)).ok_or_else(unknown)?),
                    _ => return Err(unknown()),
                }
            }
        };
        if matches!(code, KeyCode::Char(_)) && modifiers.contains(KeyModifiers::SHIFT) {
            return Err(format!("`{text}`: write the character that Shift makes"));
        }
        Ok(Self::of(KeyEvent::new(code, modifiers)))
    }
}

/// The keys of one act: each is one key, or two that follow each other.
struct Binding {
    spec: &'static ActionSpec,
    keys: Vec<(String, Vec<Chord>)>,
    changed: bool,
}

/// Every act with its keys.
pub(crate) struct Keymap {
    bindings: Vec<Binding>,
}

/// The key that begins two-key sequences, and with a letter chooses a view.
pub(crate) const PREFIX: char = 'g';

/// Keys that terminals, multiplexers or flow control take for themselves.
const EATEN: &[&str] = &["ctrl-h", "ctrl-i", "ctrl-m", "ctrl-[", "ctrl-a", "ctrl-b", "ctrl-s", "ctrl-q"];

impl Keymap {
    /// The registry's keys, with those of the named acts replaced by the person's.
    ///
    /// # Errors
    /// Words for an unknown act (with the nearest name), a key that is none, and a key that means two things at once.
    pub(crate) fn new(overrides: &[(String, String)]) -> Result<Self, String> {
        let mut bindings = Vec::with_capacity(ACTIONS.len());
        for spec in ACTIONS {
            let keys = spec.keys.iter().map(|k| Ok(((*k).to_owned(), sequence(k)?))).collect::<Result<_, String>>()?;
            bindings.push(Binding { spec, keys, changed: false });
        }
        for (name, key) in overrides {
            let Some(binding) = bindings.iter_mut().find(|b| b.spec.name == name) else {
                return Err(unknown_action(name));
            };
            let key = key.trim();
            if EATEN.contains(&key) {
                return Err(format!("keymap `{name}`: terminals take `{key}` for themselves; choose another key"));
            }
            let chords = sequence(key).map_err(|problem| format!("keymap `{name}`: {problem}"))?;
            let types = chords.first().is_some_and(|c| c.typed().is_some());
            if types && matches!(binding.spec.scope, Scope::Composer | Scope::Overlay | Scope::Everywhere) {
                return Err(format!("keymap `{name}`: it works while typing, and `{key}` types a character"));
            }
            if !binding.changed {
                binding.keys.clear();
                binding.changed = true;
            }
            binding.keys.push((key.to_owned(), chords));
        }
        let map = Self { bindings };
        map.find_clash()?;
        Ok(map)
    }

    /// A changed key must not mean, or begin, something else that can be had at the same time.
    fn find_clash(&self) -> Result<(), String> {
        for changed in self.bindings.iter().filter(|b| b.changed) {
            for (key, chords) in &changed.keys {
                if chords.as_slice() == [Chord::plain(KeyCode::Char(PREFIX))] {
                    return Err(format!(
                        "keymap `{}`: `{PREFIX}` begins keys of two, such as `g g`",
                        changed.spec.name
                    ));
                }
                for other in self.bindings.iter().filter(|b| b.spec.name != changed.spec.name) {
                    let clash = other.keys.iter().any(|(_, c)| c.starts_with(chords) || chords.starts_with(c));
                    if clash && together(changed.spec.scope, other.spec.scope) {
                        return Err(format!(
                            "keymap `{}`: `{key}` already means `{}`; give that one another key too",
                            changed.spec.name, other.spec.name
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// The act of a key sequence among those that can be had, the nearest to what is on the screen first.
    pub(crate) fn find(&self, chords: &[Chord], active: impl Fn(Scope) -> bool) -> Option<&'static ActionSpec> {
        self.bindings
            .iter()
            .filter(|b| active(b.spec.scope) && b.keys.iter().any(|(_, c)| c == chords))
            .min_by_key(|b| b.spec.scope.rank())
            .map(|b| b.spec)
    }

    /// Keys of an act as people read them, all of them.
    pub(crate) fn words(&self, spec: &ActionSpec) -> String {
        if matches!(spec.action, Action::View(_)) {
            return format!("{PREFIX}+letter");
        }
        let keys: Vec<String> = self.keys(spec).map(show_key).collect();
        if keys.is_empty() { format!(":{}", spec.name) } else { keys.join(" ") }
    }

    /// The first key of an act as people read it, or its `:` word.
    pub(crate) fn first_word(&self, spec: &ActionSpec) -> String {
        if matches!(spec.action, Action::View(_)) {
            return format!("{PREFIX}+letter");
        }
        self.keys(spec).next().map_or_else(|| format!(":{}", spec.name), show_key)
    }

    fn keys<'a>(&'a self, spec: &ActionSpec) -> impl Iterator<Item = &'a str> {
        let name = spec.name;
        self.bindings.iter().filter(move |b| b.spec.name == name).flat_map(|b| b.keys.iter().map(|(k, _)| k.as_str()))
    }

    /// Whether the person changed the keys of an act.
    pub(crate) fn changed(&self, spec: &ActionSpec) -> bool {
        self.bindings.iter().any(|b| b.changed && b.spec.name == spec.name)
    }

    /// How many acts have a key, and how many of them the person changed.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let with_key = self.bindings.iter().filter(|b| !b.keys.is_empty()).count();
        (with_key, self.bindings.iter().filter(|b| b.changed).count())
    }
}

/// Whether acts of two scopes can ever be had at the same time.
fn together(a: Scope, b: Scope) -> bool {
    // What is nearer on the screen wins: the keys of causes and plans may mean something else below them.
    use Scope::{
        Approvals, Causes, Changes, Chat, Composer, Everywhere, Health, Incidents, Normal, Overlay, Server, Sessions,
        Table,
    };
    let pair = |x: Scope, y: Scope| {
        matches!(
            (x, y),
            (Everywhere, _)
                | (Normal, Normal | Table | Health | Server | Sessions | Incidents | Approvals | Changes | Chat)
                | (Table | Health | Server | Sessions, Table | Health | Server | Sessions)
                | (Incidents, Table | Incidents)
                | (Approvals, Table | Approvals | Changes)
                | (Changes, Table | Changes)
                | (Causes, Causes)
                | (Chat, Chat)
                | (Composer, Composer)
                | (Overlay, Overlay)
        )
    };
    pair(a, b) || pair(b, a)
}

fn sequence(text: &str) -> Result<Vec<Chord>, String> {
    let keys: Vec<Chord> = text.split_whitespace().map(Chord::parse).collect::<Result<_, _>>()?;
    match keys.as_slice() {
        [_] => Ok(keys),
        [first, _] if *first == Chord::plain(KeyCode::Char(PREFIX)) => Ok(keys),
        [] => Err("the key is empty".into()),
        _ => Err(format!("`{text}`: a key of two begins with `{PREFIX}`, as `g g` does")),
    }
}

fn unknown_action(name: &str) -> String {
    let near = ACTIONS
        .iter()
        .map(|a| (strsim::damerau_levenshtein(a.name, name), a.name))
        .min()
        .filter(|(distance, near)| *distance <= (near.len() / 2).max(2));
    match near.or_else(|| action::by_name(name).map(|a| (0, a.name))) {
        Some((_, near)) => format!("keymap: there is no action `{name}`; did you mean `{near}`?"),
        None => format!("keymap: there is no action `{name}`; `?` in the program lists them all"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn changed(name: &str, key: &str) -> Result<Keymap, String> {
        Keymap::new(&[(name.to_owned(), key.to_owned())])
    }

    #[test]
    fn the_registry_itself_is_sound() {
        let map = Keymap::new(&[]).unwrap();
        assert_eq!(map.counts().1, 0);
        for spec in ACTIONS {
            for key in spec.keys {
                let found = map.find(&sequence(key).unwrap(), |s| s == spec.scope).unwrap();
                assert_eq!(found.name, spec.name, "{key}");
            }
        }
    }

    #[test]
    fn mistakes_are_named_with_what_was_meant() {
        let error = |name: &str, key: &str| changed(name, key).err().unwrap_or_default();
        assert!(error("puase", "p").contains("did you mean `pause`"));
        assert!(error("zzzzzzzzzzz", "p").contains("lists them all"));
        assert!(error("pause", "q").contains("already means `quit`"));
        assert!(error("pause", "hyper-x").contains("is no key"));
        assert!(error("pause", "f13").contains("is no key"));
        assert!(error("pause", "").contains("empty"));
        assert!(error("pause", "ctrl-s").contains("terminals take"));
        assert!(error("pause", "g").contains("begins"));
        assert!(error("pause", "x y").contains("begins with `g`"));
        assert!(error("send", "s").contains("types a character"));
    }

    #[test]
    fn a_changed_key_takes_the_place_of_the_old_ones() {
        let map = changed("pause", "p").unwrap();
        let pause = action::by_name("pause").unwrap();
        assert_eq!(map.words(pause), "p");
        assert!(map.changed(pause) && map.counts().1 == 1);
        let on = |s: Scope| s == Scope::Health;
        assert!(map.find(&[Chord::parse("space").unwrap()], on).is_none());
        assert_eq!(map.find(&[Chord::parse("p").unwrap()], on).unwrap().name, "pause");
        // The same key may mean another thing where both can never be had at once.
        assert!(changed("pause", "x").is_ok());
    }

    #[test]
    fn chords_are_the_same_however_terminals_send_them() {
        let press = |code, modifiers| Chord::of(KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('G'), KeyModifiers::SHIFT), Chord::parse("G").unwrap());
        assert_eq!(press(KeyCode::Char('D'), KeyModifiers::CONTROL), Chord::parse("ctrl-d").unwrap());
        assert_eq!(press(KeyCode::BackTab, KeyModifiers::SHIFT), Chord::parse("backtab").unwrap());
        assert_eq!(press(KeyCode::Char('h'), KeyModifiers::CONTROL), Chord::plain(KeyCode::Backspace));
        assert_eq!(press(KeyCode::Char('-'), KeyModifiers::NONE), Chord::parse("-").unwrap());
    }
}
