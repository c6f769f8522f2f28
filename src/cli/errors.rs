//! `errors classify`: what an error is, from its text alone, without any database.

use super::host::object;
use super::{Ended, Exit, Headless, Outcome};
use crate::config::args;
use crate::domain::error::naming::{ErrorNaming, Understood, understand};
use crate::domain::guard::decode_line;
use crate::engine;

/// Names the errors of standard input: one message, or one a line.
pub(super) fn run(args: &args::Classify, io: &mut Headless<'_>) -> Outcome {
    let Some(naming) = engine::errors_of(&args.engine) else {
        let known = engine::names_with_errors().join(", ");
        let words = format!("nothing is known about errors of `{}`; there is a catalogue for {known}", args.engine);
        return Err(Ended::with(Exit::Usage, words));
    };
    if !args.lines {
        let mut text = Vec::new();
        io.stdin.read_to_end(&mut text).map_err(|e| unreadable(&e))?;
        return print(naming, &String::from_utf8_lossy(&text), io);
    }
    let mut line = Vec::new();
    loop {
        line.clear();
        if io.stdin.read_until(b'\n', &mut line).map_err(|e| unreadable(&e))? == 0 {
            return Ok(Exit::Fine);
        }
        let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line)).into_owned();
        // A message with a backslash that is no escape is meant as it stands.
        print(naming, &decode_line(&text).unwrap_or(text), io)?;
    }
}

/// One line, flushed at once: whoever pipes messages in waits for the answer before the next one.
fn print(naming: &dyn ErrorNaming, text: &str, io: &mut Headless<'_>) -> Outcome {
    let Understood { code, kind, severity, object: about, message, signature, group, title, transient } =
        understand(naming, text, None);
    let mut answer = object();
    answer.insert("engine".into(), naming.engine().0.into());
    answer.insert("code".into(), Some(code).filter(|c| !c.is_empty()).into());
    answer.insert("kind".into(), kind.word().into());
    answer.insert("severity".into(), severity.word().into());
    answer.insert("object".into(), about.into());
    answer.insert("signature".into(), signature.into());
    answer.insert("group".into(), group.into());
    answer.insert("title".into(), title.into());
    answer.insert("transient".into(), transient.into());
    answer.insert("message".into(), message.into());
    io.object(answer)?;
    io.stdout.flush()?;
    Ok(Exit::Fine)
}

fn unreadable(error: &std::io::Error) -> Ended {
    Ended::with(Exit::Fault, format!("standard input could not be read: {error}"))
}
