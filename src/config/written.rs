//! What is typed in a file: parsed with its places, every mistake found in one go.

use super::file::SourceFile;
use super::hooks::{HookConfig, read_hooks};
use super::mistake::{Mistake, Place, did_you_mean};
use super::own::{self, Judged};
use super::settings::{self, SETTINGS, Setting, Value};
use super::webhook::read_webhook;
use super::written_target::{WrittenTarget, read_target};
use crate::domain::own::Own;
use crate::domain::target::EngineId;
use crate::domain::text::escape;
use secrecy::{ExposeSecret as _, SecretString};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A key that a person bound to an action of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyBinding {
    /// The screen: the NAME in `[keymap.NAME]`.
    pub screen: String,
    /// The action.
    pub action: String,
    /// The key, as written.
    pub key: String,
    /// Where its action is written.
    pub place: Place,
}

/// A setting that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WrittenSetting {
    pub(super) setting: &'static Setting,
    pub(super) value: Value,
    pub(super) place: Place,
}

/// What all files say together.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// In the order in which they were read: the last one counts.
    pub(super) settings: Vec<WrittenSetting>,
    /// Names are unique.
    pub(super) targets: Vec<WrittenTarget>,
    pub(super) keys: Vec<KeyBinding>,
    pub(super) vault_key_file: Option<(String, Place)>,
    pub(super) webhook: Option<(SecretString, Place)>,
    pub(super) hooks: HookConfig,
    /// The engines that there are, for what names one.
    pub(super) engines: Vec<EngineId>,
    /// The procedures that there are, by their ids.
    pub(super) procedures: Vec<&'static str>,
    /// Checks and procedures.
    pub(super) own: Own,
    /// Their statements, for the guard.
    pub(super) judged: Vec<Judged>,
    pub(super) mistakes: Vec<Mistake>,
    /// What works but should not stay so.
    pub(super) warnings: Vec<Mistake>,
}

impl Written {
    /// Reads one more file.
    pub(super) fn add(&mut self, file: &SourceFile) {
        let text = file.text.expose_secret();
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            // What follows a broken line is guesswork, so the broken lines are all that is reported of this file.
            for error in errors {
                let place = error.span().map(|span| Place::of_offset(&file.name, text, span.start));
                self.mistakes.push(Mistake { place, text: format!("this is not TOML: {}", escape(error.message())) });
            }
            return;
        }
        let mut reader = Reader { file, text, written: self };
        for (key, value) in table.get_ref() {
            reader.top_level(key, value);
        }
    }
}

/// One file while it is read.
pub(super) struct Reader<'a> {
    pub(super) file: &'a SourceFile,
    text: &'a str,
    pub(super) written: &'a mut Written,
}

pub(super) type Key<'i> = Spanned<std::borrow::Cow<'i, str>>;

