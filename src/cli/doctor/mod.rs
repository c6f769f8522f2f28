//! `doctor`: what works here and what is missing, each with what to do about it.

mod connections;

use super::host::{HeadlessTarget, object};
use super::turn::engine_of;
use super::{Ended, Exit, Headless, Outcome};
use crate::config::args;
use crate::config::{Clipboard, ColorDepth, Config, Mistakes, Places};
use crate::domain::target::Identity;
use crate::domain::text::escape;
use crate::engine::ENGINES;
use crate::export::table::Paint;
use futures::future::join_all;
use nix::unistd::{AccessFlags, access};
use serde_json::Value as Json;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Time for one sample of a target, milliseconds.
const SAMPLE_MS: u64 = 5_000;
/// The smallest terminal on which every screen has its full layout.
const FULL_LAYOUT: (u16, u16) = (80, 24);

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    Good,
    Told,
    Doubtful,
    Wrong,
}

impl Grade {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Told => "info",
            Self::Doubtful => "warning",
            Self::Wrong => "wrong",
        }
    }
    fn paint(self) -> Paint {
        match self {
            Self::Good => Paint::Good,
            Self::Told => Paint::Plain,
            Self::Doubtful => Paint::Warning,
            Self::Wrong => Paint::Bad,
        }
    }
}

/// One line of the report.
struct Line {
    area: String,
    grade: Grade,
    text: String,
    /// What to do, ready to be pasted; may hold newlines.
    remedy: Option<String>,
}

impl Line {
    fn new(area: &str, grade: Grade, text: impl Into<String>) -> Self {
        Self { area: area.to_owned(), grade, text: text.into(), remedy: None }
    }
    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Examines everything; exit 1 when something is wrong.
pub(super) async fn run(
    args: &args::Doctor,
    configuration: &Result<Config, Mistakes>,
    io: &mut Headless<'_>,
) -> Outcome {
    let mut lines = configuration_lines(configuration);
    lines.extend(store_lines(io));
    lines.extend(terminal_lines(configuration.as_ref().ok(), io));
    let targets = io.targets.clone();
    let config = configuration.as_ref().ok();
    lines.extend(connections::vault(config, io));
    let examined = join_all(targets.iter().map(|t| target_lines(t, config, io))).await;
    lines.extend(examined.into_iter().flatten());
    lines.extend(connections::logins(&targets));
    if targets.is_empty() {
        lines.push(Line::new("targets", Grade::Told, "no target is configured").remedy("dba-gpt config example"));
    }
    for found in ENGINES.iter().flat_map(|e| (e.discover)(io.surroundings)) {
        let text = format!("{} could be watched; found through {}", found.url, found.source);
        lines.push(Line::new("found here", Grade::Told, text));
    }
    print(&lines, args.json, io)?;
    let wrong = lines.iter().any(|l| l.grade == Grade::Wrong);
    Ok(if wrong { Exit::Findings } else { Exit::Fine })
}

fn configuration_lines(configuration: &Result<Config, Mistakes>) -> Vec<Line> {
    const AREA: &str = "configuration";
    match configuration {
        Ok(config) if config.warnings.is_empty() => vec![Line::new(AREA, Grade::Good, "sound")],
        Ok(config) => config.warnings.iter().map(|w| Line::new(AREA, Grade::Doubtful, w)).collect(),
        Err(mistakes) => mistakes.0.iter().map(|m| Line::new(AREA, Grade::Wrong, m.to_string())).collect(),
    }
}

fn store_lines(io: &Headless<'_>) -> Vec<Line> {
    const AREA: &str = "files";
    let Some(places) = Places::find(&io.surroundings.variables, io.surroundings.home.as_deref()) else {
        return vec![Line::new(AREA, Grade::Wrong, "there is no home directory: set HOME or DBA_GPT_HOME")];
    };
    let mut lines: Vec<Line> = [places.data, places.state].iter().map(|folder| folder_line(AREA, folder)).collect();
    lines.dedup_by(|a, b| a.text == b.text);
    lines
}

/// A folder of ours holds statements of customers: it is for its owner's eyes only, and so is every file in it.
fn folder_line(area: &str, folder: &Path) -> Line {
    let shown = folder.display();
    let Ok(metadata) = std::fs::metadata(folder) else {
        return Line::new(area, Grade::Told, format!("{shown} is not there yet; the terminal app makes it"));
    };
    if !metadata.is_dir() {
        return Line::new(area, Grade::Wrong, format!("{shown} is not a folder"));
    }
    if access(folder, AccessFlags::R_OK | AccessFlags::W_OK | AccessFlags::X_OK).is_err() {
        return Line::new(area, Grade::Wrong, format!("{shown} cannot be written: nothing is remembered"));
    }
    let open = std::iter::once(folder.to_owned())
        .chain(std::fs::read_dir(folder).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())))
        .find(|path| std::fs::symlink_metadata(path).is_ok_and(|m| m.permissions().mode() & 0o077 != 0));
    match open {
        Some(path) => Line::new(area, Grade::Wrong, format!("{} can be read by others", path.display()))
            .remedy(format!("chmod -R go= '{shown}'")),
        None => Line::new(area, Grade::Good, format!("{shown} is writable, and for nobody else")),
    }
}

