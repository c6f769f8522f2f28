//! The words with which a server marks the lines of its log, in every language that it speaks.
//!
//! A line says `ERROR:  ` and its message, and further lines say `DETAIL:  `, `HINT:  ` and so on; `lc_messages` of the
//! server or of the session chooses the language, so one log may hold several.

use crate::domain::log::Level;
use memchr::memchr;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a word says about the text behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// It is a message of this level: an event begins.
    Severity(Level),
    /// More about the message.
    Detail,
    /// What to do.
    Hint,
    /// A statement that the server made itself.
    Query,
    /// Where it happened.
    Context,
    /// Where in the server's source.
    Location,
    /// The server's calls, for its developers.
    Backtrace,
    /// The client's statement.
    Statement,
}

/// The longest word with its colon, bytes.
const LONGEST: usize = 64;

use Level::{Debug, Error, Fatal, Info, Notice, Panic, Warning};
use Word::{Backtrace, Context, Detail, Hint, Location, Query, Severity, Statement};

/// Each word as it stands in a line, with what separates it from the text.
static WORDS: &[(&str, Word)] = &[
    ("DEBUG:  ", Severity(Debug)),
    ("LOG:  ", Severity(Info)),
    ("INFO:  ", Severity(Info)),
    ("WARNING:  ", Severity(Warning)),
    ("ERROR:  ", Severity(Error)),
    ("FATAL:  ", Severity(Fatal)),
    ("PANIC:  ", Severity(Panic)),
    ("NOTICE:  ", Severity(Notice)),
    ("DETAIL:  ", Detail),
    ("HINT:  ", Hint),
    ("QUERY:  ", Query),
    ("CONTEXT:  ", Context),
    ("LOCATION:  ", Location),
    ("BACKTRACE:  ", Backtrace),
    ("STATEMENT:  ", Statement),
    ("WARNUNG:  ", Severity(Warning)),
    ("FEHLER:  ", Severity(Error)),
    ("PANIK:  ", Severity(Panic)),
    ("HINWEIS:  ", Severity(Notice)),
    ("TIPP:  ", Hint),
    ("ANFRAGE:  ", Query),
    ("ZUSAMMENHANG:  ", Context),
    ("ORT:  ", Location),
    ("ANWEISUNG:  ", Statement),
    ("DETALLE:  ", Detail),
    ("CONSULTA:  ", Query),
    ("CONTEXTO:  ", Context),
    ("UBICACIÓN:  ", Location),
    ("SENTENCIA:  ", Statement),
    ("ATTENTION:  ", Severity(Warning)),
    ("ERREUR:  ", Severity(Error)),
    ("DÉTAIL:  ", Detail),
    ("ASTUCE :  ", Hint),
    ("REQUÊTE :  ", Query),
    ("CONTEXTE :  ", Context),
    ("EMPLACEMENT :  ", Location),
    ("PILE D'APPEL : ", Backtrace),
    ("INSTRUCTION :  ", Statement),
    ("ATTENZIONE:  ", Severity(Warning)),
    ("ERRORE:  ", Severity(Error)),
    ("FATALE:  ", Severity(Fatal)),
    ("PANICO:  ", Severity(Panic)),
    ("NOTIFICA:  ", Severity(Notice)),
    ("DETTAGLI:  ", Detail),
    ("SUGGERIMENTO:  ", Hint),
    ("CONTESTO:  ", Context),
    ("POSIZIONE:  ", Location),
    ("ISTRUZIONE:  ", Statement),
    ("詳細:  ", Detail),
    ("ヒント:  ", Hint),
    ("問い合わせ:  ", Query),
    ("文脈:  ", Context),
    ("場所:  ", Location),
    ("バックトレース:  ", Backtrace),
    ("文:  ", Statement),
    ("გამართვა:  ", Severity(Debug)),
    ("ჟურნალი:  ", Severity(Info)),
    ("ინფორმაცია:  ", Severity(Info)),
    ("გაფრთხილება:  ", Severity(Warning)),
    ("შეცდომა:  ", Severity(Error)),
    ("ფატალური:  ", Severity(Fatal)),
    ("პანიკა:  ", Severity(Panic)),
    ("დეტალები:  ", Detail),
    ("მინიშნება:  ", Hint),
    ("მოთხოვნა:  ", Query),
    ("კონტექსტი:  ", Context),
    ("მდებარეობა:   ", Location),
    ("სტეკი:  ", Backtrace),
    ("ოპერატორი:  ", Statement),
    ("디버그:  ", Severity(Debug)),
    ("로그:  ", Severity(Info)),
    ("정보:  ", Severity(Info)),
    ("경고:  ", Severity(Warning)),
    ("오류:  ", Severity(Error)),
    ("치명적오류:  ", Severity(Fatal)),
    ("손상:  ", Severity(Panic)),
    ("알림:  ", Severity(Notice)),
    ("상세정보:  ", Detail),
    ("힌트:  ", Hint),
    ("쿼리:", Query),
    ("내용:  ", Context),
    ("위치: ", Location),
    ("역추적:  ", Backtrace),
    ("명령 구문:  ", Statement),
    ("ОТЛАДКА:  ", Severity(Debug)),
    ("СООБЩЕНИЕ:  ", Severity(Info)),
    ("ИНФОРМАЦИЯ:  ", Severity(Info)),
    ("ПРЕДУПРЕЖДЕНИЕ:  ", Severity(Warning)),
    ("ОШИБКА:  ", Severity(Error)),
    ("ВАЖНО:  ", Severity(Fatal)),
    ("ПАНИКА:  ", Severity(Panic)),
    ("ЗАМЕЧАНИЕ:  ", Severity(Notice)),
    ("ПОДРОБНОСТИ:  ", Detail),
    ("ПОДСКАЗКА:  ", Hint),
    ("ЗАПРОС:  ", Query),
    ("КОНТЕКСТ:  ", Context),
    ("ПОЛОЖЕНИЕ: ", Location),
    ("СТЕК:  ", Backtrace),
    ("ОПЕРАТОР:  ", Statement),
    ("LOGG:  ", Severity(Info)),
    ("VARNING:  ", Severity(Warning)),
    ("FEL:  ", Severity(Error)),
    ("FATALT:  ", Severity(Fatal)),
    ("NOTIS:  ", Severity(Notice)),
    ("DETALJ:  ", Detail),
    ("TIPS:  ", Hint),
    ("FRÅGA:  ", Query),
    ("KONTEXT:  ", Context),
    ("PLATS:  ", Location),
    ("SATS:  ", Statement),
    ("НАЛАГОДЖЕННЯ:  ", Severity(Debug)),
    ("ЗАПИСУВАННЯ:  ", Severity(Info)),
    ("ІНФОРМАЦІЯ:  ", Severity(Info)),
    ("ПОПЕРЕДЖЕННЯ:  ", Severity(Warning)),
    ("ПОМИЛКА:  ", Severity(Error)),
    ("ФАТАЛЬНО:  ", Severity(Fatal)),
    ("ПАНІКА:  ", Severity(Panic)),
    ("ПОВІДОМЛЕННЯ:  ", Severity(Notice)),
    ("ВІДОМОСТІ:  ", Detail),
    ("УКАЗІВКА:  ", Hint),
    ("ЗАПИТ:  ", Query),
    ("РОЗТАШУВАННЯ:  ", Location),
    ("ВІДСТЕЖУВАТИ:  ", Backtrace),
    ("ІНСТРУКЦІЯ:  ", Statement),
    ("调试:  ", Severity(Debug)),
    ("日志:  ", Severity(Info)),
    ("信息:  ", Severity(Info)),
    ("警告:  ", Severity(Warning)),
    ("错误:  ", Severity(Error)),
    ("致命错误:  ", Severity(Fatal)),
    ("比致命错误还过分的错误:  ", Severity(Panic)),
    ("注意:  ", Severity(Notice)),
    ("详细信息:  ", Detail),
    ("提示:  ", Hint),
    ("查询:  ", Query),
    ("上下文:  ", Context),
    ("位置:  ", Location),
    ("语句:  ", Statement),
];

