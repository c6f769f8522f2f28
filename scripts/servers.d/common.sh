# What the servers share: who runs them, how their programs are had, ports, certificates, starting and stopping.
# Sourced by scripts/servers; `$folder` is where everything of this run lies.

say() { printf 'servers: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# skip REASON: inside an optional server's `*_up`; ends that server's job, and the reason is printed at the end.
skip() { echo "$*" >"$folder/$name.reason"; exit 1; }

# --- who we are -------------------------------------------------------------------------------------------------

is_root() { [[ $(id -u) -eq 0 ]]; }

# The ordinary user that owns the servers: most of them refuse to run as root.
server_user() {
    if ! is_root; then id -un
    elif id postgres >/dev/null 2>&1; then echo postgres
    else echo nobody
    fi
}

# The words before a command that make that user run it, in `$become`. setpriv becomes the command; runuser stays behind.
become=()
if is_root; then
    if command -v setpriv >/dev/null; then
        become=(setpriv --reuid "$(server_user)" --regid "$(id -g "$(server_user)")" --clear-groups --)
    else
        become=(runuser -u "$(server_user)" --)
    fi
fi

as_server_user() { "${become[@]}" "$@"; }

# Runs a command as root, or says that it cannot. sudo may ask for a password only where somebody can answer.
as_root() {
    if is_root; then "$@"
    elif ! command -v sudo >/dev/null; then return 1
    elif [[ -t 0 && -t 2 ]]; then sudo "$@"
    else sudo -n "$@"
    fi
}

# --- programs ---------------------------------------------------------------------------------------------------

offline() { [[ -n ${DBA_GPT_TEST_OFFLINE:-} ]]; }

# Installs packages, and keeps their own servers from starting: a machine with a policy says no to every start.
apt_install() {
    local run=(env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 --no-install-recommends)
    local policy=/usr/sbin/policy-rc.d ours= status=0
    if [[ ! -e $policy ]] && printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null; then
        ours=1
        as_root chmod 755 "$policy"
    fi
    as_root "${run[@]}" install "$@" >&2 ||
        { as_root apt-get -q update >&2 && as_root "${run[@]}" install "$@" >&2; } || status=1
    if [[ -n $ours ]]; then as_root rm -f "$policy"; fi
    return "$status"
}

# need WHAT TEST PACKAGES...: installs the packages of a server that the tests cannot do without, unless it is there.
need() {
    local what=$1 test=$2
    shift 2
    if "$test"; then return; fi
    if ! offline && command -v apt-get >/dev/null; then
        say "installing $what with apt"
        apt_install "$@" || say "apt could not install $what (root or sudo is needed)"
    fi
    "$test" || die "the tests need $what. Debian and Ubuntu: apt-get install $*"
}

# unpack_debian SUITE FOLDER PACKAGES...: the packages of another Debian release with all that they depend on, laid
# out as plain files in FOLDER beside the system. Neither root nor the system's package list is touched: apt works on
# lists and folders of its own. The releases' lists may be older than they promise to be, which is no harm here.
unpack_debian() {
    local suite=$1 folder=$2 mirror package base keys=/usr/share/keyrings/debian-archive-keyring.gpg
    shift 2
    [[ -r $keys ]] && command -v apt-get dpkg-deb >/dev/null || { echo "this is not Debian"; return 1; }
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        awk '!found && /^URIs:/ { found = $2 } !found && /^deb / { found = $2 } END { print found }' || true)
    [[ $mirror == *://* ]] || { echo "no Debian mirror is set up"; return 1; }
    base=$(mktemp -d "$cache/apt.XXXXXX")
    mkdir -p "$base"/{lists,archives}/partial "$base/none"
    : >"$base/status"
    echo "deb [signed-by=$keys check-valid-until=no] $mirror $suite main" >"$base/sources.list"
    local apt=(timeout 300 apt-get -q -y -o "Dir::Etc::SourceList=$base/sources.list" -o "Dir::Etc::SourceParts=$base/none"
        -o Dir::Etc::Preferences=/dev/null -o "Dir::Etc::PreferencesParts=$base/none" -o "Dir::State=$base"
        -o "Dir::State::Lists=$base/lists" -o "Dir::State::Status=$base/status" -o "Dir::Cache=$base"
        -o "Dir::Cache::Archives=$base/archives" -o APT::Install-Recommends=false -o APT::Sandbox::User=
        -o Acquire::Languages=none -o Acquire::Retries=3)
    mkdir -p "$folder"
    if ! { "${apt[@]}" update && "${apt[@]}" --download-only install "$@"; } >"$base/log" 2>&1; then
        tail -n 5 "$base/log"
        rm -rf "$base" "$folder"
        echo "the packages of Debian $suite could not be had"
        return 1
    fi
    for package in "$base"/archives/*.deb; do dpkg-deb -x "$package" "$folder"; done
    rm -rf "$base"
}

# The dynamic loader of an unpacked Debian: its programs need its own C library, not the system's.
loader_of() { printf '%s\n' "$1"/usr/lib/*/ld-linux-*.so.? | head -n 1; }

# keep_in_cache FOLDER NAME: moves a finished folder into the cache. A rename is atomic: another run that came first
# has won, and its copy is as good.
keep_in_cache() { mv -T "$1" "$cache/$2" 2>/dev/null || rm -rf "$1"; }

# reachable FOLDER: prints a folder with the same content that the server's user can enter: a cache in root's home is
# closed to it.
reachable() {
    if as_server_user test -r "$1/." -a -x "$1/." 2>/dev/null; then echo "$1"; return; fi
    local copy="$folder/programs.$(basename "$1")"
    if [[ ! -d $copy ]]; then
        cp -a "$1" "$copy.part"
        chmod -R go+rX "$copy.part"
        mv "$copy.part" "$copy"
    fi
    echo "$copy"
}

# --- one server -------------------------------------------------------------------------------------------------

# A port that nobody listens on, below the range from which the system hands out ports to clients.
free_port() {
    local port
    while :; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
    done
}

# make_home NAME: the server's folder, with the certificate, owned by the server's user.
make_home() {
    home="$folder/$1"
    mkdir "$home"
    cp "$folder/tls/server.crt" "$folder/tls/server.key" "$folder/tls/ca.crt" "$home"
    chmod 600 "$home/server.key"
    if is_root; then chown -R "$(server_user)" "$home"; fi
}

# launch LOG COMMAND...: starts a server in the background, away from our terminal and our pipes.
launch() {
    local log=$1
    shift
    (cd "$home" && exec setsid "${become[@]}" "$@" </dev/null >>"$log" 2>&1) &
}

# came_up SECONDS COMMAND...: whether the command succeeds within so many seconds.
came_up() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= end)); then return 1; fi
        sleep 0.05
    done
}

