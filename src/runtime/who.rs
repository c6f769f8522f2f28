//! Who sits at the keyboard, for the audit log: the user, the user before `sudo`, and where the SSH connection came
//! from.
//!
//! What each clue proves:
//! - The user is the kernel's word.
//! - The login uid (`/proc/self/loginuid`) is the kernel's word on who logged in: it is set once at login and passes
//!   through `sudo` and `su`. Where there is one, it alone says who was there before.
//! - `SUDO_USER` is a variable that anybody can set. Without a login uid it is believed when its uid has that name, and
//!   either we are root, which `sudo` made us or which could write anything anyhow, or a process of root called
//!   `sudo` is among those that started us.
//! - The address is what the SSH server wrote into the environment of the person's shell, ours or, since `sudo`
//!   clears it, that of a process that started us. The person can change it, and in a terminal multiplexer it is that of
//!   the connection that began the session. It shows honest people's ways and stops nobody.

use crate::domain::proposal::Who;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

/// Processes that are looked at upwards, at most: a chain is short, and /proc changes while it is read.
const MOST_ANCESTORS: usize = 64;
/// Bytes of another process's environment that are looked at.
const ENVIRONMENT: u64 = 256 << 10;
/// What the kernel says where nobody logged in.
const NO_LOGIN: u32 = u32::MAX;

/// A process that started us, however many steps up.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ancestor {
    /// Its name, as it gave itself.
    name: String,
    /// Whom it belongs to.
    uid: u32,
    /// `SSH_CONNECTION` or `SSH_CLIENT` in its environment, where that can be read.
    ssh: Option<String>,
}

/// Everything that points to a person.
struct Clues<'a> {
    /// The user as whom we work.
    uid: u32,
    /// The user who logged in.
    login: Option<u32>,
    /// Our environment.
    variables: &'a BTreeMap<String, String>,
    /// Nearest first.
    ancestors: Vec<Ancestor>,
    /// The system's user database.
    name_of: &'a dyn Fn(u32) -> Option<String>,
}

/// The person of this process. `variables` is its environment.
pub(super) fn who(variables: &BTreeMap<String, String>) -> Who {
    let name_of = |uid| nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).ok().flatten().map(|u| u.name);
    let login = std::fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| text.trim().parse().ok());
    person(&Clues {
        uid: nix::unistd::geteuid().as_raw(),
        login: login.filter(|uid| *uid != NO_LOGIN),
        variables,
        ancestors: ancestors(Path::new("/proc"), nix::unistd::getppid().as_raw()),
        name_of: &name_of,
    })
}

/// Weighs the clues.
fn person(clues: &Clues<'_>) -> Who {
    let name = |uid: u32| (clues.name_of)(uid).unwrap_or_else(|| format!("uid {uid}"));
    let before = match clues.login {
        Some(login) => Some(login).filter(|login| *login != clues.uid),
        None => before_sudo(clues).filter(|uid| *uid != clues.uid),
    };
    let ours = ["SSH_CONNECTION", "SSH_CLIENT"].into_iter().filter_map(|name| clues.variables.get(name));
    let theirs = clues.ancestors.iter().filter_map(|a| a.ssh.as_ref());
    Who {
        user: name(clues.uid),
        before_sudo: before.map(name),
        ssh_from: ours.chain(theirs).find_map(|value| client_address(value)),
    }
}

/// The uid that `sudo` says it was called by, where that can be believed.
fn before_sudo(clues: &Clues<'_>) -> Option<u32> {
    let uid: u32 = clues.variables.get("SUDO_UID")?.parse().ok()?;
    let named = (clues.name_of)(uid)?;
    let is_root = |uid: u32| uid == 0;
    let started_by_sudo = || clues.ancestors.iter().any(|a| a.name == "sudo" && is_root(a.uid));
    (clues.variables.get("SUDO_USER") == Some(&named) && (is_root(clues.uid) || started_by_sudo())).then_some(uid)
}

/// The first word of `10.0.0.7 51432 10.0.0.1 22`, when it is an address.
fn client_address(value: &str) -> Option<String> {
    let first = value.split_whitespace().next()?;
    // A link-local address names its interface: `fe80::1%eth0`.
    let (address, _) = first.split_once('%').unwrap_or((first, ""));
    address.parse::<IpAddr>().ok().map(|address| address.to_string())
}

/// The processes above ours, from `parent` on, as far as /proc shows them; none on systems without it.
fn ancestors(proc: &Path, parent: i32) -> Vec<Ancestor> {
    let mut found = Vec::new();
    let mut pid = parent;
    while pid > 0 && found.len() < MOST_ANCESTORS {
        let folder = proc.join(pid.to_string());
        let Some((ancestor, next)) = ancestor(&folder) else { break };
        found.push(ancestor);
        pid = next;
    }
    found
}

