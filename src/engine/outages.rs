//! What servers say while they are down, starting or stopping: the codes that stand for the whole server, and not for
//! one session that ended.

use crate::domain::incident::limits::Outages;

/// Engine and code.
const OUTAGES: &[(&str, &str)] = &[
    ("postgres", "57P02"), // crash_shutdown: one process crashed, so all sessions end
    ("postgres", "57P03"), // cannot_connect_now: starting, stopping, recovering
    ("mysql", "1053"),     // ER_SERVER_SHUTDOWN
    ("mongodb", "91"),     // ShutdownInProgress
    ("mongodb", "11600"),  // InterruptedAtShutdown
    ("redis", "LOADING"),  // it has started and reads its data
];

/// For the rules of incidents.
pub fn outages() -> Outages {
    Outages::new(OUTAGES.iter().map(|(engine, code)| ((*engine).to_owned(), (*code).to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_one_of_its_engine() {
        for (engine, code) in OUTAGES {
            let errors = crate::engine::errors_of(engine);
            assert!(errors.is_some_and(|errors| errors.catalogue().code(code).is_some()), "{engine} {code}");
        }
    }
}
