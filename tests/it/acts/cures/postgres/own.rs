//! PostgreSQL servers of a scenario's own, of each version at hand: what one scenario does to a whole server is no
//! business of another's.

use crate::postgres::support::{admin, free_port};
use crate::support::clock::Clock;
use crate::support::servers;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;

/// A server is up, or is given up, within this.
const UP: Duration = Duration::from_mins(1);
/// Between two looks whether it is.
const AGAIN: Duration = Duration::from_millis(50);
/// Ports that somebody else took in the meantime.
const TRIES: u32 = 5;

/// The programs of a version, and as whom they run: where the tests are root's, servers are somebody else's.
#[derive(Debug, Clone)]
pub struct Kit {
    programs: PathBuf,
    uid: u32,
    gid: u32,
}

/// Those of the servers that are there already.
pub async fn kits() -> Vec<Kit> {
    let mut kits = Vec::new();
    for url in std::iter::once(servers::postgres_url()).chain(servers::newer_postgres_url()) {
        let asked = "SELECT setting, current_setting('data_directory') FROM pg_config WHERE name = 'BINDIR'";
        let row = admin(&url).await.query_one(asked, &[]).await.unwrap();
        let data = std::fs::metadata(row.get::<_, String>(1)).unwrap();
        kits.push(Kit { programs: row.get::<_, String>(0).into(), uid: data.uid(), gid: data.gid() });
    }
    kits
}

impl Kit {
    /// Whether this version has `pg_cron` beside its programs.
    pub fn has_cron(&self) -> bool {
        self.programs.join("../lib/pg_cron.so").exists()
    }

    /// A command that runs as the servers do.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if nix::unistd::geteuid().is_root() {
            command.uid(self.uid).gid(self.gid);
        }
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    fn run(&self, program: &Path, arguments: &[&str]) {
        let ran = self.command(program).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{}: {ran:?}", program.display());
    }
}

/// One server.
pub struct Own {
    kit: Kit,
    folder: tempfile::TempDir,
    port: u16,
    process: Option<Child>,
    /// The size of the file system that its data is on, MB; none for that of the folder.
    room: Option<u32>,
    /// What it goes by, where that is not the system's own clock.
    clock: Option<Clock>,
}

impl Own {
    /// A new server with these lines in its configuration.
    pub async fn start(kit: &Kit, settings: &str) -> Self {
        let mut own = Self::made(kit);
        own.run_initdb();
        own.configure(settings);
        own.up().await;
        own
    }

    /// The same, which goes by this clock.
    pub async fn start_by(kit: &Kit, clock: Clock, settings: &str) -> Self {
        let mut own = Self::made(kit);
        own.run_initdb();
        own.configure(settings);
        own.clock = Some(clock);
        own.up().await;
        own
    }

    /// So much later on its clock, at once.
    pub fn later(&self, time: Duration) {
        self.clock.as_ref().expect("a clock of its own").forward(time);
    }

    /// The same with its data on a small file system that nobody else sees. None where that is not allowed here.
    pub async fn start_in(kit: &Kit, megabytes: u32, settings: &str) -> Option<Self> {
        let tried = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
        if !tried.is_ok_and(|ran| ran.status.success()) {
            eprintln!("SKIPPED: a small file system cannot be mounted here");
            return None;
        }
        let mut own = Self::made(kit);
        own.run_initdb();
        own.configure(settings);
        std::fs::create_dir(own.path("disk")).unwrap();
        own.room = Some(megabytes);
        own.up().await;
        Some(own)
    }

    /// A server that follows this one from now on.
    pub async fn follower(&mut self, slot: &str, settings: &str) -> Self {
        self.stop(Signal::SIGINT);
        let mut other = Self::made(&self.kit);
        let (from, to) = (self.path("data"), other.path("data"));
        self.kit.run(Path::new("cp"), &["-a", from.to_str().unwrap(), to.to_str().unwrap()]);
        std::fs::write(to.join("standby.signal"), "").unwrap();
        self.up().await;
        let primary = format!("host=127.0.0.1 port={} user=dbagpt_admin application_name={slot}", self.port);
        other.configure(&format!("primary_conninfo = '{primary}'\nprimary_slot_name = '{slot}'\n{settings}"));
        other.up().await;
        other
    }

