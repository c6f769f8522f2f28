//! What a process costs and whether it is still there, read from `/proc`.

use std::time::{Duration, Instant};

/// Clock ticks in a second, as Linux reports process times to programs on every architecture.
const TICKS_PER_SECOND: u64 = 100;

/// Memory in use now (resident), in kibibytes.
pub fn resident_kib(pid: i32) -> u64 {
    status_kib(pid, "VmRSS:")
}

/// The most memory that was ever in use (resident), in kibibytes.
pub fn peak_resident_kib(pid: i32) -> u64 {
    status_kib(pid, "VmHWM:")
}

/// Processor time used so far, in user and kernel mode, by all threads. Resolution: 10 ms.
pub fn processor_time(pid: i32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The second field is the program's name in parentheses, which may hold blanks; the third field follows it.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// Waits until a process is stopped, as by SIGSTOP. No event tells of it, so this looks again and again.
pub fn wait_until_stopped(pid: i32) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap().contains("State:\tT") {
        assert!(Instant::now() < deadline, "process {pid} is not stopped");
        std::thread::yield_now();
    }
}

/// How many file descriptors are open.
pub fn open_files(pid: i32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

fn status_kib(pid: i32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_process_can_read_its_own_costs() {
    let me = i32::try_from(std::process::id()).unwrap();
    assert!(resident_kib(me) > 500);
    assert!(peak_resident_kib(me) >= resident_kib(me) / 2);
    assert!(open_files(me) >= 3);
    assert!(processor_time(me) < Duration::from_mins(10));
}
