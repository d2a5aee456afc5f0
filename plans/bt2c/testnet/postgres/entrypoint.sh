#!/bin/sh
# Starts Postgres from PGDATA, after making a cluster there if it is empty. Honours POSTGRES_USER, POSTGRES_PASSWORD
# and POSTGRES_DB as the public image does. Any other command is run as it is.
set -eu

case ${1:-postgres} in
    postgres | -*) ;;
    *) exec "$@" ;;
esac
[ "${1:-}" != postgres ] || shift

bin=
for candidate in /usr/lib/postgresql/*/bin; do
    bin=$candidate
done
PGDATA=${PGDATA:-/var/lib/postgresql/data}
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

# The server and its tools refuse to run as root.
as_postgres=
if [ "$(id -u)" = 0 ]; then
    as_postgres="setpriv --reuid=postgres --regid=postgres --init-groups"
fi

mkdir -p "$PGDATA" /var/run/postgresql
if [ -n "$as_postgres" ]; then
    chown postgres:postgres "$PGDATA" /var/run/postgresql
fi
chmod 700 "$PGDATA"

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "POSTGRES_PASSWORD is not set. No cluster was made; set it and start again." >&2
        exit 2
    fi
    # Made aside and moved in with PG_VERSION last: a start that was killed half way is simply begun again.
    new="$PGDATA/.new"
    rm -rf "$new"
    password=$(mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" >"$password"
    if [ -n "$as_postgres" ]; then
        chown postgres "$password"
    fi
    $as_postgres "$bin/initdb" --pgdata="$new" --username="$user" --pwfile="$password" \
        --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >/dev/null
    rm -f "$password"
    echo "host all all all scram-sha-256" >>"$new/pg_hba.conf"
    if [ "$database" != postgres ]; then
        quoted=$(printf '%s' "$database" | sed 's/"/""/g')
        echo "CREATE DATABASE \"$quoted\";" | $as_postgres "$bin/postgres" --single -D "$new" postgres >/dev/null
    fi
    for entry in "$new"/*; do
        case $entry in
            */PG_VERSION) ;;
            *) rm -rf "${PGDATA:?}/${entry##*/}" && mv "$entry" "$PGDATA/" ;;
        esac
    done
    mv "$new/PG_VERSION" "$PGDATA/"
    rmdir "$new"
    echo "made a cluster for the user '$user' with the database '$database'"
fi

# Postgres answers SIGTERM by waiting for its clients; whoever stops a container wants it stopped now (SIGINT).
$as_postgres "$bin/postgres" -D "$PGDATA" -c listen_addresses='*' "$@" &
server=$!
trap 'kill -INT "$server" 2>/dev/null' TERM INT
status=0
wait "$server" || status=$?
while kill -0 "$server" 2>/dev/null; do
    status=0
    wait "$server" || status=$?
done
exit "$status"
