# A real MySQL 9 (optional): Debian's unstable release has its server, which runs beside the system from plain files.

# Fills the cache with the program and with a data folder as `mysqld --initialize` makes it, which takes seconds.
cached_mysql() {
    local partial reason loader
    unpacked="$cache/mysql-9"
    if [[ -d $unpacked/fresh-data ]]; then return; fi
    if offline; then skip "DBA_GPT_TEST_OFFLINE is set"; fi
    partial=$(mktemp -d "$cache/partial.XXXXXX")
    reason=$(unpack_debian sid "$partial/mysql" mysql-server-core) || { rm -rf "$partial"; skip "$reason"; }
    [[ $("$(loader_of "$partial/mysql")" --library-path "$(dirname "$(loader_of "$partial/mysql")")" \
        "$partial/mysql/usr/sbin/mysqld" --no-defaults --version 2>&1) == *'Ver 9.'* ]] ||
        { rm -rf "$partial"; skip "Debian's unstable release has no MySQL 9 now"; }
    if is_root; then
        chmod 755 "$partial"
        install -d -o "$(server_user)" "$home/fresh"
    fi
    mkdir -p "$home/fresh"
    rm -rf "$unpacked"
    mysql_program "$(reachable "$partial/mysql")" "$home/fresh/data"
    as_server_user "${mysqld[@]}" --initialize-insecure >"$home/initialize.log" 2>&1 ||
        { cat "$home/initialize.log"; rm -rf "$partial"; skip "mysqld could not make its data folder"; }
    mv "$home/fresh/data" "$partial/mysql/fresh-data"
    rm -f "$partial/mysql/fresh-data/auto.cnf"      # the server's own id: every copy must find one of its own
    keep_in_cache "$partial/mysql" mysql-9
    rm -rf "$partial"
}

# mysql_program FOLDER DATA: the command line that runs it, in `$mysqld`.
mysql_program() {
    local usr="$1/usr" loader
    loader=$(loader_of "$1")
    mysqld=("$loader" --library-path "$(dirname "$loader")" "$usr/sbin/mysqld" --no-defaults --basedir="$usr"
        --lc-messages-dir="$usr/share/mysql" --plugin-dir="$usr/lib/mysql/plugin" --datadir="$2")
}

# start_mysql NAME NUMBER: makes, starts and fills a server with this server-id in $folder/NAME; its port is then in
# $folder/NAME.port.
start_mysql() {
    local made=$1 number=$2 home unpacked port mysqld try
    make_home "$made"
    # The cache is filled once, whoever comes first.
    exec 9>"$cache/mysql.lock"
    flock 9
    cached_mysql
    exec 9>&-
    unpacked=$(reachable "$unpacked")
    cp -r "$unpacked/fresh-data" "$home/data"
    if is_root; then chown -R "$(server_user)" "$home/data"; fi
    mysql_program "$unpacked" "$home/data"
    for try in 1 2 3 4 5; do
        port=$(free_port)
        launch "$home/log" "${mysqld[@]}" --bind-address=127.0.0.1 --port="$port" --socket="$home/s.sock" \
            --pid-file="$home/pid" --mysqlx=OFF --secure-file-priv= --skip-name-resolve --max-connections=100 \
            --ssl-ca="$home/ca.crt" --ssl-cert="$home/server.crt" --ssl-key="$home/server.key" \
            --innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync \
            --sync-binlog=0 --server-id="$number"
        if came_up 60 mysql_client "$home/s.sock" --execute='SELECT 1'; then
            fill_mysql "$home/s.sock" mysql
            echo "$port" >"$home.port"
            return
        fi
        grep -qs 'Address already in use' "$home/log" || break
    done
    tail -n 20 "$home/log"
    skip "it did not start (try $try)"
}

mysql_up() { start_mysql mysql 2; }

mysql_exports() {
    local at="127.0.0.1:$(<"$folder/mysql.port")"
    echo "export DBA_GPT_TEST_MYSQL='mysql://dbagpt_admin:$password@$at/shop'"
    echo "export DBA_GPT_TEST_MYSQL_RO='mysql://dbagpt_ro:$password@$at/shop'"
    echo "export DBA_GPT_TEST_MYSQL_SOCKET='$folder/mysql/s.sock'"
}
mysql_variables=(DBA_GPT_TEST_MYSQL DBA_GPT_TEST_MYSQL_RO DBA_GPT_TEST_MYSQL_SOCKET)

# A second one, which follows nobody until a test tells it to.
mysql_replica_up() { start_mysql replica_mysql 8; }

mysql_replica_exports() {
    local at="127.0.0.1:$(<"$folder/replica_mysql.port")"
    echo "export DBA_GPT_TEST_MYSQL_REPLICA='mysql://dbagpt_admin:$password@$at/shop'"
}
mysql_replica_variables=(DBA_GPT_TEST_MYSQL_REPLICA)
