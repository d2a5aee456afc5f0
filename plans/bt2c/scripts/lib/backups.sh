# shellcheck shell=bash
# Backups by kind and time; each has its .sha256 and .json beside it. Chooses and verifies, restores nothing.

# instant_of TEXT: a backup's name or RFC 3339 as yyyymmddThhmmssZ.
instant_of() {
    local text=${1##*/} name
    name=${text%%.*}
    if [[ $name =~ ^[0-9]{8}T[0-9]{6}Z$ ]]; then
        printf '%s' "$name"
    elif [[ $text =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt\ ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$ ]]; then
        date -u -d "$text" +%Y%m%dT%H%M%SZ 2>/dev/null
    else
        return 1
    fi
}

# 0 right, 1 wrong, 2 there is no checksum.
checksum_holds() {
    local expected
    [[ -r $1.sha256 ]] || return 2
    expected=$(head -c 64 -- "$1.sha256")
    [[ $expected =~ ^[0-9a-f]{64}$ && $(digest_of "$1") = "$expected" ]]
}

# A field of the side file, or nothing.
side() { # file field
    if [[ -r $1.json ]]; then jq -r --arg field "$2" '.[$field] // empty' "$1.json" 2>/dev/null || true; fi
}

# The backups of a kind, newest first, none after the instant.
backups_until() { # kind instant
    local file name all=()
    for file in "$BT2C_BACKUPS/$1"/*; do
        name=${file##*/}
        [[ -f $file && ! -L $file && $name =~ ^([0-9]{8}T[0-9]{6}Z)\.(sql|tar\.gz)$ ]] || continue
        [[ ! ${BASH_REMATCH[1]} > $2 ]] || continue
        all+=("$file")
    done
    if ((${#all[@]})); then printf '%s\n' "${all[@]}" | sort -r; fi
}

# Reads all of the list: with `head` the writer might die of a closed pipe.
newest_backup() { backups_until "$1" 99999999T999999Z | sed -n 1p; }

# No name in the archive leads out of the directory it is unpacked into.
names_stay_inside() {
    local names
    names=$(tar -tzf "$1" 2>/dev/null) || return 1
    [[ -n $names ]] && ! grep -qE '(^|/)\.\.(/|$)|^/' <<<"$names"
}

dump_complete() { tail -n 8 -- "$1" | grep -q '^-- PostgreSQL database dump complete'; }

# Is the archive's checksum right and its chain sound under today's keys? Leaves it unpacked in the scratch volume.
chain_backup_sound() { # archive directory
    checksum_holds "$1" && unpack_chain "$1" "$2" && sound "$(chain_verdict "$SCRATCH" "$2")"
}

# Makes `file` what `link` in the backup directory means.
point_latest() { # link kind/file
    local aside=$BT2C_BACKUPS/.$1.$$
    ln -s -- "$2" "$aside"
    mv -fT -- "$aside" "$BT2C_BACKUPS/$1"
}

# The configuration as it is now, as the backup service would take it.
backup_config() {
    local directory=$BT2C_BACKUPS/config name
    name=$(date -u +%Y%m%dT%H%M%SZ).tar.gz
    mkdir -p -- "$directory"
    tar -czf "$directory/.$name" -C "$BT2C_CONFIG" . || return 1
    tar -tzf "$directory/.$name" >/dev/null || return 1
    printf '%s  %s\n' "$(digest_of "$directory/.$name")" "$name" >"$directory/$name.sha256"
    jq -n --arg taken_at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '{taken_at: $taken_at}' >"$directory/$name.json"
    mv -- "$directory/.$name" "$directory/$name"
    point_latest config_backup.tar.gz "config/$name"
    audit "configuration backed up: config/$name"
    good "the configuration is backed up: $directory/$name"
}

# The backup service refuses what fell behind its last backup. This tells it once that the fall is meant.
accept_lower_backups() {
    : 2>/dev/null >"$BT2C_BACKUPS/accept-lower" ||
        warn "$BT2C_BACKUPS/accept-lower could not be made; the backup service may refuse the restored state."
}
