//! `allow_functions` of a target: functions of a person's own that the guard may take for pure reads.
//!
//! The list widens what runs with nobody asked, so it is believed only from a file that nobody else can change. Its
//! form is checked here; what an engine lets a person declare is asked of the engine.

use super::password::no_others_change;
use super::written::{Reader, with_article};
use super::written_target::Placed;
use crate::domain::text::escape;
use toml::Spanned;
use toml::de::DeValue;

/// Reads the list; an entry with a mistake is left out.
pub(super) fn read_allow_functions(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>) -> Vec<Placed<String>> {
    const FORM: &str = "`allow_functions` is a list of functions with their schema: [\"app.order_total\"]";
    let Some(items) = value.get_ref().as_array() else {
        reader.mistake(value.span(), format!("{FORM}, not {}", with_article(value.get_ref().type_str())));
        return Vec::new();
    };
    if !no_others_change(reader, value.span(), "this list") {
        return Vec::new();
    }
    let mut functions = Vec::new();
    for item in items {
        let place = reader.place(item.span());
        match item.get_ref().as_str().map(|name| (name, wrong_form(name))) {
            Some((name, None)) => functions.push((name.to_owned(), place)),
            Some((name, Some(why))) => reader.mistake(item.span(), format!("`{}` {why}", escape(name))),
            None => reader.mistake(item.span(), format!("{FORM}; every entry is text in quotes")),
        }
    }
    functions
}

/// What keeps a text from being the name of one function.
fn wrong_form(name: &str) -> Option<&'static str> {
    let parts: Vec<&str> = name.split('.').collect();
    if name.contains(['(', ')']) {
        Some("has brackets: the name is enough, and means every function of that name")
    } else if name.contains('*') {
        Some("is a pattern: name each function, one entry a function")
    } else if name.contains(['"', '`', '\'']) {
        Some("has quotes in it: write the name as the catalogue stores it, without quotes")
    } else if name.chars().any(|c| c.is_whitespace() || c.is_control()) || parts.iter().any(|part| part.is_empty()) {
        Some("is not a name: write schema.name")
    } else if parts.len() == 1 {
        Some("has no schema: write schema.name, because another schema may hold a function of the same name")
    } else if parts.len() > 2 {
        Some("has too many parts: write schema.name")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::wrong_form;

    #[test]
    fn an_entry_names_one_function_with_its_schema() {
        for name in ["app.total", "App.OrderTotal", "größe.wert", "a_1.b$2"] {
            assert_eq!(wrong_form(name), None, "{name}");
        }
        for name in ["total", "", ".", "app.", ".total", "a.b.c", "app.f()", "app.*", "\"app\".f", "app. f", "a.b\u{7}"]
        {
            assert!(wrong_form(name).is_some(), "{name}");
        }
    }
}
