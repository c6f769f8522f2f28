//! `config`: each value with where it came from, every mistake with its place, the files, the example.

use super::host::object;
use super::{Ended, Exit, Headless, Outcome};
use crate::config::args::ConfigAction;
use crate::config::{self, Config, Mistakes, Places};
use crate::export::table::{Cell, TextTable};
use std::path::{Path, PathBuf};

/// Does what was asked for. All but `show` work with a broken configuration.
pub(super) async fn run(
    action: ConfigAction,
    configuration: &Result<Config, Mistakes>,
    io: &mut Headless<'_>,
) -> Outcome {
    match (action, configuration) {
        (ConfigAction::Show { json }, Ok(config)) => show(config, json, io),
        (ConfigAction::Show { .. }, Err(mistakes)) => Err(Ended::with(Exit::Usage, mistakes.to_string())),
        (ConfigAction::Check(args), configuration) => super::config_check::run(args, configuration, io).await,
        (ConfigAction::Path, _) => path(io),
        (ConfigAction::Example, _) => {
            io.stdout.write_all(config::example().as_bytes())?;
            Ok(Exit::Fine)
        }
    }
}

fn show(config: &Config, json: bool, io: &mut Headless<'_>) -> Outcome {
    let shown = config.show();
    if json {
        for value in shown {
            let mut line = object();
            line.insert("key".into(), value.key.into());
            // What a file would hold is nearly always JSON too: words in quotes, numbers, true and false.
            let parsed = serde_json::from_str(&value.value).unwrap_or(serde_json::Value::String(value.value));
            line.insert("value".into(), parsed);
            line.insert("source".into(), value.source.into());
            io.object(line)?;
        }
        return Ok(Exit::Fine);
    }
    let mut table = TextTable::new(&[("KEY", false), ("VALUE", false), ("FROM", false)]);
    for value in shown {
        table.push([value.key, value.value, value.source].iter().map(|t| Cell::new(t)).collect());
    }
    io.table(&table)?;
    Ok(Exit::Fine)
}

fn path(io: &mut Headless<'_>) -> Outcome {
    let places = Places::find(&io.surroundings.variables, io.surroundings.home.as_deref())
        .ok_or_else(|| Ended::with(Exit::Usage, "there is no home directory: set HOME or DBA_GPT_HOME"))?;
    let named: Option<PathBuf> = io.common.config.clone();
    let file = named.unwrap_or_else(|| places.config_file());
    let mut table = TextTable::new(&[("WHAT", false), ("PATH", false), ("", false)]);
    let mut add = |what: &str, path: &Path| {
        let there = if path.exists() { "" } else { "not there" };
        table.push([what, &path.display().to_string(), there].into_iter().map(Cell::new).collect());
    };
    add("configuration", &file);
    if io.common.config.is_none() {
        add("more of it", &places.config.join("conf.d"));
    }
    add("data", &places.data);
    add("demo database", &places.demo_file());
    add("logs", &places.state);
    // Paths are copied: nothing is cut for the terminal.
    let color = io.color();
    table.write(io.stdout, None, color)?;
    Ok(Exit::Fine)
}
