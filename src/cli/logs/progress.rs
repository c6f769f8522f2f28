//! How far a file is, on one line of standard error, where that is a terminal.

use super::input::Input;
use crate::cli::Headless;
use crate::domain::target::Timestamp;
use crate::domain::text::{escape, fit};

/// Between two drawings, milliseconds.
const EVERY_MS: u64 = 100;
const BAR: usize = 24;
const NAME_COLUMNS: usize = 30;

/// The line.
#[derive(Debug)]
pub(super) struct Progress {
    wanted: bool,
    drawn_at: Option<Timestamp>,
}

impl Progress {
    /// Nothing is drawn unless it is wanted.
    pub(super) fn new(wanted: bool) -> Self {
        Self { wanted, drawn_at: None }
    }

    /// Draws it, if the last time is long enough ago.
    pub(super) fn show(&mut self, input: &Input, io: &mut Headless<'_>) {
        if !self.wanted {
            return;
        }
        let now = io.host.now();
        if self.drawn_at.is_some_and(|at| now.since(at) < EVERY_MS) {
            return;
        }
        self.drawn_at = Some(now);
        let _ = write!(io.stderr, "\r\u{1b}[K{}", line(&input.name, input.progress(), input.stream.line_count()));
        let _ = io.stderr.flush();
    }

    /// Takes it away.
    pub(super) fn clear(&mut self, io: &mut Headless<'_>) {
        if self.drawn_at.take().is_some() {
            let _ = write!(io.stderr, "\r\u{1b}[K");
            let _ = io.stderr.flush();
        }
    }
}

fn line(name: &str, (done, size): (u64, Option<u64>), lines: u64) -> String {
    const MEGABYTE: u64 = 1_000_000;
    let name = fit(&escape(name), NAME_COLUMNS);
    let done_mb = done / MEGABYTE;
    let Some(size) = size.filter(|size| *size > 0) else { return format!("{name}  {done_mb} MB  {lines} lines") };
    let percent = (done.min(size) * 100 / size).min(100);
    let filled = usize::try_from(percent).unwrap_or(100) * BAR / 100;
    let bar = format!("{}{}", "#".repeat(filled), ".".repeat(BAR - filled));
    format!("{name}  [{bar}] {percent:>3} %  {done_mb} of {} MB  {lines} lines", size / MEGABYTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_a_pipe() {
        assert_eq!(
            line("a\u{1b}.log", (50_000_000, Some(200_000_000)), 7),
            "a<U+001B>.log  [######..................]  25 %  50 of 200 MB  7 lines"
        );
        assert_eq!(line("-", (3_000_000, None), 7), "-  3 MB  7 lines");
    }
}
