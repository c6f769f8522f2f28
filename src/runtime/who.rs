//! Who sits at the keyboard, for the audit log: the user, the user before `sudo`, and where the SSH connection came
//! from.
//!
//! What each clue proves:
//! - The users as whom we work, and for whom (the effective and the real one), are the kernel's word.
//! - The login uid (`/proc/self/loginuid`) is the kernel's word on who logged in: it is set once at login and passes
//!   through `sudo` and `su`. Where there is one, it alone says who was there before.
//! - `SUDO_UID` is a variable that anybody can set, root too. Without a login uid it is believed where the kernel says
//!   the same: a process of root's called `sudo` is among those that started us, and the process that called it runs
//!   as that very user, which only that user and root can bring about. Where that cannot be seen, because the caller
//!   has ended or there is no /proc, root is named as root and as nobody else.
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
    /// For whom it runs.
    real: u32,
    /// As whom it works: for `sudo`, root.
    effective: u32,
    /// `SSH_CONNECTION` or `SSH_CLIENT` in its environment, where that can be read.
    ssh: Option<String>,
}

/// Everything that points to a person.
struct Clues<'a> {
    /// The user as whom we work.
    uid: u32,
    /// The user for whom we work: another one where a program was given its owner's rights.
    real: u32,
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
        real: nix::unistd::getuid().as_raw(),
        login: login.filter(|uid| *uid != NO_LOGIN),
        variables,
        ancestors: ancestors(Path::new("/proc"), nix::unistd::getppid().as_raw()),
        name_of: &name_of,
    })
}

/// Weighs the clues.
fn person(clues: &Clues<'_>) -> Who {
    let name = |uid: u32| (clues.name_of)(uid).unwrap_or_else(|| format!("uid {uid}"));
    let before = clues.login.or_else(|| before_sudo(clues)).unwrap_or(clues.real);
    let ours = ["SSH_CONNECTION", "SSH_CLIENT"].into_iter().filter_map(|name| clues.variables.get(name));
    let theirs = clues.ancestors.iter().filter_map(|a| a.ssh.as_ref());
    Who {
        user: name(clues.uid),
        before_sudo: (before != clues.uid).then(|| name(before)),
        ssh_from: ours.chain(theirs).find_map(|value| client_address(value)),
    }
}

/// The uid that `sudo` says it was called by, where the kernel says the same of the process that called it.
fn before_sudo(clues: &Clues<'_>) -> Option<u32> {
    let uid: u32 = clues.variables.get("SUDO_UID")?.parse().ok()?;
    let named = (clues.name_of)(uid)?;
    let is_sudo = |a: &&Ancestor| a.name == "sudo" && a.effective == 0;
    // With a terminal of its own, `sudo` is two processes.
    let caller = clues.ancestors.iter().skip_while(|a| !is_sudo(a)).find(|a| !is_sudo(a))?;
    let agrees = (caller.real, caller.effective) == (uid, uid);
    (agrees && uid != clues.uid && clues.variables.get("SUDO_USER") == Some(&named)).then_some(uid)
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
    let mut uids = field("Uid")?.split_whitespace().map(str::parse);
    let (real, effective) = (uids.next()?.ok()?, uids.next()?.ok()?);
    let next = field("PPid")?.parse().ok()?;
    let ancestor = Ancestor { name: field("Name")?.to_owned(), real, effective, ssh: ssh_of(&folder.join("environ")) };
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
        Ancestor { name: name.to_owned(), real: uid, effective: uid, ssh: ssh.map(str::to_owned) }
    }

    /// The person whom these clues point to, in words.
    fn words(uid: u32, login: Option<u32>, variables: &[(&str, &str)], ancestors: &[Ancestor]) -> String {
        let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let clues =
            Clues { uid, real: uid, login, variables: &variables, ancestors: ancestors.to_vec(), name_of: &name_of };
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
    fn a_variable_is_believed_only_where_the_kernel_says_the_same() {
        let (by_bob, sudo) = (process("bash", 1001, None), process("sudo", 0, None));
        let called = |above: &[&Ancestor]| above.iter().map(|a| (*a).clone()).collect::<Vec<_>>();
        let (shell, root) = (process("bash", 26, None), process("bash", 0, None));
        assert_eq!(words(0, None, &BY_BOB, &called(&[&root, &sudo, &by_bob])), "bob (as root)");
        assert_eq!(words(0, None, &BY_BOB, &called(&[&root, &sudo, &sudo, &by_bob])), "bob (as root)");
        assert_eq!(words(26, None, &BY_BOB, &called(&[&shell, &sudo, &by_bob])), "bob (as postgres)");
        // Root may write anything into a variable, a user may call a program `sudo`, and a caller may have ended.
        let (by_ann, init, mine) = (process("bash", 1000, None), process("init", 0, None), process("sudo", 1001, None));
        let half = Ancestor { real: 1000, ..by_bob.clone() };
        for unproven in [
            called(&[]),
            called(&[&root]),
            called(&[&root, &by_bob]),
            called(&[&root, &sudo]),
            called(&[&root, &sudo, &init]),
            called(&[&root, &sudo, &by_ann]),
            called(&[&root, &sudo, &by_ann, &by_bob]),
            called(&[&root, &sudo, &half]),
            called(&[&root, &mine, &by_bob]),
        ] {
            assert_eq!(words(0, None, &BY_BOB, &unproven), "root", "{unproven:?}");
            assert_eq!(words(1000, None, &BY_BOB, &unproven), "ann", "{unproven:?}");
        }
        for odd in [
            &[("SUDO_USER", "bob")][..],
            &[("SUDO_UID", "1001")],
            &[("SUDO_USER", "bob"), ("SUDO_UID", "1000")],
            &[("SUDO_USER", "eve"), ("SUDO_UID", "4242")],
            &[("SUDO_USER", "root"), ("SUDO_UID", "0")],
        ] {
            assert_eq!(words(0, None, odd, &called(&[&root, &sudo, &by_bob])), "root", "{odd:?}");
        }
    }

    #[test]
    fn for_whom_a_program_works_is_said_where_it_works_as_another() {
        let variables = BTreeMap::new();
        let clues =
            Clues { uid: 0, real: 1000, login: None, variables: &variables, ancestors: vec![], name_of: &name_of };
        assert_eq!(person(&clues).words(), "ann (as root)");
        assert_eq!(person(&Clues { login: Some(1001), ..clues }).words(), "bob (as root)");
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
        let sudo = Ancestor { real: 1000, ..process("sudo", 0, None) };
        assert_eq!(found[..2], [sudo, process("bash", 1000, Some("10.0.0.7 1 2 3"))]);
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
