# shellcheck shell=bash
# The database, always through psql and pg_dump inside its container. Passwords travel in environments and over stdin.

DB_USER=bt2c
DB_NAME=bt2c
# What Postgres says when its files, not the question, are at fault.
# shellcheck disable=SC2034  # used by restore_db.sh
DAMAGE='invalid page|could not (read|open|access|stat|seek)|unexpected data|corrupt|missing chunk|PANIC|invalid magic|not a valid|cache lookup failed|could not find tuple|pg_control|server closed the connection|the database system is in recovery|connection to server .* failed|could not write to file|checksum|bogus data|relation mapping'

postgres_id() { container_of postgres; }

# SQL on stdin, bare values on stdout.
sql() {
    local id
    id=$(postgres_id) || return 1
    [[ -n $id ]] || return 1
    dk exec -i -e PGCONNECT_TIMEOUT=5 "$id" psql -X -q -A -t -v ON_ERROR_STOP=1 -U "$DB_USER" -d "$DB_NAME" "$@"
}

query() { sql <<<"$1"; }

# Over TCP: during its very first start Postgres answers on the socket only.
postgres_answers() {
    local id
    id=$(postgres_id) && [[ -n $id ]] || return 1
    DOCKER_LIMIT=8 dk exec "$id" pg_isready -q -t 3 -h 127.0.0.1 -U "$DB_USER" >/dev/null 2>&1
}

postgres_answers_or_ended() { postgres_answers || ! is_up postgres; }

# Starts Postgres if it is not running. 0 it answers, 1 its data are unusable, 2 something else is wrong.
start_postgres() { # seconds
    local state id
    state=$(state_of postgres)
    case $state in
        running) ;;
        paused)
            note "postgres is paused; it is continued"
            dk unpause "$(postgres_id)" >/dev/null
            audit "postgres continued"
            ;;
        *)
            note "postgres is $state; it is started"
            start_services postgres || return 2
            audit "postgres started"
            ;;
    esac
    if wait_until "$1" "Postgres" postgres_answers_or_ended && postgres_answers; then
        return 0
    fi
    id=$(postgres_id)
    dk logs --tail 200 "$id" >"$WORK/postgres.log" 2>&1 || true
    problem "Postgres does not start. It said last:"
    tail -n 5 -- "$WORK/postgres.log" | sed 's/^/    /' >&2
    if grep -qiE 'No space left|out of memory|Cannot allocate' "$WORK/postgres.log"; then
        problem "This is for want of room, not damaged data."
        return 2
    fi
    if is_up postgres; then
        problem "It still runs and may be replaying its log."
        return 2
    fi
    return 1
}

# The password of testnet.env, on stdin of whoever needs it; never an argument.
password() { env_value TESTNET_DB_PASSWORD; }

# Can one log in over the network with PGPASSWORD? The socket inside the container asks for none, so it proves nothing.
login_over_network() {
    local id address
    id=$(postgres_id) && [[ -n $id ]] || return 2
    address=$(dk inspect "$id" | jq -r '[.[0].NetworkSettings.Networks[].IPAddress | select(. != "")][0] // empty')
    [[ -n $address ]] || return 2
    dk exec -e PGPASSWORD -e PGCONNECT_TIMEOUT=5 "$id" psql -X -w -q -A -t -h "$address" -U "$DB_USER" -d "$DB_NAME" -c 'SELECT 1' \
        </dev/null >"$WORK/login.out" 2>&1
}

