//! `dba-gpt`: everything happens in the library's runtime.

use std::process::ExitCode;

fn main() -> ExitCode {
    dba_gpt::runtime::run()
}
