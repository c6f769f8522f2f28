//! Line mode (`--plain`): for dumb terminals, screen readers and pipes. A line in, an answer out, nothing drawn.

use crate::cli::{self, Headless};
use crate::config::Config;
use crate::config::args::{Ask, Command};

const HELP: &str = "Type a question or a statement that only reads. :health shows the targets, :server NAME chooses \
one, :targets lists them, :q ends.";

/// Reads lines until the end of input or `:q`. Gives the exit code of the last answer.
pub(super) async fn run(config: &Config, io: &mut Headless<'_>) -> u8 {
    let all = io.targets.clone();
    let _ = writeln!(io.stderr, "dba-gpt: line mode. {HELP}");
    let mut code = 0;
    loop {
        let _ = write!(io.stderr, "> ");
        let _ = io.stderr.flush();
        let mut line = String::new();
        match io.stdin.read_line(&mut line) {
            Ok(0) | Err(_) => return code,
            Ok(_) => {}
        }
        let line = line.trim();
        let command = match line.split_once(' ').map_or((line, ""), |(w, rest)| (w, rest.trim())) {
            ("", _) => continue,
            (":q" | ":quit" | "quit" | "exit", "") => return code,
            (":help" | ":h" | "?", "") => {
                let _ = writeln!(io.stderr, "{HELP}");
                continue;
            }
            (":targets", "") => {
                for target in &all {
                    let words = format!("{}  {}", target.target.id, target.target.address);
                    let _ = writeln!(io.stdout, "{}", crate::domain::text::escape(&words));
                }
                continue;
            }
            (":server", name) => {
                let chosen: Vec<_> = all.iter().filter(|t| t.target.id.as_str() == name).cloned().collect();
                if chosen.is_empty() {
                    let _ = writeln!(io.stderr, "no target of that name; :targets lists them");
                } else {
                    io.targets = chosen;
                }
                continue;
            }
            (":health", "") => {
                let chosen = std::mem::replace(&mut io.targets, all.clone());
                code = cli::run(Command::Health(crate::config::args::Health::default()), Ok(config.clone()), io).await;
                io.targets = chosen;
                continue;
            }
            _ => Command::Ask(Ask { words: vec![line.to_owned()], json: false }),
        };
        code = cli::run(command, Ok(config.clone()), io).await;
    }
}
