//! The words that start a tunnel. No shell reads them.

use crate::config::{SshTunnel, TunnelConfig};

/// Program and arguments that forward this port of 127.0.0.1 to a server.
pub(super) fn words(config: &TunnelConfig, near_port: u16, host: &str, port: u16) -> Vec<String> {
    match config {
        TunnelConfig::Ssh(ssh) => ssh_words(ssh, near_port, host, port),
        TunnelConfig::Command(words) => {
            let filled = |word: &String| {
                let word = word.replace("{port}", &near_port.to_string());
                word.replace("{host_port}", &port.to_string()).replace("{host}", host)
            };
            // The program's own name is taken as it is.
            words.iter().take(1).cloned().chain(words.iter().skip(1).map(filled)).collect()
        }
    }
}

/// The system's SSH client with nothing but the one forwarding: it may not ask, and it ends when it cannot forward.
/// What the person's own configuration says beyond that (users, keys, known hosts) holds.
fn ssh_words(ssh: &SshTunnel, near_port: u16, host: &str, port: u16) -> Vec<String> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let mut words: Vec<String> = ["ssh", "-N", "-T"].map(str::to_owned).to_vec();
    for option in [
        "BatchMode=yes",
        "ExitOnForwardFailure=yes",
        "ConnectTimeout=8",
        "ServerAliveInterval=15",
        "ServerAliveCountMax=3",
        // A shared connection would take the forwarding over and outlive us.
        "ControlMaster=no",
        "ControlPath=none",
        "ForwardAgent=no",
        "ForwardX11=no",
        "PermitLocalCommand=no",
    ] {
        words.extend(["-o".to_owned(), option.to_owned()]);
    }
    words.extend(["-L".to_owned(), format!("127.0.0.1:{near_port}:{host}:{port}")]);
    if let Some(port) = ssh.port {
        words.extend(["-p".to_owned(), port.to_string()]);
    }
    if let Some(identity) = &ssh.identity {
        words.extend(["-i".to_owned(), identity.clone()]);
    }
    if let Some(jump) = &ssh.jump {
        words.extend(["-J".to_owned(), jump.clone()]);
    }
    words.extend(["--".to_owned(), ssh.destination.clone()]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_forwards_one_port_of_the_loopback_and_asks_nothing() {
        let ssh = SshTunnel { destination: "ann@bastion".into(), port: Some(2222), ..SshTunnel::default() };
        let words = words(&TunnelConfig::Ssh(ssh), 40_000, "fd00::5", 5432).join(" ");
        assert!(words.starts_with("ssh -N -T -o BatchMode=yes -o ExitOnForwardFailure=yes "), "{words}");
        assert!(words.ends_with(" -L 127.0.0.1:40000:[fd00::5]:5432 -p 2222 -- ann@bastion"), "{words}");
        let ssh = SshTunnel {
            destination: "bastion".into(),
            identity: Some("~/.ssh/my key".into()),
            jump: Some("a,b".into()),
            ..SshTunnel::default()
        };
        let words = ssh_words(&ssh, 1, "db", 2);
        assert_eq!(words[words.len() - 6..], ["-i", "~/.ssh/my key", "-J", "a,b", "--", "bastion"]);
    }

    #[test]
    fn placeholders_are_filled_wherever_they_stand() {
        let command = ["{port}", "--listen=127.0.0.1:{port}", "{host}:{host_port}", "$HOME"].map(str::to_owned);
        let words = words(&TunnelConfig::Command(command.to_vec()), 40_000, "db", 5432);
        assert_eq!(words, ["{port}", "--listen=127.0.0.1:40000", "db:5432", "$HOME"]);
    }
}