/// One process and the number of the one that started it.
fn ancestor(folder: &Path) -> Option<(Ancestor, i32)> {
    let status = std::fs::read_to_string(folder.join("status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    // Real, effective, saved and file-system uid: `sudo` is root in all but perhaps the first.
    let uid = field("Uid")?.split_whitespace().nth(1)?.parse().ok()?;
    let next = field("PPid")?.parse().ok()?;
    let ancestor = Ancestor { name: field("Name")?.to_owned(), uid, ssh: ssh_of(&folder.join("environ")) };
    Some((ancestor, next))
}

/// The SSH variable of another process; root can read those of others, anybody else those of their own.
fn ssh_of(environ: &Path) -> Option<String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(environ).ok()?.take(ENVIRONMENT).read_to_end(&mut bytes).ok()?;
    let value = |name: &[u8]| {
        let mut pairs = bytes.split(|b| *b == 0);
        pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix(b"=").map(String::from_utf8_lossy))
    };
    value(b"SSH_CONNECTION").or_else(|| value(b"SSH_CLIENT")).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn name_of(uid: u32) -> Option<String> {
        [(0, "root"), (26, "postgres"), (1000, "ann"), (1001, "bob")]
            .into_iter()
            .find(|(known, _)| *known == uid)
            .map(|(_, name)| name.to_owned())
    }

    fn process(name: &str, uid: u32, ssh: Option<&str>) -> Ancestor {
        Ancestor { name: name.to_owned(), uid, ssh: ssh.map(str::to_owned) }
    }

    /// The person whom these clues point to, in words.
    fn words(uid: u32, login: Option<u32>, variables: &[(&str, &str)], ancestors: &[Ancestor]) -> String {
        let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let clues = Clues { uid, login, variables: &variables, ancestors: ancestors.to_vec(), name_of: &name_of };
        person(&clues).words()
    }

    const BY_BOB: [(&str, &str); 2] = [("SUDO_USER", "bob"), ("SUDO_UID", "1001")];

    #[test]
    fn whoever_logged_in_is_known_through_every_change_of_user() {
        assert_eq!(words(1000, Some(1000), &[], &[]), "ann");
        assert_eq!(words(26, Some(1000), &[], &[]), "ann (as postgres)");
        // The kernel's word stands against a variable.
        assert_eq!(words(26, Some(1000), &BY_BOB, &[process("sudo", 0, None)]), "ann (as postgres)");
        assert_eq!(words(1000, Some(1000), &BY_BOB, &[process("sudo", 0, None)]), "ann");
        assert_eq!(words(0, Some(4242), &[], &[]), "uid 4242 (as root)");
    }

    #[test]
    fn a_variable_is_believed_only_where_sudo_was() {
        assert_eq!(words(0, None, &BY_BOB, &[]), "bob (as root)");
        let shells = [process("bash", 26, None), process("sudo", 0, None), process("bash", 1001, None)];
        assert_eq!(words(26, None, &BY_BOB, &shells), "bob (as postgres)");
        for nobody_is_sudo in [vec![], vec![process("bash", 1000, None)], vec![process("sudo", 1000, None)]] {
            assert_eq!(words(1000, None, &BY_BOB, &nobody_is_sudo), "ann", "{nobody_is_sudo:?}");
        }
        for odd in [
            &[("SUDO_USER", "bob")][..],
            &[("SUDO_UID", "1001")],
            &[("SUDO_USER", "bob"), ("SUDO_UID", "1000")],
            &[("SUDO_USER", "eve"), ("SUDO_UID", "4242")],
            &[("SUDO_USER", "root"), ("SUDO_UID", "0")],
        ] {
            assert_eq!(words(0, None, odd, &[]), "root", "{odd:?}");
        }
    }

    #[test]
    fn the_address_is_found_behind_sudo_and_is_one() {
        let ssh = [("SSH_CONNECTION", "10.0.0.7 51432 10.0.0.1 22")];
        assert_eq!(words(1000, None, &ssh, &[]), "ann (from 10.0.0.7)");
        let above = [process("sudo", 0, None), process("bash", 1000, Some("2001:db8::7 51432 2001:db8::1 22"))];
        assert_eq!(words(0, Some(1000), &[], &above), "ann (as root, from 2001:db8::7)");
        for (value, expected) in [
            ("fe80::1%eth0 1 2", Some("fe80::1")),
            ("", None),
            ("\u{1b}[2J 1 2 3", None),
            ("10.0.0.7\u{202e} 1", None),
            ("db1.example 1", None),
        ] {
            assert_eq!(client_address(value).as_deref(), expected, "{value:?}");
        }
        assert_eq!(words(1000, None, &[("SSH_CLIENT", "10.0.0.9 1 22")], &[]), "ann (from 10.0.0.9)");
    }

    #[test]
    fn a_chain_of_processes_is_read_and_ends() {
        let proc = tempfile::tempdir().unwrap();
        let write = |pid: i32, parent: i32, name: &str, uids: &str, environ: &[u8]| {
            let folder = proc.path().join(pid.to_string());
            std::fs::create_dir(&folder).unwrap();
            let status = format!("Name:\t{name}\nUmask:\t0022\nPPid:\t{parent}\nUid:\t{uids}\n");
            std::fs::write(folder.join("status"), status).unwrap();
            std::fs::write(folder.join("environ"), environ).unwrap();
        };
        write(30, 20, "sudo", "1000\t0\t0\t0", b"A=1\0NOT_SSH_CLIENT=x\0");
        write(20, 10, "bash", "1000\t1000\t1000\t1000", b"A=\xff\0SSH_CLIENT=b\0SSH_CONNECTION=10.0.0.7 1 2 3\0");
        // A ring, as reused numbers could make one.
        write(10, 20, "sshd", "0\t0\t0\t0", b"");
        let found = ancestors(proc.path(), 30);
        assert_eq!(found[..2], [process("sudo", 0, None), process("bash", 1000, Some("10.0.0.7 1 2 3"))]);
        assert_eq!(found.len(), MOST_ANCESTORS);
        assert_eq!(ancestors(proc.path(), 99), []);
    }

    #[test]
    fn this_process_has_a_user() {
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap();
        let found = who(&BTreeMap::new());
        assert_eq!(Some(found.user), user.map(|u| u.name).or_else(|| Some(format!("uid {}", nix::unistd::geteuid()))));
    }
}