    fn made(kit: &Kit) -> Self {
        let folder = tempfile::tempdir().unwrap();
        chown(folder.path(), Some(kit.uid), Some(kit.gid)).unwrap();
        Self { kit: kit.clone(), folder, port: 0, process: None, room: None, clock: None }
    }

    fn run_initdb(&self) {
        let data = self.path("data");
        let options = "--no-sync --no-instructions --encoding=UTF8 --locale=C --auth=trust --wal-segsize=1";
        let mut arguments: Vec<&str> = options.split(' ').collect();
        arguments.extend(["--username=dbagpt_admin", "--pgdata", data.to_str().unwrap()]);
        self.kit.run(&self.kit.programs.join("initdb"), &arguments);
        self.configure(
            "listen_addresses = '127.0.0.1'\nmax_connections = 60\nshared_buffers = '16MB'\njit = off\ntimezone = 'UTC'\n\
             synchronous_commit = off\nlog_min_messages = fatal",
        );
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds lines to its configuration. Running servers read them when they are told to.
    pub fn configure(&self, lines: &str) {
        let mut file = std::fs::OpenOptions::new().append(true).open(self.path("data/postgresql.conf")).unwrap();
        writeln!(file, "{lines}").unwrap();
    }

    /// Its URL as this login, in this database.
    pub fn url(&self, login: &str, database: &str) -> String {
        format!("postgres://{login}:none@127.0.0.1:{}/{database}", self.port)
    }

    /// Starts it, and waits until it lets clients in.
    pub async fn up(&mut self) {
        for again in 0..TRIES {
            // A server that was there before comes back where it was.
            if self.port == 0 || again > 0 {
                self.port = free_port().await;
            }
            self.process = Some(self.launched());
            let begun = Instant::now();
            while self.process.as_mut().unwrap().try_wait().unwrap().is_none() {
                if tokio_postgres::connect(&self.url("dbagpt_admin", "postgres"), NoTls).await.is_ok() {
                    return;
                }
                assert!(begun.elapsed() < UP, "{}", self.log());
                tokio::time::sleep(AGAIN).await;
            }
        }
        panic!("it does not start: {}", self.log());
    }

    fn launched(&self) -> Child {
        let (server, port) = (self.kit.programs.join("postgres"), self.port.to_string());
        let log = std::fs::File::create(self.path("log")).unwrap();
        let mut command = match self.room {
            None => {
                let mut command = self.kit.command(&server);
                command.arg("-D").arg(self.path("data"));
                command
            }
            Some(megabytes) => {
                let (data, disk) = (self.path("data"), self.path("disk"));
                let (uid, gid) = (self.kit.uid, self.kit.gid);
                let as_user = format!("setpriv --reuid {uid} --regid {gid} --clear-groups");
                let script = format!(
                    "mount -t tmpfs -o size={megabytes}m,mode=0700,uid={uid},gid={gid} none '{disk}' && \
                     {as_user} cp -a '{data}/.' '{disk}' && exec {as_user} '{server}' -D '{disk}' \"$@\"",
                    data = data.display(),
                    disk = disk.display(),
                    server = server.display(),
                );
                let mut command = Command::new("unshare");
                command.args(["-m", "sh", "-c", &script, "sh"]).current_dir("/").stdin(Stdio::null());
                command
            }
        };
        command.arg("-p").arg(&port).arg("-c").arg(format!("unix_socket_directories={}", self.folder.path().display()));
        command.envs(self.clock.iter().flat_map(Clock::environment));
        command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Ends it.
    pub fn stop(&mut self, how: Signal) {
        let Some(mut process) = self.process.take() else { return };
        let _ = kill(Pid::from_raw(process.id().cast_signed()), how);
        let _ = process.wait();
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.stop(Signal::SIGQUIT);
    }
}
