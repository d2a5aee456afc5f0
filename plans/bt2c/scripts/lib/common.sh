# shellcheck shell=bash
# What every recovery script has: settings, output, limits, logs, the lock, the last line. Knows no container by itself.
#
# Exit codes of all scripts: 0 done or fine, 1 what was checked is not fine or could not be healed,
# 2 wrong usage or a tool or file is missing (nothing was done), 3 refused for safety (nothing was done).

set -Eeuo pipefail
umask 077

ME=${0##*/}
ME=${ME%.sh}
HERE=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

MUSTER_PROJECT=${MUSTER_PROJECT:-bt2c}
MUSTER_COMPOSE_FILE=${MUSTER_COMPOSE_FILE:-$HERE/../testnet/docker-compose.yml}
BT2C_CONFIG=${BT2C_CONFIG:-/app/config}
BT2C_BACKUPS=${BT2C_BACKUPS:-/var/backups/bt2c}
BT2C_LOGS=${BT2C_LOGS:-/var/log/bt2c}
MUSTER_COMPOSE_ENV_FILE=${MUSTER_COMPOSE_ENV_FILE:-$BT2C_CONFIG/testnet.env}
export MUSTER_PROJECT MUSTER_COMPOSE_FILE MUSTER_COMPOSE_ENV_FILE BT2C_CONFIG BT2C_BACKUPS BT2C_LOGS

# Compose prefers the shell's variables to its file. Only the file counts here: the shell may hold yesterday's password.
unset TESTNET_DB_PASSWORD VALIDATOR1_PORT VALIDATOR2_PORT TESTNET_NODE_IMAGE TESTNET_POSTGRES_IMAGE \
    TESTNET_CONFIG_DIR TESTNET_BACKUP_DIR TESTNET_MAX_REORG TESTNET_BACKUP_INTERVAL COMPOSE_FILE COMPOSE_PROJECT_NAME \
    COMPOSE_PROFILES COMPOSE_ENV_FILES
export COMPOSE_IGNORE_ORPHANS=true

NOW=$(date -u +%Y%m%dT%H%M%SZ)
DRY_RUN=no
FINISHED=no
FAILED_AT=
WORK=
CHANGED=no

# --- saying -----------------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
note() { printf '  %s\n' "$*"; }
good() { printf '  ok    %s\n' "$*"; }
bad() {
    printf '  FAIL  %s\n' "$*"
    log error "$*"
}
warn() { printf 'warning: %s\n' "$*" >&2; }
problem() {
    printf '%s\n' "$*" >&2
    log error "$*"
}

# One line in a log file. A recovery does not fail because a log cannot be written.
log() {
    local file=$BT2C_LOGS/$1.log
    shift
    if [[ -d $BT2C_LOGS && -w $BT2C_LOGS ]]; then
        printf '%s %s[%s] %s: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$MUSTER_PROJECT" "${MUSTER_RUN:-by hand}" "$ME" "$*" \
            2>/dev/null >>"$file" || true
    fi
}

# What was changed, and by whom.
audit() {
    CHANGED=yes
    log audit "$(id -un 2>/dev/null || id -u): $*"
}

# --- ending -----------------------------------------------------------------------------------------------------------

# The one last line that says what is true now.
finish() {
    local code=$1
    shift
    FINISHED=yes
    if ((code <= 1)); then
        printf '%s: %s\n' "$ME" "$*"
    else
        printf '%s: %s\n' "$ME" "$*" >&2
    fi
    ((code == 0)) || log error "exit $code: $*"
    log system "exit $code: $*"
    exit "$code"
}

misuse() { finish 2 "$* Nothing was done. --help says more."; }
missing() { finish 2 "$* Nothing was done."; }
refuse() { finish 3 "refused: $* Nothing was done."; }
dry_end() { finish 0 "dry run: nothing was changed. $*"; }

on_exit() {
    local code=$?
    trap - ERR
    release_scratch
    if [[ -n $WORK ]]; then
        rm -rf -- "$WORK"
    fi
    if [[ $FINISHED = no ]]; then
        ((code != 0)) || code=1
        local what="nothing was changed before"
        [[ $CHANGED = no ]] || what="what the lines above say was changed stays changed"
        printf '%s: stopped unexpectedly (code %s%s); %s. It may be run again.\n' \
            "$ME" "$code" "${FAILED_AT:+, near $FAILED_AT}" "$what" >&2
        log error "stopped unexpectedly, code $code"
        exit 1
    fi
}
trap on_exit EXIT
trap 'FAILED_AT="line $LINENO of ${BASH_SOURCE[0]##*/}"' ERR
trap 'FAILED_AT="a signal"; exit 1' INT TERM HUP

# --- settings and arguments -------------------------------------------------------------------------------------------

name_ok() { [[ $1 =~ ^[a-z0-9][a-z0-9_-]{0,62}$ ]]; }

# number VARIABLE OPTION VALUE
number() {
    [[ ${3-} =~ ^[0-9]{1,7}$ ]] || misuse "$2 needs a whole number, not '${3-}'."
    printf -v "$1" '%s' "$((10#$3))"
}

need_value() { (($# > 1)) || misuse "$1 needs a value."; }

help_if_asked() {
    local argument
    for argument in "$@"; do
        if [[ $argument = --help || $argument = -h ]]; then
            usage
            FINISHED=yes
            exit 0
        fi
    done
}

# options [dry-run] [check] [timeout=DEFAULT] -- ARGUMENTS: takes out the options that scripts share, as far as this one has
# them and wherever they stand. --dry-run sets DRY_RUN, --timeout `limit`, --check `found`: how it ends if it finds something.
# What remains is in REST.
REST=()
found=0
# shellcheck disable=SC2034  # used by the scripts
options() {
    local has=' '
    while [[ $1 != -- ]]; do
        has+="${1%%=*} "
        [[ $1 != timeout=* ]] || limit=${1#*=}
        shift
    done
    shift
    help_if_asked "$@"
    while (($#)); do
        case $1:$has in
            --dry-run:*' dry-run '*) DRY_RUN=yes ;;
            --check:*' check '*) found=1 ;;
            --timeout:*' timeout '*)
                need_value "$@"
                number limit "$@"
                shift
                ;;
            *) REST+=("$1") ;;
        esac
        shift
    done
}

need_tool() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 && continue
        case $tool in
            docker) missing "docker is not installed (package docker.io or docker-ce-cli)." ;;
            sha256sum | timeout | realpath) missing "$tool is not installed (package coreutils)." ;;
            *) missing "$tool is not installed (package $tool)." ;;
        esac
    done
}

