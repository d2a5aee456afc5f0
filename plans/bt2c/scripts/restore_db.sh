#!/usr/bin/env bash
# Loads a database backup, in one transaction and checked. Data in the way are moved aside, never deleted.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: restore_db.sh FILE [--force] [--rebuild] [--unverified] [--timeout SECONDS] [--dry-run]

Verifies the dump FILE (checksum beside it, complete to its last line), starts Postgres if it is down, keeps the present
content in $BT2C_BACKUPS/aside, loads the dump in one transaction and compares count and greatest height with what the
backup's side file says; if they differ the transaction is rolled back and the database is as before.
If Postgres cannot start or its files are damaged, the whole data directory is packed into $BT2C_BACKUPS/aside and a new
one is made. Validators must be stopped; none is stopped here.

  --force       even while validators write
  --rebuild     make a new data directory in any case
  --unverified  take a dump without a .sha256 beside it
  --timeout     how long to wait for Postgres to answer (default 120)

Exit: 0 restored, 1 could not be restored, 2 wrong usage, or something needed is missing (the dump too), 3 refused
(validators write, the dump is not as it was taken, another script is at work). With 2 and 3 nothing was done.
END
}

options dry-run timeout=120 -- "$@"
set -- "${REST[@]}"
file="" force=no rebuild=no unverified=no
while (($#)); do
    case $1 in
        --force) force=yes ;;
        --rebuild) rebuild=yes ;;
        --unverified) unverified=yes ;;
        -*) misuse "unknown option $1." ;;
        *) [[ -z $file ]] || misuse "only one dump at a time."; file=$1 ;;
    esac
    shift
done
[[ -n $file ]] || misuse "which dump?"
prepare "$file"
[[ -r $file && -f $file ]] || missing "the dump $file cannot be read."
file=$(realpath -- "$file")

say "I will load ${file##*/} into the database of project $MUSTER_PROJECT, in one transaction."
code=0
checksum_holds "$file" || code=$?
case $code in
    0) good "the checksum of ${file##*/} is right" ;;
    1) refuse "the dump is not as it was taken: its checksum is wrong. Choose another from $BT2C_BACKUPS/db." ;;
    *) [[ $unverified = yes ]] || refuse "there is no checksum beside $file. --unverified takes it all the same." ;;
esac
dump_complete "$file" || refuse "the dump is cut off: its last line is missing. Choose another from $BT2C_BACKUPS/db."
good "the dump is complete"
rows=$(side "$file" rows) top=$(side "$file" max_height)
if [[ ! $rows =~ ^[0-9]+$ || ! $top =~ ^-?[0-9]+$ ]]; then
    [[ $unverified = yes ]] || refuse "the side file $file.json does not say how many rows to expect. --unverified takes the dump all the same."
    rows='' top=''
else
    note "taken $(side "$file" taken_at): $rows rows up to height $top"
fi
mapfile -t writing < <(active_validators)
if ((${#writing[@]})); then
    [[ $force = yes ]] || refuse "${writing[*]} run and write to the database. Stop them first (docker-compose stop ${writing[*]}), or --force."
    warn "${writing[*]} run and may write; --force was given."
fi
if dry; then
    note "postgres is $(state_of postgres)$([[ $rebuild = no ]] || printf '; its data directory would be moved to %s/aside and made anew' "$BT2C_BACKUPS")"
    dry_end "The dump is good and could be loaded."
fi
take_lock

rebuild_database() {
    say "Postgres' data directory is made anew."
    move_database_aside || finish 1 "the old data could not be moved aside, so nothing was restored; Postgres is stopped."
    start_postgres "$limit" || finish 1 "Postgres does not start even with an empty data directory; nothing was restored. The old data are in $BT2C_BACKUPS/aside."
}

# What psql complained of first, without its context lines.
complaint() { grep -m 1 -E 'ERROR|FATAL|PANIC' "$WORK/load.log" || tail -n 1 "$WORK/load.log"; }

# The check is the last part of the transaction: what is not as the backup says is rolled back.
load() {
    local id
    id=$(postgres_id)
    # shellcheck disable=SC2016  # $check$ is SQL's own quoting
    {
        cat -- "$file"
        if [[ -n $rows ]]; then
            printf '\nDO $check$ BEGIN IF (SELECT count(*) <> %s OR coalesce(max(height), -1) <> %s FROM public.blocks) THEN RAISE EXCEPTION %s; END IF; END $check$;\n' \
                "$rows" "$top" "'the rows are not as many as the backup says'"
        fi
    } | DOCKER_LIMIT=1500 dk exec -i -e PGCONNECT_TIMEOUT=5 "$id" \
        psql -X -q -1 -o /dev/null -v ON_ERROR_STOP=1 -U "$DB_USER" -d "$DB_NAME" >"$WORK/load.log" 2>&1
}

damaged_by() { grep -qiE "$DAMAGE" "$1" || ! postgres_answers; }

fresh=no
if [[ $rebuild = yes ]]; then
    rebuild_database
    fresh=yes
else
    code=0
    start_postgres "$limit" || code=$?
    case $code in
        0) good "Postgres answers" ;;
        1)
            say "Its data are unusable."
            rebuild_database
            fresh=yes
            ;;
        *) finish 1 "Postgres does not answer; the database is as it was." ;;
    esac
fi

if [[ $fresh = no ]] && ! dump_aside; then
    if damaged_by "$WORK/dump.err"; then
        problem "The present content cannot even be read: $(tail -n 1 "$WORK/dump.err")"
        rebuild_database
    else
        finish 1 "the present content could not be kept ($(tail -n 1 "$WORK/dump.err")), so it was not overwritten."
    fi
fi

say "loading…"
begun=$SECONDS
if ! load; then
    problem "$(complaint)"
    if damaged_by "$WORK/load.log" && [[ $fresh = no ]]; then
        problem "That is damage to Postgres' own files."
        rebuild_database
        load || finish 1 "the dump could not be loaded into a new data directory either: $(complaint)"
    else
        finish 1 "the dump was not loaded, and the transaction was rolled back: the database is as it was. $(complaint)"
    fi
fi
audit "loaded ${file##*/} into the database"
good "loaded in $((SECONDS - begun)) s"
password_follows_config || finish 1 "the dump is loaded, but the password of testnet.env is not accepted."

read -r now_rows now_top < <(rows_and_height)
if [[ -n $rows && ${#writing[@]} -eq 0 ]] && [[ $now_rows != "$rows" || $now_top != "$top" ]]; then
    finish 1 "the database holds $now_rows rows up to height $now_top, but the backup held $rows up to $top."
fi
finish 0 "restored: the database holds $now_rows blocks, up to height $now_top. Postgres runs; the validators do $( ((${#writing[@]})) || printf 'not ')run."
