#!/bin/bash
# Backs up database, chain and configuration every BACKUP_INTERVAL seconds. What is damaged, or has fallen behind the
# last backup, is refused and said: the newest good backup stays the latest.
#
#   backup.sh          for ever
#   backup.sh once     one round; exit code 1 if any of the three failed or was refused
#   backup.sh once chain|config|db
set -u -o pipefail
umask 022

backups=/backups
config=/bt2c-config
chains=/chains
interval=${BACKUP_INTERVAL:-30}
# How far a height may be below the last backup's: a reorganisation may take that many blocks away.
tolerance=${MAX_REORG:-120}
export PGCONNECT_TIMEOUT=3

client=
for client in /usr/lib/postgresql/*/bin; do :; done

say() { # LEVEL TEXT, in the form of the nodes' logs
    printf '%s %-5s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$1" "$2"
}

failed() {
    say error "backup failed: $1" >&2
    return 1
}

refused() {
    say error "backup refused: $1; the last good one stays the latest" >&2
    return 1
}

# A number from a side file; nothing if there is no side file.
fact() { # FILE NAME
    sed -n "s/.*\"$2\":\([0-9][0-9]*\).*/\1/p" "$1" 2>/dev/null
}

# Is this height too far below the newest backup's? Whoever restores an older state on purpose touches `accept-lower`.
fell() { # KIND ENDING HEIGHT ROWS
    local side last rows
    side=$(newest "$1" "$2").json
    last=$(fact "$side" max_height)
    rows=$(fact "$side" rows)
    [ -n "$last" ] || return 1
    [ "$3" -lt $((last - tolerance)) ] || [ "$4" -lt $((rows - tolerance)) ] || return 1
    if [ "$backups/accept-lower" -nt "$side" ]; then
        say warn "backup of $1: height $3 is below the last backup's $last, and accepted as wished"
        return 1
    fi
    return 0
}

newest() { # KIND ENDING
    local file last=none
    for file in "$backups/$1"/*."$2"; do
        [ -f "$file" ] && last=$file
    done
    printf '%s' "$last"
}

# Side files first, the backup itself next, the link last: whoever sees a backup sees all of it.
publish() { # KIND TIME ENDING LINK SIDE-JSON
    local aside=$backups/$1/.new name=$2.$3 sum
    sum=$(sha256sum <"$aside") || return 1
    printf '%s  %s\n' "${sum%% *}" "$name" >"$aside.sha256" || return 1
    printf '%s\n' "$5" >"$aside.json" || return 1
    ln -sfn "$1/$name" "$backups/.$4" || return 1
    # Like everything here it belongs to whoever owns the directory on the host.
    chown -h --reference="$backups" "$aside" "$aside.sha256" "$aside.json" "$backups/.$4" || return 1
    sync "$aside" "$aside.sha256" "$aside.json" || return 1
    mv -f "$aside.sha256" "$backups/$1/$name.sha256" &&
        mv -f "$aside.json" "$backups/$1/$name.json" &&
        mv -f "$aside" "$backups/$1/$name" &&
        mv -fT "$backups/.$4" "$backups/$4"
}

# All of the last 15 minutes, then the first of every 10 minutes for a day.
thin() { # KIND ENDING
    local now at age slot file name last='' newest
    now=$(date +%s)
    newest=$(newest "$1" "$2")
    for file in "$backups/$1"/*."$2"; do
        [ -f "$file" ] || continue
        name=${file##*/}
        name=${name%%.*}
        at=$(date -u -d "${name:0:4}-${name:4:2}-${name:6:2} ${name:9:2}:${name:11:2}:${name:13:2}" +%s 2>/dev/null) || continue
        age=$((now - at))
        slot=$((at / 600))
        # By their names the oldest come first: all others are younger still.
        if [ "$age" -le 900 ] || [ "$file" = "$newest" ]; then break; fi
        if [ "$age" -gt 86400 ] || [ "$slot" = "$last" ]; then
            rm -f "$file" "$file.sha256" "$file.json"
        else
            last=$slot
        fi
    done
}

stamp() { date -u +%Y%m%dT%H%M%SZ; }
instant() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# Says "HEIGHT HASH BLOCKS" of a sound chain; otherwise why it is not. Its blocks are in `.work/NAME/chain.jsonl` then.
look_at_chain() { # NAME
    local copy=$backups/chain/.work/$1
    # A copy, so that what is verified is what is kept, whatever the node does meanwhile.
    mkdir -p "$copy" && cp "$chains/$1/chain.jsonl" "$copy/" || return 1
    nice testnet-node chain verify --data "$copy" --validators "$config/network/validators.json" --json 2>&1 |
        sed -n -e 's/^{"sound":true,"height":\([0-9]*\),"head":"\([0-9a-f]*\)","blocks":\([0-9]*\),.*/\1 \2 \3/p;t' \
            -e 's/.*"reason":"\(.*\)"}}$/\1/p;t' -e 'p'
}