# Gives the database role the password of PGPASSWORD (hexadecimal or free of quotes), and keeps it out of Postgres' log.
set_role_password() {
    local quoted=${PGPASSWORD//\'/\'\'}
    sql <<END
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SET password_encryption = 'scram-sha-256';
SET standard_conforming_strings = on;
ALTER ROLE "$DB_USER" PASSWORD '$quoted';
END
}

# A restored or rebuilt cluster may hold another password than testnet.env gives the validators.
password_follows_config() {
    local PGPASSWORD
    PGPASSWORD=$(password)
    export PGPASSWORD
    if login_over_network; then
        return 0
    fi
    grep -q 'password authentication failed' "$WORK/login.out" || return 0
    set_role_password
    login_over_network || return 1
    audit "the database role has the password of testnet.env again"
    good "the database takes the password of testnet.env again (it had another one)"
}

has_blocks_table() { [[ $(query "SELECT to_regclass('public.blocks') IS NOT NULL") = t ]]; }

# "rows height", or "0 -1" without the table.
rows_and_height() {
    if ! has_blocks_table; then
        printf '0 -1\n'
        return
    fi
    query "SELECT count(*) || ' ' || coalesce(max(height), -1) FROM public.blocks"
}

# Compares every row up to a height with a validator's chain. Says the first that differs.
rows_match_chain() { # node
    local volume top
    volume=$(data_volume "$1") && [[ -n $volume ]] || return 1
    export_chain "$volume" 2>"$WORK/export.err" |
        jq -r '[.height, .hash] | @tsv' >"$WORK/chain.tsv" || return 1
    query "SELECT height || E'\t' || hash FROM public.blocks ORDER BY height" >"$WORK/rows.tsv" || return 1
    # The newest blocks are being recorded right now.
    top=$(($(tail -n 1 "$WORK/chain.tsv" | cut -f 1) - 5))
    awk -F '\t' -v top="$top" '$1 <= top' "$WORK/chain.tsv" >"$WORK/chain.cmp"
    awk -F '\t' -v top="$top" '$1 <= top' "$WORK/rows.tsv" >"$WORK/rows.cmp"
    if ! cmp -s "$WORK/chain.cmp" "$WORK/rows.cmp"; then
        diff "$WORK/chain.cmp" "$WORK/rows.cmp" >"$WORK/rows.diff" || true
        awk '/^[<>]/ { print "block " $2; exit }' "$WORK/rows.diff" >"$WORK/first.diff"
        return 1
    fi
    wc -l <"$WORK/rows.cmp" | tr -d ' ' >"$WORK/rows.same"
}

# Rows above the chain's head belong to a chain that counts no more. They are written to a file first.
drop_rows_above() { # height
    local n file
    [[ $1 =~ ^[0-9]+$ ]] || return 1
    postgres_answers || return 1
    has_blocks_table || return 0
    n=$(query "SELECT count(*) FROM public.blocks WHERE height > $1") || return 1
    ((n > 0)) || return 0
    file=$(aside_dir)/rows-above-$1-$NOW.csv
    query "COPY (SELECT * FROM public.blocks WHERE height > $1 ORDER BY height) TO STDOUT (FORMAT csv, HEADER)" >"$file" || return 1
    query "DELETE FROM public.blocks WHERE height > $1" || return 1
    audit "$n rows above height $1 moved to $file"
    note "$n rows above height $1 were moved from the database to $file"
}

# Streams the whole database out; used before it is overwritten.
dump_aside() {
    local file id
    file=$(aside_dir)/db-before-restore-$NOW.sql
    id=$(postgres_id)
    if DOCKER_LIMIT=900 dk exec "$id" pg_dump -U "$DB_USER" -d "$DB_NAME" --clean --if-exists >"$file" 2>"$WORK/dump.err"; then
        audit "the database as it was: $file"
        note "the database as it is now is kept in $file"
    else
        rm -f -- "$file"
        return 1
    fi
}

# Packs the whole data volume into a file, checks the file, empties the volume. Postgres is stopped before.
move_database_aside() {
    local volume file
    stop_services postgres || return 1
    volume=$(volume_of postgres-data)
    [[ -n $volume ]] || return 0
    file=$(aside_dir)/postgres-data-$NOW.tar.gz
    note "the damaged data are packed into $file"
    if ! DOCKER_LIMIT=1800 toolbox tar -v "$volume:/data:ro" -- -C /data -cf - . | gzip >"$file.part" || ! gzip -t "$file.part" ||
        ! tar -tzf "$file.part" >/dev/null; then
        rm -f -- "$file.part"
        problem "The damaged data could not be packed, so they stay where they are."
        return 1
    fi
    mv -- "$file.part" "$file"
    audit "the data of Postgres were moved to $file"
    toolbox find -v "$volume:/data" -- /data -mindepth 1 -delete || return 1
    note "the volume $volume is empty now; nothing was deleted that is not in that file"
}