fn terminal_lines(config: Option<&Config>, io: &Headless<'_>) -> Vec<Line> {
    const AREA: &str = "terminal";
    let mut lines = Vec::new();
    if !io.terminal.is_terminal {
        lines.push(Line::new(AREA, Grade::Told, "standard output is no terminal; the screens need one"));
    }
    match io.terminal.size {
        Some((columns, rows)) if columns < FULL_LAYOUT.0 || rows < FULL_LAYOUT.1 => {
            let text = format!("{columns}x{rows}: the screens are shortened below {}x{}", FULL_LAYOUT.0, FULL_LAYOUT.1);
            lines.push(Line::new(AREA, Grade::Doubtful, text));
        }
        Some((columns, rows)) => lines.push(Line::new(AREA, Grade::Good, format!("{columns}x{rows}"))),
        None => {}
    }
    if let Some(config) = config {
        let colors = match config.ui.colors {
            ColorDepth::None => "no colours: states are told by their words",
            ColorDepth::Palette16 => "16 colours",
            ColorDepth::Palette256 => "256 colours",
            ColorDepth::Truecolor => "24-bit colours",
        };
        lines.push(Line::new(AREA, Grade::Good, colors));
        lines.push(if config.ui.ascii {
            Line::new(AREA, Grade::Doubtful, "not UTF-8: lines and graphs are drawn in ASCII")
                .remedy("export LANG=C.UTF-8")
        } else {
            Line::new(AREA, Grade::Good, "UTF-8")
        });
        if config.ui.clipboard == Clipboard::Osc52 {
            lines.push(clipboard_line(AREA, io));
        }
    }
    if io.surroundings.variable("SSH_CONNECTION").or(io.surroundings.variable("SSH_TTY")).is_some() {
        lines.push(Line::new(AREA, Grade::Told, "over SSH: new data is drawn at most 4 times a second"));
    }
    lines
}

/// Copies travel through the terminal itself (OSC 52); what stands between may hold them back.
fn clipboard_line(area: &str, io: &Headless<'_>) -> Line {
    let term = io.surroundings.variable("TERM").unwrap_or_default();
    if io.surroundings.variable("TMUX").is_some() {
        let text = "inside tmux, which passes copies on to your terminal only when it is told to";
        Line::new(area, Grade::Told, text).remedy("tmux set-option -g set-clipboard on")
    } else if io.surroundings.variable("STY").is_some() || term.starts_with("screen") {
        let text = "inside GNU screen, which keeps copies to itself: let them go to a file";
        Line::new(area, Grade::Doubtful, text).remedy("[ui]\nclipboard = \"file\"")
    } else {
        Line::new(area, Grade::Told, "copies go to your terminal by OSC 52, which most terminals take or ask about")
    }
}

async fn target_lines(target: &HeadlessTarget, config: Option<&Config>, io: &Headless<'_>) -> Vec<Line> {
    let area = target.target.id.as_str();
    let Ok(spec) = engine_of(target) else { return Vec::new() };
    let way_in = connections::way_in(target, spec, config);
    let mut session = match io.host.connect(&target.target.id).await {
        Ok(session) => session,
        Err(error) => {
            return std::iter::once(Line::new(area, Grade::Wrong, error.message)).chain(way_in).collect();
        }
    };
    let Identity { version, role, user, excess_powers, hints, .. } = session.identity().clone();
    let who = if user.is_empty() { String::new() } else { format!(" as {user}") };
    let text = format!("{version} ({role}) answers{who} (minimum: {})", spec.minimum_version);
    let mut lines = vec![Line::new(area, Grade::Good, text)];
    lines.extend(way_in);
    if !excess_powers.is_empty() {
        let text = format!("this login may do more than a watcher should: {}", excess_powers.join(", "));
        lines.push(Line::new(area, Grade::Doubtful, text));
    }
    lines.extend(hints.iter().map(|hint| Line::new(area, Grade::Doubtful, hint)));
    let sample = tokio::select! {
        sample = (spec.sample)(&mut *session, 0) => sample.map_err(|e| e.to_string()),
        () = io.host.sleep(SAMPLE_MS) => Err(format!("no sample within {} s", SAMPLE_MS / 1000)),
    };
    match sample {
        Ok(sample) => lines.extend(sample.hints.iter().map(|hint| Line::new(area, Grade::Doubtful, hint))),
        Err(words) => lines.push(Line::new(area, Grade::Wrong, format!("it cannot be sampled: {words}"))),
    }
    lines
}

fn print(lines: &[Line], json: bool, io: &mut Headless<'_>) -> Result<(), Ended> {
    let color = io.color();
    let mut area = "";
    for line in lines {
        if json {
            let mut report = object();
            report.insert("area".into(), line.area.as_str().into());
            report.insert("state".into(), line.grade.word().into());
            report.insert("text".into(), line.text.as_str().into());
            report.insert("remedy".into(), line.remedy.as_deref().map_or(Json::Null, Json::from));
            io.object(report)?;
            continue;
        }
        if line.area != area {
            area = &line.area;
            io.line(&escape(area))?;
        }
        let word = line.grade.paint().on(&format!("{:<7}", line.grade.word()), color);
        io.line(&format!("  {word}  {}", escape(&line.text)))?;
        for remedy in line.remedy.iter().flat_map(|r| r.lines()) {
            io.line(&format!("             {}", Paint::Faint.on(&escape(remedy), color)))?;
        }
    }
    Ok(())
}
