# Something that speaks MongoDB (optional): the DocumentDB engine inside PostgreSQL, from Debian's testing release as
# plain files, behind the bridge of tests/bridge, which speaks MongoDB's wire protocol. No registry has a mongod.

documentdb_settings="shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
listen_addresses = '127.0.0.1'
max_connections = 100
shared_buffers = '64MB'
fsync = off
jit = off"

# Fills the cache with the engine's programs and with a data folder in which the extension is already made.
cached_documentdb() {
    local partial reason programs
    unpacked="$cache/documentdb-1"
    if [[ -d $unpacked/fresh-data ]]; then return; fi
    if offline; then skip "DBA_GPT_TEST_OFFLINE is set"; fi
    partial=$(mktemp -d "$cache/partial.XXXXXX")
    reason=$(unpack_debian forky "$partial/documentdb" postgresql-18-documentdb postgresql-18-postgis-3-scripts) ||
        { rm -rf "$partial"; skip "$reason"; }
    programs="$partial/documentdb/usr/lib/postgresql/18/bin"
    [[ -x $programs/postgres ]] || { rm -rf "$partial"; skip "Debian's testing release has no PostgreSQL 18 now"; }
    # The package chooses this name when it is installed.
    ln -sf postgis-3.control "$partial/documentdb/usr/share/postgresql/18/extension/postgis.control"
    # initdb starts `postgres` by itself and knows nothing of loaders, so a script takes its place.
    mv "$programs/postgres" "$programs/postgres.program"
    cat >"$programs/postgres" <<'END'
#!/bin/sh
programs=$(dirname "$0")
loader=$(echo "$programs"/../../../*/ld-linux-*.so.?)
libraries=${loader%/*}
exec "$loader" --argv0 "$0" --library-path "$libraries:$libraries/blas:$libraries/lapack:$programs/../lib" \
    "$programs/postgres.program" "$@"
END
    chmod 755 "$partial" "$programs/postgres"
    if ! make_fresh_documentdb "$(reachable "$partial/documentdb")"; then
        rm -rf "$partial"
        skip "the engine could not be set up"
    fi
    mv "$home/fresh" "$partial/documentdb/fresh-data"
    rm -rf "$unpacked"
    keep_in_cache "$partial/documentdb" documentdb-1
    rm -rf "$partial"
}

# make_fresh_documentdb FOLDER: a cluster with the extension in $home/fresh.
make_fresh_documentdb() {
    local programs="$1/usr/lib/postgresql/18/bin" loader
    loader=$(loader_of "$1")
    as_server_user "$loader" --argv0 "$programs/initdb" --library-path "$(dirname "$loader")" "$programs/initdb" \
        --no-sync --no-instructions --encoding=UTF8 --locale=C --auth=trust --username=dbagpt_admin \
        --pgdata="$home/fresh" || return 1
    as_server_user tee -a "$home/fresh/postgresql.conf" <<<"$documentdb_settings" >/dev/null
    run_documentdb "$1" "$home/fresh" || return 1
    documentdb_client --command='CREATE EXTENSION documentdb CASCADE' || return 1
    end_process "$(head -n 1 "$home/fresh/postmaster.pid")" INT QUIT KILL
    rm -f "$home/fresh/postmaster.pid"
}

# run_documentdb FOLDER DATA: starts the engine on a free port, which is then in `$engine_port`.
run_documentdb() {
    local try
    for try in 1 2 3 4 5; do
        engine_port=$(free_port)
        launch "$home/log" "$1/usr/lib/postgresql/18/bin/postgres" -D "$2" -p "$engine_port" -k "$home" \
            -c "documentdb.localhost_connection_string=host=$home port=$engine_port" -c "cron.host=$home"
        if came_up 30 documentdb_client --command='SELECT 1'; then return; fi
        grep -qs 'could not bind' "$home/log" || break
    done
    tail -n 20 "$home/log"
    return 1
}

documentdb_client() {
    "$(postgres_programs)/psql" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --host="$home" --port="$engine_port" \
        --username=dbagpt_admin --dbname=postgres "$@"
}

# The bridge, built once for these sources.
cached_bridge() {
    local sources
    sources=$(cat "$root"/tests/bridge/Cargo.* "$root"/tests/bridge/src/*.rs | sha256sum | cut -c 1-16)
    bridge="$cache/mongo-bridge-$sources"
    if [[ -x $bridge ]]; then return; fi
    command -v cargo >/dev/null || skip "cargo is not installed"
    CARGO_INCREMENTAL=0 CARGO_TARGET_DIR="$cache/mongo-bridge.build" cargo build --locked \
        --manifest-path "$root/tests/bridge/Cargo.toml" || skip "the bridge could not be built"
    cp "$cache/mongo-bridge.build/debug/mongo-bridge" "$bridge.$$"
    mv "$bridge.$$" "$bridge"
}

mongo_up() {
    local home unpacked bridge engine_port port try
    make_home mongo
    cached_bridge
    cached_documentdb
    unpacked=$(reachable "$unpacked")
    cp -r "$unpacked/fresh-data" "$home/data"
    chmod 700 "$home/data"
    if is_root; then chown -R "$(server_user)" "$home/data"; fi
    run_documentdb "$unpacked" "$home/data" || skip "the engine did not start"
    install -m 755 "$bridge" "$home/mongo-bridge"
    for try in 1 2 3 4 5; do
        port=$(free_port)
        launch "$home/bridge.log" "$home/mongo-bridge" "127.0.0.1:$port" \
            "host=$home port=$engine_port user=dbagpt_admin dbname=postgres"
        echo $! >"$home/pid"
        if came_up 30 listens "$port"; then
            echo "$port" >"$home.port"
            return
        fi
        grep -qs 'in use' "$home/bridge.log" || break
    done
    cat "$home/bridge.log"
    skip "the bridge did not start (try $try): $(tail -n 1 "$home/bridge.log")"
}

mongo_exports() {
    echo "export DBA_GPT_TEST_MONGO='mongodb://127.0.0.1:$(<"$folder/mongo.port")/shop'"
}
mongo_variables=(DBA_GPT_TEST_MONGO)