# listens PORT: whether somebody takes connections there.
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A certificate authority of our own and a certificate for `localhost` alone, so that 127.0.0.1 is a wrong host name.
make_certificates() {
    local tls=$1
    mkdir "$tls"
    cat >"$tls/openssl.cnf" <<'END'
[req]
distinguished_name = name
prompt = no
[name]
CN = placeholder
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost
END
    (
        cd "$tls"
        openssl ecparam -genkey -name prime256v1 -noout -out ca.key
        openssl req -x509 -new -config openssl.cnf -extensions authority -key ca.key -days 3 -sha256 \
            -subj '/CN=DBA-GPT test authority' -out ca.crt
        openssl ecparam -genkey -name prime256v1 -noout -out server.key
        openssl req -new -config openssl.cnf -key server.key -subj '/CN=localhost' -out server.csr
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -set_serial 2 -days 3 -sha256 \
            -extfile openssl.cnf -extensions server -out server.crt
    ) >"$tls/log" 2>&1 || { cat "$tls/log" >&2; die "openssl could not make the certificates"; }
    rm "$tls/ca.key"
    chmod 644 "$tls/ca.crt"
}

# --- stopping ---------------------------------------------------------------------------------------------------

# Whether a process has ended. One that nobody has waited for yet counts as ended.
ended() {
    ! kill -0 "$1" 2>/dev/null || grep -qs '^State:[[:space:]]*Z' "/proc/$1/status"
}

# Whether a process works in our folder or was started with it: so a number that was given to another one is not killed.
ours() {
    [[ $(readlink "/proc/$1/cwd" 2>/dev/null) == "$folder"/* ]] || grep -qsF "$folder/" "/proc/$1/cmdline"
}

# end_process PID SIGNALS...: sends one signal after the other until the process has ended.
end_process() {
    local pid=$1 name
    shift
    kill -CONT "$pid" 2>/dev/null || true
    for name in "$@"; do
        kill "-$name" "$pid" 2>/dev/null || return 0
        for _ in $(seq 100); do if ended "$pid"; then return 0; fi; sleep 0.02; done
    done
}
