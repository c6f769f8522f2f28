//! Reading a log in one go, and waiting for what a server writes.

use dba_gpt::domain::log::{self, LogEvent, LogFormat, LogOptions, LogStream};
use dba_gpt::engine;
use std::path::Path;
use std::time::{Duration, Instant};

/// Time that a busy machine may take for anything that is not itself measured.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn formats(engine: &str) -> &'static [LogFormat] {
    engine::by_name(engine).unwrap().dialect.log_formats()
}

pub fn stream(engine: &str, format: &str, prefix: Option<&str>, sample: &[u8]) -> LogStream {
    let options = LogOptions { prefix, ..LogOptions::default() };
    log::open(formats(engine), format, &options, sample).unwrap_or_else(|words| panic!("{engine} {format}: {words}"))
}

/// The events of a log, and the lines that are part of none.
pub fn read(engine: &str, format: &str, prefix: Option<&str>, text: &[u8]) -> (Vec<LogEvent>, u64) {
    let mut stream = stream(engine, format, prefix, text);
    let mut events = Vec::new();
    let mut sink = |event: &LogEvent| events.push(event.clone());
    stream.feed(text, &mut sink);
    stream.finish(&mut sink);
    (events, stream.strays())
}

/// Bytes that a file has now.
pub fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

/// What was written behind `from`, once it holds `marker`. `pause` lets time pass on the server's side.
pub async fn written<F: Future<Output = ()>>(
    path: &Path,
    from: u64,
    marker: &str,
    mut pause: impl FnMut() -> F,
) -> Vec<u8> {
    let begun = Instant::now();
    loop {
        let bytes = std::fs::read(path).unwrap_or_default();
        let new = bytes.get(usize::try_from(from).unwrap()..).unwrap_or_default();
        if String::from_utf8_lossy(new).contains(marker) {
            return new.to_vec();
        }
        assert!(begun.elapsed() < PATIENCE, "{} never held `{marker}`", path.display());
        pause().await;
    }
}
