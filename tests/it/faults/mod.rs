//! Twelve faults, every engine with a network, three moments: while connecting, during a query, while idle. Whatever
//! happens, nothing hangs past its deadline, no state is shown that is not known any more, the target is back by itself
//! after the fault is gone, and there are never more than three connections.
//!
//! Each cell runs once with deadlines of a few hundred milliseconds; `scripts/endurance` repeats them with the times
//! that people have.

mod cell;
mod endurance;

use crate::support::at_hand::Server;
use cell::{Moment, Times, Trouble};

/// One test a fault and server; its three moments run side by side.
macro_rules! matrix {
    ($($server:ident => $variant:ident),* $(,)?) => {$(
        mod $server {
            use super::*;
            matrix!(@ $variant latency Latency, jitter Jitter, reset Reset, refuse Refuse, blackhole Blackhole,
                slow_bytes SlowBytes, cut_after_some_bytes CutAfter, cut_mid_row CutMidRow, half_open HalfOpen,
                unknown_host UnknownHost, broken_tls BrokenTls, changed_password ChangedPassword, failover Failover);
        }
    )*};
    (@ $server:ident $($name:ident $trouble:ident),*) => {$(
        #[test]
        fn $name() {
            all_moments(Server::$server, Trouble::$trouble);
        }
    )*};
}

matrix! {
    postgres => Postgres15,
    mariadb => MariaDb,
    mysql => MySql9,
    redis => Redis7,
    mongodb => MongoBridge,
}

fn all_moments(server: Server, trouble: Trouble) {
    if !trouble.concerns(server) || server.spec().is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let run = |moment| cell::run(server, trouble, moment, &Times::QUICK);
        let (connecting, querying, idle) =
            tokio::join!(run(Moment::Connecting), run(Moment::Querying), run(Moment::Idle));
        for (moment, outcome) in [("connecting", connecting), ("in a query", querying), ("idle", idle)] {
            if let Err(words) = outcome {
                panic!("{trouble:?} of {server:?} while {moment}: {words}");
            }
        }
    });
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
}
