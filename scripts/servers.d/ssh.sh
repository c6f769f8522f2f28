# An SSH server on loopback with keys made on the spot (optional): the far end of a tunnel. It runs as an ordinary
# user, so it lets in that user and nobody else.

sshd_there() { [[ -x /usr/sbin/sshd ]] && command -v ssh ssh-keygen >/dev/null; }

ssh_up() {
    local home try port
    if ! sshd_there; then
        if offline; then skip "openssh-server is not installed"; fi
        command -v apt-get >/dev/null && apt_install openssh-server openssh-client || skip "openssh-server is not installed"
    fi
    make_home ssh
    as_server_user ssh-keygen -q -t ed25519 -N '' -C 'DBA-GPT test host' -f "$home/host_key"
    ssh-keygen -q -t ed25519 -N '' -C 'DBA-GPT test person' -f "$folder/ssh.key"
    install -m 644 "$folder/ssh.key.pub" "$home/authorized_keys"
    for try in 1 2 3 4 5; do
        port=$(free_port)
        cat >"$home/config" <<END
ListenAddress 127.0.0.1:$port
HostKey $home/host_key
PidFile $home/pid
AuthorizedKeysFile $home/authorized_keys
AuthenticationMethods publickey
StrictModes no
UsePAM no
AllowTcpForwarding yes
PermitTTY no
PrintMotd no
UseDNS no
LogLevel VERBOSE
END
        launch "$home/log" /usr/sbin/sshd -D -e -f "$home/config"
        if came_up 20 test -s "$home/pid" && came_up 5 listens "$port"; then
            echo "[127.0.0.1]:$port $(cut -d ' ' -f 1,2 "$home/host_key.pub")" >"$folder/ssh.known_hosts"
            echo "$port" >"$home.port"
            return
        fi
        grep -qs 'already in use' "$home/log" || break
    done
    cat "$home/log"
    skip "it did not start (try $try)"
}

ssh_exports() {
    echo "export DBA_GPT_TEST_SSH='127.0.0.1:$(<"$folder/ssh.port"):$(server_user):$folder/ssh.key'"
    echo "export DBA_GPT_TEST_SSH_KNOWN_HOSTS='$folder/ssh.known_hosts'"
}
ssh_variables=(DBA_GPT_TEST_SSH DBA_GPT_TEST_SSH_KNOWN_HOSTS)
