//! What INFO says, as sections of names and values.

use std::collections::BTreeMap;

/// A parsed INFO.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Info {
    /// Section, name, value, in the server's order.
    pub(crate) lines: Vec<(String, String, String)>,
    index: BTreeMap<String, usize>,
}

impl Info {
    /// Reads the text of INFO: `# Section`, then `name:value` lines.
    pub(crate) fn parse(text: &str) -> Self {
        let mut info = Self::default();
        let mut section = String::new();
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("# ") {
                title.trim().clone_into(&mut section);
            } else if let Some((name, value)) = line.split_once(':') {
                info.index.entry(name.to_owned()).or_insert(info.lines.len());
                info.lines.push((section.clone(), name.to_owned(), value.trim_end().to_owned()));
            }
        }
        info
    }
    /// The value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.index.get(name).and_then(|at| self.lines.get(*at)).map(|(_, _, value)| value.as_str())
    }
    /// The value as text; empty when it is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
    /// The value as a number; missing is not zero.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.trim_end_matches('%').parse().ok().filter(|n: &f64| n.is_finite())
    }
    /// Lines of one section, its name in any case.
    pub(crate) fn section<'i>(&'i self, section: &'i str) -> impl Iterator<Item = (&'i str, &'i str)> {
        self.lines
            .iter()
            .filter(move |(own, ..)| own.eq_ignore_ascii_case(section))
            .map(|(_, name, value)| (name.as_str(), value.as_str()))
    }
}

/// The fields of a value such as `calls=1,usec=7`.
pub(crate) fn fields(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value.split(',').filter_map(|field| field.split_once('='))
}

/// One field of such a value as a number.
pub(crate) fn field(value: &str, name: &str) -> Option<f64> {
    fields(value).find(|(own, _)| *own == name).and_then(|(_, number)| number.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_names_and_values_are_read() {
        let info = Info::parse(
            "# Server\r\nredis_version:7.0.15\r\nexecutable:/a:b\r\n\r\n# Commandstats\r\ncmdstat_get:calls=1,usec=7\r\n",
        );
        assert_eq!(info.text("redis_version"), "7.0.15");
        assert_eq!(info.text("executable"), "/a:b");
        assert_eq!(info.number("nothing"), None);
        assert_eq!(info.section("commandstats").collect::<Vec<_>>(), [("cmdstat_get", "calls=1,usec=7")]);
        assert_eq!(field("calls=1,usec=7", "usec"), Some(7.0));
    }
}