backup_chain() {
    local name seen best='' source='' height head blocks at aside=$backups/chain/.new work=$backups/chain/.work
    rm -rf "$work"
    for name in "$chains"/*; do
        name=${name##*/}
        [ -f "$chains/$name/chain.jsonl" ] || continue
        seen=$(look_at_chain "$name")
        # A file that was copied in the middle of a reorganisation is whole a moment later.
        case $seen in [0-9]*) ;; *) sleep 1 && seen=$(look_at_chain "$name") ;; esac
        case $seen in
            [0-9]*) if [ -z "$best" ] || [ "${seen%% *}" -gt "${best%% *}" ]; then best=$seen source=$name; fi ;;
            *) refused "the chain of $name is damaged: $seen" ;;
        esac
    done
    if [ -z "$best" ]; then
        failed "there is no sound chain"
        return 1
    fi
    read -r height head blocks <<<"$best"
    if fell chain tar.gz "$height" "$blocks"; then
        refused "the highest sound chain (of $source) has only height $height"
        return 1
    fi
    at=$(stamp)
    # Without a last line that was only half written.
    if ! {
        head -n "$blocks" "$work/$source/chain.jsonl" >"$work/chain.jsonl" &&
            tar -C "$work" --owner=0 --group=0 -czf "$aside" chain.jsonl &&
            publish chain "$at" tar.gz chain_backup.tar.gz \
                "{\"taken_at\":\"$(instant)\",\"max_height\":$height,\"rows\":$blocks,\"head\":\"$head\",\"source\":\"$source\"}"
    }; then
        failed "the chain could not be written"
        return 1
    fi
    say info "backup of the chain: chain/$at.tar.gz (height $height, from $source)"
}

backup_config() {
    local at aside=$backups/config/.new
    at=$(stamp)
    rm -f "$aside"
    if ! {
        (umask 077 && tar -C "$config" -czf "$aside" .) &&
            publish config "$at" tar.gz config_backup.tar.gz "{\"taken_at\":\"$(instant)\"}"
    }; then
        failed "the configuration could not be written"
        return 1
    fi
    say info "backup of the configuration: config/$at.tar.gz"
}

# Says "ROWS MAX LINKED" of the table in a dump: LINKED is 1 if every block stands on the one below it.
look_at_dump() { # FILE
    awk -F'\t' '
        /^COPY public\.blocks \(height, hash, prev_hash,/ { on = 1; seen = 1; next }
        on && /^\\\.$/ { on = 0 }
        on { rows++; h = $1 + 0; if (h > max) max = h; hash[h] = $2; prev[h] = $3 }
        END {
            if (!seen) { exit }
            linked = (rows == max + 1)
            for (h = 1; linked && h <= max; h++) if (!(h in prev) || prev[h] != hash[h - 1]) linked = 0
            printf "%d %d %d\n", rows, max, linked
        }' "$1"
}

backup_db() {
    local at rows max linked said try aside=$backups/db/.new
    # Two validators may record a short fork at once; the loser corrects its rows within seconds.
    for try in 1 2 3; do
        at=$(stamp)
        if ! said=$(timeout 60 "$client/pg_dump" --clean --if-exists --lock-wait-timeout=10000 --file "$aside" 2>&1); then
            failed "the database gave no dump: $(printf '%s' "$said" | tr '\n' ' ')"
            return 1
        fi
        if ! tail -n 6 "$aside" | grep -q '^-- PostgreSQL database dump complete$'; then
            failed "the dump of the database is cut off"
            return 1
        fi
        rows='' max='' linked=''
        read -r rows max linked <<<"$(look_at_dump "$aside")"
        [ "$linked" = 1 ] && break
        [ "$try" = 3 ] || sleep 2
    done
    if [ -z "$rows" ]; then
        refused "the database has no table blocks"
        return 1
    fi
    if [ "$linked" != 1 ]; then
        refused "the table blocks has gaps, or rows of two histories ($rows rows up to height $max)"
        return 1
    fi
    if fell db sql "$max" "$rows"; then
        refused "the table blocks has only $rows rows up to height $max"
        return 1
    fi
    publish db "$at" sql latest.sql "{\"taken_at\":\"$(instant)\",\"max_height\":$max,\"rows\":$rows}" ||
        { failed "the dump of the database could not be written"; return 1; }
    say info "backup of the database: db/$at.sql (height $max, $rows rows)"
}

# One at a time of each kind, whoever asks.
one() { # KIND ENDING
    local kind=$1 ending=$2 status=0
    if ! { mkdir -p "$backups/$kind" && chown --reference="$backups" "$backups/$kind"; }; then
        failed "$backups cannot be written"
        return 1
    fi
    (
        flock -w 120 9 || { failed "another backup of the $kind does not end"; exit 1; }
        case $kind in
            chain) backup_chain ;;
            config) backup_config ;;
            db) backup_db ;;
        esac
        status=$?
        rm -rf "$backups/$kind/.new" "$backups/$kind/.work"
        thin "$kind" "$ending"
        exit $status
    ) 9<"$backups/$kind" || status=1
    return $status
}

for_ever() { # KIND ENDING...
    trap - TERM INT
    while :; do
        local begun=$SECONDS pair
        for pair in "$@"; do
            one "${pair%%:*}" "${pair#*:}" || true
        done
        local rest=$((interval - (SECONDS - begun)))
        sleep $((rest > 1 ? rest : 1))
    done
}

case "${1:-}" in
    '')
        trap 'kill $(jobs -p) 2>/dev/null; exit 0' TERM INT
        say info "backing up every $interval s"
        # The database has a loop of its own: while it is away, chain and configuration go on.
        for_ever chain:tar.gz config:tar.gz &
        for_ever db:sql &
        wait -n
        say error "a part of the backup ended; the backup stops rather than limp on"
        exit 1
        ;;
    once)
        status=0
        case "${2:-all}" in
            all) for pair in chain:tar.gz config:tar.gz db:sql; do one "${pair%%:*}" "${pair#*:}" || status=1; done ;;
            chain | config) one "$2" tar.gz || status=1 ;;
            db) one db sql || status=1 ;;
            *) echo "usage: backup.sh [once [chain|config|db]]" >&2; exit 2 ;;
        esac
        exit $status
        ;;
    *) echo "usage: backup.sh [once [chain|config|db]]" >&2; exit 2 ;;
esac
