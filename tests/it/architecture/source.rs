//! Rust source as the rules need it: the same text with comments blanked, with string contents blanked as well, and
//! without its test modules. Every blank keeps its place, so that line numbers stay true.

/// One file of the crate.
#[derive(Debug)]
pub struct SourceFile {
    /// Path below `src/`, with `/`.
    pub path: String,
    /// As written.
    pub text: String,
    /// Comments blanked, test modules blanked.
    pub without_comments: String,
    /// Comments and the contents of strings and characters blanked, test modules blanked.
    pub code: String,
}

impl SourceFile {
    /// Reads a file's text into its layers.
    pub fn new(path: &str, text: &str) -> Self {
        let mut without_comments = blank(text, false);
        let mut code = blank(text, true);
        if path.ends_with("/tests.rs") || path.contains("/tests/") {
            without_comments = whitespace_of(&without_comments);
            code = whitespace_of(&code);
        }
        for (start, end) in test_modules(&code) {
            without_comments.replace_range(start..end, &whitespace_of(&without_comments[start..end]));
            code.replace_range(start..end, &whitespace_of(&code[start..end]));
        }
        Self { path: path.to_owned(), text: text.to_owned(), without_comments, code }
    }

    /// The top-level module: `ui` for `ui/draw.rs`, `main` for `main.rs`.
    pub fn layer(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The module path from the crate's root: `["ui", "draw"]` for `ui/draw.rs`, `["ui"]` for `ui/mod.rs`.
    pub fn module(&self) -> Vec<&str> {
        let mut parts: Vec<&str> = self.path.trim_end_matches(".rs").split('/').collect();
        if matches!(parts.last(), Some(&("mod" | "lib" | "main"))) {
            parts.pop();
        }
        parts
    }
}

/// The number of the line that a byte offset lies in, from 1.
pub fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// As many bytes of white space, with the line ends where they were.
fn whitespace_of(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// Blanks comments and, where asked, what stands between quotes.
fn blank(text: &str, strings_too: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let previous = out.as_bytes().last().copied().unwrap_or(b' ');
        let in_word = previous.is_ascii_alphanumeric() || previous == b'_';
        if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            out.push_str(&whitespace_of(&rest[..length]));
            at += length;
        } else if rest.starts_with("/*") {
            let length = block_comment(rest);
            out.push_str(&whitespace_of(&rest[..length]));
            at += length;
        } else if let Some((open, close, end)) = literal(rest, in_word) {
            let inside = &rest[open..close];
            out.push_str(&rest[..open]);
            out.push_str(&if strings_too { whitespace_of(inside) } else { inside.to_owned() });
            out.push_str(&rest[close..end]);
            at += end;
        } else {
            let character = rest.chars().next().unwrap_or(' ');
            out.push(character);
            at += character.len_utf8();
        }
    }
    out
}

/// The length of a block comment; they nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        if text.as_bytes()[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if text.as_bytes()[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// If the text begins with a string or character literal: where its contents begin and end, and where it ends.
fn literal(text: &str, in_word: bool) -> Option<(usize, usize, usize)> {
    let raw = text.trim_start_matches(['b', 'c']);
    if !in_word && text.len() - raw.len() <= 1 && raw.starts_with('r') {
        let hashes = raw[1..].bytes().take_while(|b| *b == b'#').count();
        if raw[1 + hashes..].starts_with('"') {
            let open = text.len() - raw.len() + hashes + 2;
            let mark = format!("\"{}", "#".repeat(hashes));
            let close = open + text[open..].find(&mark)?;
            return Some((open, close, close + mark.len()));
        }
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let end = closing_quote(&text[1..], quote)? + 1;
    // `'a` is a lifetime, unless a quote follows one character or one escape.
    if quote == '\'' && !text[1..].starts_with('\\') && text[1..end].chars().count() != 1 {
        return None;
    }
    Some((1, end, end + 1))
}

/// The offset of the first quote that no backslash escapes.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

/// The ranges of `#[cfg(test)] mod name { ... }`. The code's strings must be blanked, so that braces count.
fn test_modules(code: &str) -> Vec<(usize, usize)> {
    const MARK: &str = "#[cfg(test)]";
    let mut found = Vec::new();
    for (start, _) in code.match_indices(MARK) {
        let Some(open) = code[start..].find(['{', ';']).map(|at| start + at) else { continue };
        let is_module = code[start + MARK.len()..open].split_whitespace().any(|word| word == "mod");
        if !is_module || code.as_bytes()[open] == b';' {
            continue;
        }
        let mut depth = 0_usize;
        for (at, byte) in code.bytes().enumerate().skip(open) {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                found.push((start, at + 1));
                break;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_blanked_and_lines_kept() {
        let text = "//! head\nfn a<'x>(b: &'x str) { /* one /* two */ */ let c = \"postgres // no\"; }\n// end";
        let file = SourceFile::new("a.rs", text);
        assert_eq!(file.code.lines().count(), text.lines().count());
        assert_eq!(file.code.len(), text.len());
        assert!(file.code.contains("fn a<'x>(b: &'x str)"));
        assert!(!file.code.contains("postgres") && file.without_comments.contains("postgres // no"));
        assert!(!file.without_comments.contains("two") && !file.without_comments.contains("end"));
    }

    #[test]
    fn quotes_in_every_form_close_where_they_should() {
        for text in [
            r##"let a = r#"x " { y"#; done"##,
            r#"let a = b"x { \" y"; done"#,
            r"let a = '\''; let b = '{'; done",
            "let a = '\"'; done",
            r#"let a = br"x { \"; done"#,
            "let a = var\"x {\"; done",
            r#"let a = "{", b = "{" ; let c: &'static str = "{"; let d = '\u{1b}'; done"#,
        ] {
            let code = blank(text, true);
            assert!(code.ends_with("done") && !code.contains('{'), "{text} became {code}");
        }
    }

    #[test]
    fn test_modules_are_left_out_whole() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { c(\"}\") }\n}\nfn d() {}\n";
        let code = SourceFile::new("a.rs", text).code;
        assert!(code.contains("fn a") && code.contains("fn d") && !code.contains("fn b"));
    }

    #[test]
    fn a_file_knows_its_place() {
        assert_eq!(SourceFile::new("ui/screens/chat.rs", "").module(), ["ui", "screens", "chat"]);
        assert_eq!(SourceFile::new("ui/mod.rs", "").module(), ["ui"]);
        assert_eq!(SourceFile::new("main.rs", "").layer(), "main");
    }
}