/// A word and what separates it from the text, by its bytes up to the colon.
static BY_COLON: LazyLock<HashMap<&'static [u8], (&'static [u8], Word)>> = LazyLock::new(|| {
    let up_to_colon = |text: &'static str| text.find(':').map_or(text, |colon| &text[..=colon]).as_bytes();
    WORDS.iter().map(|(text, word)| (up_to_colon(text), (text.as_bytes(), *word))).collect()
});

/// The word with which a text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marked {
    /// What it says.
    pub word: Word,
    /// Bytes of the word alone.
    pub length: usize,
    /// Bytes up to the text behind it.
    pub text: usize,
}

/// The word with which this text begins.
pub(super) fn at(text: &[u8]) -> Option<Marked> {
    // Most lines of most logs.
    for (word, meaning) in
        [(&b"LOG:  "[..], Severity(Info)), (b"ERROR:  ", Severity(Error)), (b"STATEMENT:  ", Statement)]
    {
        if text.starts_with(word) {
            return Some(Marked { word: meaning, length: word.len() - 3, text: word.len() });
        }
    }
    // A digit or a small letter of ours begins no word, and a colon is not far.
    if text.first().is_none_or(|b| !(b.is_ascii_uppercase() || *b >= 0x80)) {
        return None;
    }
    let colon = memchr(b':', &text[..text.len().min(LONGEST)])?;
    let (whole, word) = BY_COLON.get(&text[..=colon])?;
    // Without any text behind it, something may have taken the spaces away.
    let separated = text.starts_with(whole) || text.trim_ascii_end() == whole.trim_ascii_end();
    let length = text[..colon].trim_ascii_end().len();
    separated.then(|| Marked { word: *word, length, text: whole.len().min(text.len()) })
}

