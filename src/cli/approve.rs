//! `approvals approve`: a person reads a proposal to its end on a terminal, and says yes. Nothing else can.

use super::{Ended, Exit, Headless, Outcome};
use crate::app::dossier::dossier;
use crate::domain::guard::ticket::{Consent, DEAD_MS};
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::Stage;

/// Lines of a screen that does not say how many it has.
const LINES: usize = 24;
/// The word that approves where no name is to be typed.
const WORD: &str = "approve";

/// Shows a proposal page by page, asks, and carries it out.
pub(super) async fn run(proposal: Proposal, io: &mut Headless<'_>) -> Outcome {
    let id = proposal.id;
    if !(io.terminal.is_terminal && io.terminal.input_is_terminal) {
        let words = "an approval is given by a person at a terminal: standard input or output is something else";
        return Err(Ended::with(Exit::Findings, words));
    }
    if !proposal.stage.is_open() {
        return Err(Ended::with(Exit::Findings, format!("#{id} is {}", proposal.stage.words())));
    }
    if let Some(obstacle) = proposal.obstacle() {
        return Err(Ended::with(Exit::Findings, format!("#{id} cannot be approved: {obstacle}")));
    }
    let act = proposal.act();
    let drawn = act.digest();
    if !show(&proposal, io)? {
        return Ok(later(id, io));
    }
    let wanted = act.name_to_type().unwrap_or(WORD).to_owned();
    let focused = io.host.moment();
    loop {
        io.host.forget_typed_ahead();
        ask(&format!("Type {wanted} to approve #{id}; anything else leaves it waiting: "), io)?;
        let Some(typed) = line(io)? else { return Ok(later(id, io)) };
        let decided = io.host.moment();
        if typed != wanted {
            return Ok(later(id, io));
        }
        if decided.uptime_ms < focused.uptime_ms.saturating_add(DEAD_MS) {
            io.host.sleep(DEAD_MS).await;
            io.say("that came too fast to have been read: once more");
            continue;
        }
        let consent =
            Consent { drawn, read_to_the_end: true, typed_name: Some(typed), from_terminal: true, focused, decided };
        let ended = io.host.carry_out(id, consent).await.map_err(|words| Ended::with(Exit::Findings, words))?;
        let last = ended.happenings.last().map(|h| h.words.clone()).unwrap_or_default();
        io.say(&format!("#{id} {}: {last}", ended.stage.words()));
        return Ok(if matches!(ended.stage, Stage::Done | Stage::Seconding) { Exit::Fine } else { Exit::Findings });
    }
}

/// Prints it in pages. False when the person left before the end.
fn show(proposal: &Proposal, io: &mut Headless<'_>) -> Result<bool, Ended> {
    let page = io.terminal.size.map_or(LINES, |(_, lines)| usize::from(lines)).saturating_sub(2).max(1);
    let columns = io.terminal.size.map_or(80, |(columns, _)| usize::from(columns)).max(20);
    let mut printed = 0;
    for section in dossier(proposal, io.offset_minutes) {
        let title = std::iter::once(format!("== {}", section.title));
        for text in title.chain(section.lines.into_iter().map(|line| format!("   {line}"))) {
            let height = text.chars().count().div_ceil(columns).max(1);
            if printed > 0 && printed + height > page {
                ask("-- Enter shows the rest, q leaves --", io)?;
                match line(io)? {
                    Some(typed) if typed.is_empty() => printed = 0,
                    _ => return Ok(false),
                }
            }
            writeln!(io.stdout, "{text}")?;
            printed += height;
        }
    }
    Ok(true)
}

fn later(id: u64, io: &mut Headless<'_>) -> Exit {
    io.say(&format!("#{id} waits: nothing was approved"));
    Exit::Findings
}

fn ask(words: &str, io: &mut Headless<'_>) -> Result<(), Ended> {
    write!(io.stdout, "{words}")?;
    io.stdout.flush()?;
    Ok(())
}

/// One line from the keyboard; none at its end.
fn line(io: &mut Headless<'_>) -> Result<Option<String>, Ended> {
    let mut typed = String::new();
    let read = io.stdin.read_line(&mut typed)?;
    Ok((read > 0).then(|| typed.trim_end_matches(['\n', '\r']).to_owned()))
}
