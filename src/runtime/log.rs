//! The log file: the only place where anything but frames and answers is written.

use anyhow::{Context as _, Result};
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use tracing_subscriber::EnvFilter;

/// A log file larger than this begins anew; one old file is kept.
const LARGEST: u64 = 8 << 20;

/// Starts logging to `dba-gpt.log` in a folder. `DBA_GPT_LOG` sets what is logged (default `info`).
pub(super) fn start(folder: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("the folder {} could not be made", folder.display()))?;
    let path = folder.join("dba-gpt.log");
    if fs::metadata(&path).is_ok_and(|m| m.len() > LARGEST) {
        let _ = fs::rename(&path, folder.join("dba-gpt.log.old"));
    }
    let file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("the log {} could not be opened", path.display()))?;
    let _ = file.set_permissions(fs::Permissions::from_mode(0o600));
    let filter = EnvFilter::try_from_env("DBA_GPT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_target(false)
        .with_writer(std::sync::Mutex::new(file))
        .try_init()
        .map_err(|e| anyhow::anyhow!("the log could not be started: {e}"))
}