/// What stands around the number of a character at the end of a message.
static POSITIONS: &[(&str, &str)] = &[
    (" at character ", ""),
    (" bei Zeichen ", ""),
    (" en carácter ", ""),
    (" au caractère ", ""),
    (" al carattere ", ""),
    ("(", "文字目)"),
    (" სიმბოლოსთან ", ""),
    (" ", " 번째 문자 부근"),
    (" (символ ", ")"),
    (" vid tecken ", ""),
    (" символ ", ""),
    (" 第 ", " 个字符处"),
];

/// What stands before the milliseconds of a statement.
static DURATIONS: &[&str] = &[
    "duration: ",
    "Dauer: ",
    "duración: ",
    "durée : ",
    "durata: ",
    "期間: ",
    "ხანგრძლივობა: ",
    "실행시간: ",
    "수행시간: ",
    "продолжительность: ",
    "varaktighet ",
    "varaktighet: ",
    "тривалість: ",
    "执行时间: ",
];

/// A message without the number of the character at its end, and that number.
pub(super) fn without_position(message: &str) -> Option<(usize, u32)> {
    let closers = ["", ")", "文字目)", " 번째 문자 부근", " 个字符处"];
    // Nearly every message ends in a letter or a quote, and is left in peace here.
    let last = message.as_bytes().last()?;
    if !(last.is_ascii_digit() || *last == b')' || *last >= 0x80) {
        return None;
    }
    closers.into_iter().find_map(|after| {
        let rest = message.strip_suffix(after)?;
        let begin = rest.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let number = rest[begin..].parse().ok()?;
        let known = POSITIONS.iter().find(|(b, a)| *a == after && rest[..begin].ends_with(b))?;
        Some((begin - known.0.len(), number))
    })
}

/// The milliseconds in a message about the time of a statement, and where the statement begins in it, if it is there.
pub(super) fn duration(message: &str) -> Option<(f64, Option<usize>)> {
    // `d` and `D` begin the English, French, Italian, Spanish and German word.
    let first = message.as_bytes().first()?;
    if !(matches!(first, b'd' | b'D' | b'v') || *first >= 0x80) {
        return None;
    }
    let before = DURATIONS.iter().find(|before| message.starts_with(**before))?.len();
    let rest = &message[before..];
    let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let milliseconds = rest[..digits].parse().ok()?;
    let first_line = rest[digits..].lines().next().unwrap_or_default();
    let statement = first_line.find(": ").map(|at| before + digits + at + 2);
    Some((milliseconds, statement))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_again() {
        for (text, word) in WORDS {
            let found = at(format!("{text}x").as_bytes()).map(|m| (m.word, m.text));
            assert_eq!(found, Some((*word, text.len())), "{text}");
        }
        assert_eq!(at("ASTUCE : y".as_bytes()), None, "the space is part of it");
        assert_eq!(at(b"lower:  x"), None);
        assert_eq!(at(b"HINT:"), at(b"HINT:  ").map(|m| Marked { text: 5, ..m }));
    }

    #[test]
    fn positions_and_durations_in_every_language() {
        for (before, after) in POSITIONS {
            assert_eq!(without_position(&format!("falsch{before}123{after}")), Some((6, 123)), "{before}");
        }
        assert_eq!(without_position("cannot do 5"), None);
        for before in DURATIONS {
            let message = format!("{before}12.5 ms  x: SELECT 1");
            assert_eq!(duration(&message), Some((12.5, message.find("SELECT"))), "{before}");
        }
        assert_eq!(duration("duration: 0.103 ms"), Some((0.103, None)));
    }
}