# Everything that can be wrong before the first step is found here.
prepare() {
    name_ok "$MUSTER_PROJECT" || missing "MUSTER_PROJECT is '$MUSTER_PROJECT', which is no name of a Compose project."
    need_tool docker jq curl sha256sum timeout tar
    if docker compose version >/dev/null 2>&1; then
        COMPOSE=(docker compose)
    elif command -v docker-compose >/dev/null 2>&1; then
        COMPOSE=(docker-compose)
    else
        missing "neither 'docker compose' nor 'docker-compose' is installed (package docker-compose-plugin or docker-compose)."
    fi
    timeout --foreground -k 5 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1 ||
        missing "Docker does not answer (DOCKER_HOST is '${DOCKER_HOST:-not set}')."
    [[ -r $MUSTER_COMPOSE_FILE ]] || missing "the Compose file $MUSTER_COMPOSE_FILE cannot be read; MUSTER_COMPOSE_FILE says where it is."
    [[ -r $MUSTER_COMPOSE_ENV_FILE ]] ||
        missing "$MUSTER_COMPOSE_ENV_FILE cannot be read; if the configuration is lost, unpack $BT2C_BACKUPS/config_backup.tar.gz into $BT2C_CONFIG first."
    MUSTER_COMPOSE_FILE=$(realpath -- "$MUSTER_COMPOSE_FILE")
    MUSTER_COMPOSE_ENV_FILE=$(realpath -- "$MUSTER_COMPOSE_ENV_FILE")
    NODE_IMAGE=$(env_value TESTNET_NODE_IMAGE muster-testnet-node:local)
    POSTGRES_IMAGE=$(env_value TESTNET_POSTGRES_IMAGE postgres:16)
    BACKUP_IMAGE=$(env_value TESTNET_BACKUP_IMAGE muster-testnet-backup:local)
    CONFIG_ON_HOST=$(env_value TESTNET_CONFIG_DIR "$BT2C_CONFIG")
    [[ $CONFIG_ON_HOST = /* ]] || CONFIG_ON_HOST=$BT2C_CONFIG
    WORK=$(mktemp -d)
    mkdir -p -- "$BT2C_LOGS" 2>/dev/null || true
    if [[ ! -w $BT2C_LOGS ]]; then
        warn "the log directory $BT2C_LOGS cannot be written; this run leaves no log."
    fi
    find_validators
    log system "begins${*:+ with: $*}"
}

# One value of testnet.env. Read, never sourced: it is data.
env_value() {
    local line value=
    while IFS= read -r line || [[ -n $line ]]; do
        [[ $line == "$1="* ]] && value=${line#*=}
    done <"$MUSTER_COMPOSE_ENV_FILE"
    value=${value%$'\r'}
    if [[ $value =~ ^\"(.*)\"$ || $value =~ ^\'(.*)\'$ ]]; then
        value=${BASH_REMATCH[1]}
    fi
    printf '%s' "${value:-${2-}}"
}

# Two recoveries at once would undo each other. Freed by the kernel however the script ends.
take_lock() {
    [[ $DRY_RUN = no && -z ${MUSTER_SCRIPTS_LOCK_HELD:-} ]] || return 0
    command -v flock >/dev/null 2>&1 || return 0
    { exec {LOCK_FD}<"$BT2C_CONFIG"; } 2>/dev/null || missing "$BT2C_CONFIG cannot be opened."
    flock -n "$LOCK_FD" || refuse "another recovery script is at work on this configuration; wait for it or end it."
    export MUSTER_SCRIPTS_LOCK_HELD=$ME
}

dry() { [[ $DRY_RUN = yes ]]; }

# --- waiting ----------------------------------------------------------------------------------------------------------

# wait_until SECONDS "what for" COMMAND...: asks once a second, says every ten seconds that it still waits.
wait_until() {
    local limit=$1 what=$2 begun=$SECONDS next=10
    shift 2
    until "$@"; do
        if ((SECONDS - begun >= limit)); then
            return 1
        fi
        if ((SECONDS - begun >= next)); then
            note "...   waiting for $what: $((SECONDS - begun)) of at most $limit seconds"
            next=$((next + 10))
        fi
        sleep 1
    done
}

# --- files ------------------------------------------------------------------------------------------------------------

# Writes stdin to FILE: aside first, then renamed, so that nobody ever reads half of it.
write_file() {
    local file=$1 mode=${2:-600} aside
    aside=$(mktemp -- "$file.XXXXXX")
    if ! cat >"$aside" || ! chmod "$mode" -- "$aside" || ! mv -f -- "$aside" "$file"; then
        rm -f -- "$aside"
        return 1
    fi
}

digest_of() {
    local line
    line=$(sha256sum <"$1") || return 1
    printf '%s' "${line%% *}"
}

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

aside_dir() {
    local directory=$BT2C_BACKUPS/aside
    mkdir -p -- "$directory"
    printf '%s' "$directory"
}

# shellcheck source=docker.sh
. "$HERE/lib/docker.sh"
# shellcheck source=nodes.sh
. "$HERE/lib/nodes.sh"
# shellcheck source=chain.sh
. "$HERE/lib/chain.sh"
# shellcheck source=forks.sh
. "$HERE/lib/forks.sh"
# shellcheck source=database.sh
. "$HERE/lib/database.sh"
# shellcheck source=backups.sh
. "$HERE/lib/backups.sh"
# shellcheck source=integrity.sh
. "$HERE/lib/integrity.sh"
