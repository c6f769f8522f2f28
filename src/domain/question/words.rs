//! A question as tokens: words, numbers, quoted text and operators, each word with its meaning from the vocabulary.

use super::vocabulary;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word or a name, perhaps with dots in it.
    Word,
    /// Text in quotation marks.
    Quoted,
    /// A number; the text is digits with at most one point and a sign.
    Number,
    /// `2024-01-31`, `2024-01`, or `14:05`: digits with a date's or a clock's separators.
    Stamp,
    /// `=`, `>=`, a comma, a bracket.
    Symbol,
}

/// One token of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// As typed; without the marks when quoted.
    pub(super) text: String,
    /// In lower case.
    pub(super) lower: String,
    /// Its meaning from the vocabulary; empty when it has none, `~` when it carries no meaning of its own.
    pub(super) canon: &'static str,
}

impl Token {
    fn new(kind: Kind, text: &str) -> Self {
        let lower = text.to_lowercase();
        let canon = if kind == Kind::Word { vocabulary::canon(&lower) } else { "" };
        Self { kind, text: text.to_owned(), lower, canon }
    }
    /// A plain word that means this.
    pub(super) fn means(&self, canon: &str) -> bool {
        self.canon == canon
    }
    /// A plain word that means one of these.
    pub(super) fn one_of(&self, canons: &[&str]) -> bool {
        canons.contains(&self.canon)
    }
    /// One of these signs or lower-case words, to the letter.
    pub(super) fn is(&self, words: &[&str]) -> bool {
        self.kind != Kind::Quoted && words.contains(&self.lower.as_str())
    }
    /// Begins with a capital letter: perhaps a name.
    pub(super) fn capital(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

/// Cuts a question into tokens and joins the words that mean something only together (`how many`, `foreign key`).
pub(super) fn tokens(text: &str) -> Vec<Token> {
    join_phrases(&cut(text))
}

fn cut(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<Token> = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        if let Some(close) = closing_mark(c, chars.get(i.wrapping_sub(1)).copied(), i)
            && let Some(end) = quoted_end(&chars, i + 1, close)
        {
            let inner = unquote(&chars[i + 1..end], close);
            // `"sales"."orders"` is one name.
            let dotted = i > 0 && chars[i - 1] == '.' && out.last().is_some_and(|t| t.text.ends_with('.'));
            if let Some(last) = out.last_mut().filter(|_| dotted) {
                let joined = format!("{}{inner}", last.text);
                *last = Token::new(Kind::Quoted, &joined);
            } else {
                out.push(Token::new(Kind::Quoted, &inner));
            }
            i = end + 1;
            if chars.get(i) == Some(&'.') && chars.get(i + 1).is_some_and(|n| *n == '"' || n.is_alphanumeric()) {
                if let Some(last) = out.last_mut() {
                    last.text.push('.');
                    if chars[i + 1] != '"' {
                        let end = word_end(&chars, i + 1);
                        let rest: String = chars[i + 1..end].iter().collect();
                        let joined = format!("{}{rest}", last.text);
                        *last = Token::new(Kind::Quoted, &joined);
                        i = end;
                        continue;
                    }
                }
                i += 1;
            }
            continue;
        }
        if c.is_alphabetic() || c == '_' {
            let end = word_end(&chars, i);
            let word: String = chars[i..end].iter().collect();
            push_word(&mut out, &word);
            i = end;
        } else if c.is_ascii_digit() || (c == '-' && negative_number(&chars, i, out.last())) {
            i = number(&chars, i, &mut out);
        } else {
            let two: String = chars[i..chars.len().min(i + 2)].iter().collect();
            if ["<=", ">=", "<>", "!=", "=="].contains(&two.as_str()) {
                out.push(Token::new(Kind::Symbol, if two == "==" { "=" } else { &two }));
                i += 2;
                continue;
            }
            match c {
                '=' | '<' | '>' | ',' | '(' | ')' | '#' | '%' | '\\' | '*' => {
                    out.push(Token::new(Kind::Symbol, &c.to_string()));
                }
                '\u{2264}' => out.push(Token::new(Kind::Symbol, "<=")),
                '\u{2265}' => out.push(Token::new(Kind::Symbol, ">=")),
                '\u{2260}' => out.push(Token::new(Kind::Symbol, "<>")),
                ';' | '|' | '+' | '/' | '&' => out.push(Token::new(Kind::Symbol, &c.to_string())),
                _ => {}
            }
            i += 1;
        }
    }
    out
}

/// The mark that closes a quotation opened by `c`. An apostrophe inside a word opens nothing.
fn closing_mark(c: char, before: Option<char>, at: usize) -> Option<char> {
    let open = at == 0 || before.is_none_or(|b| !b.is_alphanumeric());
    match c {
        '"' | '`' => Some(c),
        '\'' if open => Some('\''),
        '\u{201c}' | '\u{201e}' => Some('\u{201d}'),
        '\u{2018}' if open => Some('\u{2019}'),
        '\u{ab}' => Some('\u{bb}'),
        '[' => Some(']'),
        _ => None,
    }
}

/// Where a quotation ends. A doubled mark stands for itself; a single one closes only where a word ends, so that
/// an apostrophe inside (`'O'Brien'`) does not.
fn quoted_end(chars: &[char], from: usize, close: char) -> Option<usize> {
    let mut i = from;
    let mut fallback = None;
    while i < chars.len() {
        if chars[i] == close {
            if chars.get(i + 1) == Some(&close) {
                i += 2;
                continue;
            }
            if close != '\'' || chars.get(i + 1).is_none_or(|n| !n.is_alphanumeric()) {
                return Some(i);
            }
            fallback = Some(i);
        }
        i += 1;
    }
    fallback
}

fn unquote(inner: &[char], close: char) -> String {
    let text: String = inner.iter().collect();
    text.replace(&format!("{close}{close}"), &close.to_string())
}

fn word_end(chars: &[char], from: usize) -> usize {
    let mut i = from;
    while i < chars.len() {
        let c = chars[i];
        let joins = matches!(c, '.' | '-' | '@' | '$' | '\'' | '\u{2019}' | '+')
            && chars.get(i + 1).is_some_and(|n| n.is_alphanumeric() || *n == '_');
        if !(c.is_alphanumeric() || c == '_' || joins || combining(c)) {
            break;
        }
        i += 1;
    }
    i
}

fn combining(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// Takes contractions apart: `what's` is `what is`, `customer's` is `customer`, `isn't` is `is not`.
fn push_word(out: &mut Vec<Token>, word: &str) {
    let plain = word.replace('\u{2019}', "'");
    let lower = plain.to_lowercase();
    if let Some(stem) = lower.strip_suffix("n't") {
        let stem = match stem {
            "ca" => "can",
            "wo" => "will",
            other => other,
        };
        out.push(Token::new(Kind::Word, stem));
        out.push(Token::new(Kind::Word, "not"));
        return;
    }
    for ending in ["'s", "'re", "'ve", "'d", "'ll", "'m"] {
        if lower.ends_with(ending) {
            let stem = &plain[..plain.len() - ending.len()];
            out.push(Token::new(Kind::Word, stem));
            if ending == "'s" && vocabulary::asks(&stem.to_lowercase()) {
                out.push(Token::new(Kind::Word, "is"));
            }
            return;
        }
    }
    // A hyphen joins words of speech (`long-running`), not names: both readings are tried by the name matcher.
    // One with a digit or a capital letter in it is a name or a code, and stays whole.
    let first_low = plain.char_indices().all(|(i, c)| c == '-' || c.is_lowercase() || (i == 0 && c.is_uppercase()));
    if plain.contains('-') && first_low {
        for part in plain.split('-') {
            out.push(Token::new(Kind::Word, part));
        }
        return;
    }
    out.push(Token::new(Kind::Word, &plain));
}

fn negative_number(chars: &[char], at: usize, before: Option<&Token>) -> bool {
    chars.get(at + 1).is_some_and(char::is_ascii_digit) && before.is_none_or(|t| t.kind != Kind::Number)
}

/// Reads a number, a date or a clock time, and what is written right behind it (`10k`, `3pm`, `2nd`, `7d`).
fn number(chars: &[char], from: usize, out: &mut Vec<Token>) -> usize {
    let mut i = from + usize::from(chars[from] == '-');
    let mut separators = String::new();
    while i < chars.len() {
        let c = chars[i];
        let digit_next = chars.get(i + 1).is_some_and(char::is_ascii_digit);
        if c.is_ascii_digit() {
            i += 1;
        } else if matches!(c, '-' | ':' | ',' | '.' | '/' | '_') && digit_next {
            if c == ',' && !(thousands(chars, i)) {
                break;
            }
            separators.push(c);
            i += 1;
        } else if matches!(c, 'T' | 't') && separators.starts_with("--") && digit_next {
            separators.push('T');
            i += 1;
        } else {
            break;
        }
    }
    let raw: String = chars[from..i].iter().collect();
    let stamp = separators.contains(['-', ':', '/', 'T']) || separators.matches('.').count() == 2;
    if stamp {
        out.push(Token::new(Kind::Stamp, &raw));
        if separators.ends_with(':') || separators == ":" {
            return clock_suffix(chars, i, out);
        }
        return i;
    }
    let digits: String = raw.chars().filter(|c| *c != ',' && *c != '_').collect();
    let rest_end = word_end(chars, i);
    let rest: String = chars[i..rest_end].iter().collect::<String>().to_lowercase();
    match rest.as_str() {
        "" => out.push(Token::new(Kind::Number, &digits)),
        "am" | "pm" | "a.m" | "p.m" => {
            out.push(Token::new(Kind::Number, &digits));
            out.push(Token::new(Kind::Word, if rest.starts_with('a') { "am" } else { "pm" }));
        }
        "st" | "nd" | "rd" | "th" => {
            out.push(Token::new(Kind::Number, &digits));
        }
        "k" => out.push(Token::new(Kind::Number, &scaled(&digits, 3))),
        "m" if digits.len() < 4 => out.push(Token::new(Kind::Number, &scaled(&digits, 6))),
        _ => {
            let unit = vocabulary::short_unit(&rest);
            if let Some(unit) = unit {
                out.push(Token::new(Kind::Number, &digits));
                out.push(Token::new(Kind::Word, unit));
            } else {
                let whole: String = chars[from..rest_end].iter().collect();
                out.push(Token::new(Kind::Word, &whole));
            }
        }
    }
    rest_end
}

fn clock_suffix(chars: &[char], from: usize, out: &mut Vec<Token>) -> usize {
    let end = word_end(chars, from);
    let rest: String = chars[from..end].iter().collect::<String>().to_lowercase();
    if matches!(rest.as_str(), "am" | "pm") {
        out.push(Token::new(Kind::Word, &rest));
        return end;
    }
    from
}

/// A comma between digits separates thousands when exactly three digits follow it.
fn thousands(chars: &[char], comma: usize) -> bool {
    let following = chars[comma + 1..].iter().take_while(|c| c.is_ascii_digit()).count();
    following == 3
}

/// `1.5` with three zeros is `1500`.
fn scaled(digits: &str, zeros: usize) -> String {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut fraction = fraction.to_owned();
    while fraction.len() < zeros {
        fraction.push('0');
    }
    let (up, rest) = fraction.split_at(zeros);
    if rest.is_empty() { format!("{whole}{up}") } else { format!("{whole}{up}.{rest}") }
}

/// Words behind which `order` is a thing.
const RANKS: &[&str] = &[
    "largest", "biggest", "smallest", "highest", "lowest", "newest", "latest", "oldest", "earliest", "last", "first",
    "each", "every", "per", "the", "an", "one", "this", "cheapest", "single",
];

/// Joins neighbouring words that the vocabulary knows as one phrase, longest first.
fn join_phrases(tokens: &[Token]) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while i < tokens.len() {
        let found = vocabulary::PHRASES
            .iter()
            .filter(|(words, _)| {
                words
                    .split(' ')
                    .enumerate()
                    .all(|(k, w)| tokens.get(i + k).is_some_and(|t| t.kind == Kind::Word && t.lower == w))
            })
            .max_by_key(|(words, _)| words.split(' ').count());
        // `the largest order by total` is no `order by`.
        let ranked = out.last().is_some_and(|t: &Token| t.is(RANKS));
        if let Some((words, canon)) = found.filter(|(words, _)| !(ranked && *words == "order by")) {
            let length = words.split(' ').count();
            let text = tokens[i..i + length].iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
            out.push(Token { kind: Kind::Word, lower: text.to_lowercase(), text, canon });
            i += length;
        } else {
            out.push(tokens[i].clone());
            i += 1;
        }
    }
    out
}

/// A word in its singular, by the rules of English; good enough to compare two words that both went through it.
pub(super) fn singular(word: &str) -> String {
    const IRREGULAR: &[(&str, &str)] = &[
        ("people", "person"),
        ("persons", "person"),
        ("children", "child"),
        ("men", "man"),
        ("women", "woman"),
        ("indices", "index"),
        ("data", "data"),
        ("criteria", "criterion"),
        ("statuses", "status"),
        ("addresses", "address"),
        ("bonuses", "bonus"),
    ];
    if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == word) {
        return (*one).to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|s| s.len() > 1) {
        return format!("{stem}y");
    }
    for ending in ["sses", "ches", "shes", "xes", "zes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 1 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(question: &str) -> Vec<String> {
        tokens(question).into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn contractions_phrases_and_numbers() {
        assert_eq!(texts("What's in customer's orders?"), ["What", "is", "in", "customer", "orders"]);
        assert_eq!(texts("how many rows over 1,500.50"), ["how many", "rows", "over", "1500.50"]);
        assert_eq!(texts("top 10k at 3pm, 7d"), ["top", "10000", "at", "3", "pm", ",", "7", "days"]);
        assert_eq!(texts("on 2024-01-31 at 02:10"), ["on", "2024-01-31", "at", "02:10"]);
        assert_eq!(texts("mail alice@example.com"), ["mail", "alice@example.com"]);
    }

    #[test]
    fn quotation_marks_keep_text_whole() {
        assert_eq!(texts("name = 'O'Brien' please"), ["name", "=", "O'Brien", "please"]);
        assert_eq!(texts("name = 'it''s'"), ["name", "=", "it's"]);
        assert_eq!(texts("rows in \"My Table\""), ["rows", "in", "My Table"]);
        assert_eq!(texts("rows in \"sales\".\"Order\" now"), ["rows", "in", "sales.Order", "now"]);
        assert_eq!(texts("rows in \"sales\".orders now"), ["rows", "in", "sales.orders", "now"]);
    }

    #[test]
    fn singular_compares_words() {
        for (many, one) in [("orders", "order"), ("categories", "category"), ("boxes", "box"), ("status", "status")] {
            assert_eq!(singular(many), one);
        }
        assert_eq!(singular("addresses"), singular("address"));
        assert_eq!(singular("statuses"), singular("status"));
    }
}
