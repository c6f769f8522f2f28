//! Events that may still get lines: a few of them, in the order in which they began.
//!
//! Processes write into one log at the same time, so a line may belong to an event that is not the latest. An event
//! ends when its process begins another one, or when so many others have begun since that nothing more will come.

use super::event::{LogEvent, Sink};
use std::collections::VecDeque;

/// Most open events.
const MOST_OPEN: usize = 24;

/// An open event and whose it is.
#[derive(Debug, Default)]
pub struct Open<S> {
    /// The event so far.
    pub event: LogEvent,
    /// The process.
    pub process: u64,
    /// What its reader remembers about it.
    pub state: S,
    closed: bool,
}

/// The open events.
#[derive(Debug)]
pub struct OpenEvents<S> {
    open: VecDeque<Open<S>>,
    /// Ended events whose buffers are used again.
    spare: Vec<Open<S>>,
    /// Where in `open` the last line went.
    latest: usize,
    most: usize,
}

impl<S: Default> Default for OpenEvents<S> {
    fn default() -> Self {
        Self::with_room_for(MOST_OPEN)
    }
}

impl<S: Default> OpenEvents<S> {
    /// Keeps at most this many open.
    pub fn with_room_for(most: usize) -> Self {
        Self { open: VecDeque::with_capacity(most), spare: Vec::new(), latest: 0, most: most.max(1) }
    }

    /// Begins an event of a process; its event before is complete. Complete ones go to the sink, oldest first.
    pub fn begin(&mut self, process: u64, finish: &mut impl FnMut(&mut Open<S>), sink: &mut Sink<'_>) -> &mut Open<S> {
        if let Some(own) = self.open.iter_mut().rev().find(|o| o.process == process && !o.closed) {
            own.closed = true;
        }
        if self.open.len() >= self.most
            && let Some(oldest) = self.open.front_mut()
        {
            oldest.closed = true;
        }
        while self.open.front().is_some_and(|o| o.closed) {
            self.give_oldest(finish, sink);
        }
        let mut next = self.spare.pop().unwrap_or_default();
        next.event.clear();
        next.process = process;
        next.state = S::default();
        next.closed = false;
        self.open.push_back(next);
        self.latest = self.open.len() - 1;
        &mut self.open[self.latest]
    }

    /// The open event of a process, which is the latest from now on. Where it has none, what goes on from here is
    /// nobody's.
    pub fn of(&mut self, process: u64) -> Option<&mut Open<S>> {
        let at = self.open.iter().rposition(|o| o.process == process && !o.closed);
        self.latest = at.unwrap_or(usize::MAX);
        self.open.get_mut(at?)
    }

    /// The event that got the last line.
    pub fn latest(&mut self) -> Option<&mut Open<S>> {
        self.open.get_mut(self.latest)
    }

    /// Gives all of them.
    pub fn flush(&mut self, finish: &mut impl FnMut(&mut Open<S>), sink: &mut Sink<'_>) {
        while !self.open.is_empty() {
            self.give_oldest(finish, sink);
        }
    }

    /// Where the oldest one begins.
    pub fn oldest_offset(&self) -> Option<u64> {
        self.open.front().map(|o| o.event.offset)
    }

    fn give_oldest(&mut self, finish: &mut impl FnMut(&mut Open<S>), sink: &mut Sink<'_>) {
        if let Some(mut oldest) = self.open.pop_front() {
            finish(&mut oldest);
            sink(&oldest.event);
            self.spare.push(oldest);
            // What was the latest stands one place further left now; one that is gone takes no more lines.
            self.latest = self.latest.checked_sub(1).unwrap_or(usize::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lines_reach_the_event_of_their_process_and_events_come_in_order() {
        let mut open = OpenEvents::<()>::default();
        let mut given = Vec::new();
        let mut sink = |e: &LogEvent| given.push(format!("{}{}", e.message, e.detail));
        for (process, text) in [(1, "a"), (2, "b"), (3, "c")] {
            open.begin(process, &mut |_| (), &mut sink).event.message = text.to_owned();
        }
        open.of(1).unwrap().event.detail.push('1');
        open.latest().unwrap().event.detail.push('!');
        open.begin(2, &mut |_| (), &mut sink).event.message.push('B');
        open.begin(1, &mut |_| (), &mut sink).event.message.push('A');
        open.flush(&mut |_| (), &mut sink);
        assert_eq!(given, ["a1!", "b", "c", "B", "A"]);
    }

    #[test]
    fn no_more_than_so_many_are_open() {
        let mut open = OpenEvents::<()>::with_room_for(2);
        let mut given = 0;
        for process in 0..10 {
            open.begin(process, &mut |_| (), &mut |_| given += 1);
        }
        assert_eq!(given, 8);
        assert!(open.of(7).is_none() && open.of(8).is_some());
    }
}