impl Reader<'_> {
    pub(super) fn place(&self, span: Range<usize>) -> Place {
        Place::of_offset(&self.file.name, self.text, span.start)
    }

    pub(super) fn mistake(&mut self, span: Range<usize>, text: String) {
        let place = Some(self.place(span));
        self.written.mistakes.push(Mistake { place, text });
    }

    pub(super) fn warning(&mut self, span: Range<usize>, text: String) {
        let place = Some(self.place(span));
        self.written.warnings.push(Mistake { place, text });
    }

    /// The table of a value; anything else is a mistake.
    pub(super) fn table<'v, 'i>(&mut self, what: &str, value: &'v Spanned<DeValue<'i>>) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.mistake(value.span(), format!("`{what}` is a table: write it as [{what}] with its keys below"));
        }
        table
    }

    /// The string of a value; anything else is a mistake.
    pub(super) fn string<'v>(&mut self, key: &str, value: &'v Spanned<DeValue<'_>>) -> Option<&'v str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            let found = value.get_ref().type_str();
            self.mistake(value.span(), format!("`{key}` is text in quotes, not {}", with_article(found)));
        }
        text
    }

    fn top_level(&mut self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) {
        let name = key.get_ref().as_ref();
        let folder = own::FOLDERS.iter().find(|(folder, _)| self.file.name.starts_with(&format!("{folder}/")));
        if let Some((folder, table)) = folder {
            if name == *table {
                return own::read_own(self, table, value);
            }
            let text = format!("a file in {folder} has [{table}.NAME] and nothing else, no `{}`", escape(name));
            return self.mistake(key.span(), text);
        }
        match name {
            "targets" => self.targets(value),
            "keymap" => self.keymap(value),
            "vault" => self.vault(value),
            "hooks" => read_hooks(self, value),
            "webhook" => {
                if let Some(webhook) = read_webhook(self, value) {
                    self.written.webhook = Some(webhook);
                }
            }
            section if settings::sections().contains(&section) => self.section(section, value),
            _ => {
                let text = if let Some((folder, _)) = own::FOLDERS.iter().find(|(_, table)| *table == name) {
                    format!("[{name}.NAME] belongs into a file of its own: {folder}/NAME.toml beside this one")
                } else if let Some(home) = SETTINGS.iter().find(|s| s.key == name) {
                    format!("`{name}` belongs below [{}]", home.section)
                } else {
                    let known =
                        settings::sections().into_iter().chain(["targets", "keymap", "vault", "webhook", "hooks"]);
                    format!("there is no `{}` in the configuration{}", escape(name), did_you_mean(name, known))
                };
                self.mistake(key.span(), text);
            }
        }
    }

    fn section(&mut self, section: &str, value: &Spanned<DeValue<'_>>) {
        let Some(table) = self.table(section, value) else { return };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let Some(setting) = settings::setting(section, name) else {
                let text = if let Some(home) = SETTINGS.iter().find(|s| s.key == name) {
                    format!("`{name}` belongs below [{}], not [{section}]", home.section)
                } else {
                    let known = SETTINGS.iter().filter(|s| s.section == section).map(|s| s.key);
                    format!("there is no `{}` in [{section}]{}", escape(name), did_you_mean(name, known))
                };
                self.mistake(key.span(), text);
                continue;
            };
            match setting.kind.read(value.get_ref()) {
                Ok(read) => {
                    let place = self.place(value.span());
                    self.written.settings.push(WrittenSetting { setting, value: read, place });
                }
                Err(text) => self.mistake(value.span(), format!("`{name}`: {text}")),
            }
        }
    }

    fn targets(&mut self, value: &Spanned<DeValue<'_>>) {
        let Some(table) = self.table("targets", value) else { return };
        for (key, value) in table {
            let Some(target) = read_target(self, key, value) else { continue };
            let before = self.written.targets.iter().find(|t| t.name == target.name);
            if let Some(before) = before {
                let text = format!("`{}` is already a target at {}: give it another name", target.name, before.place);
                self.mistake(key.span(), text);
            } else {
                self.written.targets.push(target);
            }
        }
    }

    fn vault(&mut self, value: &Spanned<DeValue<'_>>) {
        let Some(table) = self.table("vault", value) else { return };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if name != "key_file" {
                let near = did_you_mean(name, ["key_file"]);
                self.mistake(key.span(), format!("there is no `{}` in [vault]{near}", escape(name)));
                continue;
            }
            let place = self.place(value.span());
            let Some(path) = self.string("key_file", value) else { continue };
            if path.starts_with('/') || path.starts_with("~/") {
                self.written.vault_key_file = Some((path.to_owned(), place));
            } else {
                self.mistake(value.span(), "`key_file` is a whole path: begin it with / or ~/".to_owned());
            }
        }
    }

    fn keymap(&mut self, value: &Spanned<DeValue<'_>>) {
        let Some(screens) = self.table("keymap", value) else { return };
        for (screen, actions) in screens {
            let screen = screen.get_ref().as_ref();
            let Some(actions) = actions.get_ref().as_table() else {
                let text =
                    format!("keys belong to a screen: write [keymap.SCREEN] and `{} = ...` below", escape(screen));
                self.mistake(actions.span(), text);
                continue;
            };
            for (action, key) in actions {
                let place = self.place(action.span());
                let action = action.get_ref().as_ref();
                let Some(text) = self.string(action, key) else { continue };
                let (screen, action, key) = (screen.to_owned(), action.to_owned(), text.to_owned());
                self.written.keys.push(KeyBinding { screen, action, key, place });
            }
        }
    }
}

/// `a table`, `an array`.
pub(super) fn with_article(noun: &str) -> String {
    format!("{} {noun}", if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" })
}
