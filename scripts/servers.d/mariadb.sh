# MariaDB from Debian (mandatory), and what it shares with MySQL: the roles and the shop.

mariadb_there() { [[ -x /usr/sbin/mariadbd || -n $(command -v mariadbd) ]] && command -v mariadb mariadb-install-db >/dev/null; }

mariadb_need() { need MariaDB mariadb_there mariadb-server; }

# mysql_client SOCKET ARGUMENTS...: the client as the server's administrator.
mysql_client() {
    local socket=$1
    shift
    mariadb --no-defaults --protocol=SOCKET --socket="$socket" --user=root --default-character-set=utf8mb4 --batch "$@"
}

# fill_mysql SOCKET FLAVOUR: the roles, the databases and the shop. FLAVOUR is `mariadb` or `mysql`.
fill_mysql() {
    local socket=$1 flavour=$2
    echo 'CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE DATABASE bench CHARACTER SET utf8mb4;' | mysql_client "$socket"
    if [[ -f $data/shop_mysql.sql ]]; then mysql_client "$socket" shop <"$data/shop_mysql.sql" >/dev/null; fi
    sed "s/@password@/$password/g" "$data/roles_mysql.sql" "$data/roles_only_$flavour.sql" | mysql_client "$socket"
}

# start_mariadb NAME [OPTION...]: makes, starts and fills a server in $folder/NAME, with more options; its port is then
# in $folder/NAME.port. Temporary tables have a folder of their own: several servers are made at once, and in a shared
# one they remove each other's.
start_mariadb() {
    local name=$1 home port try
    shift
    make_home "$name"
    mkdir "$home/tmp"
    if is_root; then chown "$(server_user)" "$home/tmp"; fi
    mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db --force \
        --user="$(server_user)" --datadir="$home/data" --tmpdir="$home/tmp" >"$home.install.log" 2>&1 ||
        { cat "$home.install.log"; die "mariadb-install-db failed"; }
    for try in 1 2 3 4 5; do
        port=$(free_port)
        launch "$home/log" "$(command -v mariadbd || echo /usr/sbin/mariadbd)" --no-defaults --datadir="$home/data" \
            --tmpdir="$home/tmp" --bind-address=127.0.0.1 --port="$port" --socket="$home/s.sock" --pid-file="$home/pid" \
            --performance-schema=ON --performance-schema-instrument='stage/%=ON' --skip-name-resolve \
            --ssl-ca="$home/ca.crt" --ssl-cert="$home/server.crt" --ssl-key="$home/server.key" \
            --character-set-server=utf8mb4 --max-connections=100 --innodb-buffer-pool-size=64M \
            --log-bin="$home/data/binlog" --server-id=1 --sync-binlog=0 --innodb-flush-log-at-trx-commit=0 \
            --innodb-flush-method=nosync --plugin-load-add=auth_ed25519 --local-infile=ON "$@"
        if came_up 60 mysql_client "$home/s.sock" --execute='SELECT 1'; then
            fill_mysql "$home/s.sock" mariadb
            echo "$port" >"$home.port"
            return
        fi
        grep -qs 'Address already in use' "$home/log" || break
    done
    cat "$home/log"
    die "MariaDB did not start ($name, try $try)"
}

mariadb_up() { start_mariadb mariadb; }

mariadb_exports() {
    local at="127.0.0.1:$(<"$folder/mariadb.port")"
    echo "export DBA_GPT_TEST_MARIADB='mysql://dbagpt_admin:$password@$at/shop'"
    echo "export DBA_GPT_TEST_MARIADB_RO='mysql://dbagpt_ro:$password@$at/shop'"
    echo "export DBA_GPT_TEST_MARIADB_SOCKET='$folder/mariadb/s.sock'"
}

# One that a dozen clients fill. One more is let in for whoever has CONNECTION ADMIN.
mariadb_small_up() {
    mariadb_there || skip "MariaDB is not installed"
    start_mariadb small_mariadb --max-connections=12
}

mariadb_small_exports() {
    local at="127.0.0.1:$(<"$folder/small_mariadb.port")"
    echo "export DBA_GPT_TEST_MARIADB_SMALL='mysql://dbagpt_admin:$password@$at/shop'"
}
mariadb_small_variables=(DBA_GPT_TEST_MARIADB_SMALL)

# A second one, which follows nobody until a test tells it to.
mariadb_replica_up() {
    mariadb_there || skip "MariaDB is not installed"
    start_mariadb replica_mariadb --server-id=7
}

mariadb_replica_exports() {
    local at="127.0.0.1:$(<"$folder/replica_mariadb.port")"
    echo "export DBA_GPT_TEST_MARIADB_REPLICA='mysql://dbagpt_admin:$password@$at/shop'"
}
mariadb_replica_variables=(DBA_GPT_TEST_MARIADB_REPLICA)
