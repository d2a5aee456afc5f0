#!/usr/bin/env bash
# Are the defences up? Permissions, passwords, keys, containers, ports. Changes nothing.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=lib/revoked.sh
. "$HERE/lib/revoked.sh"

usage() {
    cat <<'END'
usage: security_audit.sh [--leaked-password FILE] [--leaked-key NODE=FILE]…

Checks that configuration and backups are closed to others; that the database password is neither weak nor revoked, is
the only one accepted over the network, and is what the containers use; that no revoked key signs, running nodes take
their validators' keys and refuse others; that containers have no more rights than they need and ports are on loopback.
Nothing is changed; refused logins leave lines in Postgres' log.

  --leaked-password FILE   this password must be refused as well
  --leaked-key NODE=FILE   signatures of NODE with this secret key must be refused as well

Exit: 0 all defences are up, 1 at least one is not, 2 wrong usage, or something needed is missing.
END
}

help_if_asked "$@"
leaked_password="" leaked_keys=()
while (($#)); do
    case $1 in
        --leaked-password) need_value "$@"; leaked_password=$2; shift ;;
        --leaked-key) need_value "$@"; [[ $2 = *=* ]] || misuse "--leaked-key wants NODE=FILE."; leaked_keys+=("$2"); shift ;;
        *) misuse "unknown argument $1." ;;
    esac
    shift
done
prepare
need_validators_json
for leaked in "${leaked_keys[@]}"; do
    validator_named "${leaked%%=*}"
    [[ -r ${leaked#*=} ]] || missing "${leaked#*=} cannot be read."
done
[[ -z $leaked_password || -r $leaked_password ]] || missing "$leaked_password cannot be read."
say "I will check the defences of project $MUSTER_PROJECT. Nothing is changed."

problems=()
wrong() {
    bad "$1"
    problems+=("$1")
}
skipped() { note "--    $1"; }

say "Configuration:"
mode_of() { stat -c %a -- "$1"; }
if [[ $(mode_of "$BT2C_CONFIG") = 700 ]]; then good "$BT2C_CONFIG is closed to others"; else wrong "$BT2C_CONFIG has mode $(mode_of "$BT2C_CONFIG"), not 700"; fi
if [[ $(mode_of "$MUSTER_COMPOSE_ENV_FILE") = 600 ]]; then good "testnet.env is closed to others"; else wrong "testnet.env has mode $(mode_of "$MUSTER_COMPOSE_ENV_FILE"), not 600"; fi
loose=$(find "$BT2C_CONFIG" ! -type l -perm /022 -print)
if [[ -z $loose ]]; then good "nobody else may write anything in it"; else wrong "others may write ${loose%%$'\n'*}"; fi
links=$(find "$BT2C_CONFIG" -type l -print)
if [[ -z $links ]]; then good "it holds no symbolic link"; else wrong "${links%%$'\n'*} is a symbolic link"; fi
if [[ -d $BT2C_BACKUPS/config ]]; then
    loose=$(find "$BT2C_BACKUPS/config" -name '*.tar.gz' -type f -perm /077 -print)
    if [[ -z $loose ]]; then good "backups of the configuration are closed to others"; else wrong "others may read ${loose%%$'\n'*}"; fi
fi

say "Database password:"
current=$(password)
case ${current,,} in
    '' | bt2c | postgres | password | passwort | changeme | change-me | secret | admin | test | example | muster)
        wrong "the password in testnet.env is empty or a well-known one"
        ;;
    *) if ((${#current} >= 16)); then good "it is not a default one, and long enough"; else wrong "the password in testnet.env has only ${#current} characters"; fi ;;
esac
if password_revoked "$current"; then wrong "the password in testnet.env was revoked"; else good "it was not revoked"; fi

# Logs in over the project's network from a container of its own, with PGPASSWORD if it is set.
login_from_outside() {
    local give=()
    [[ -z ${PGPASSWORD+set} ]] || give=(-e PGPASSWORD)
    helper psql --network "$network" -e PGCONNECT_TIMEOUT=5 "${give[@]}" "$POSTGRES_IMAGE" -X -w -q -A -t -h postgres -U "$DB_USER" -d "$DB_NAME" -c 'SELECT 1' \
        </dev/null >"$WORK/login" 2>&1
}
refuses() { # what
    if login_from_outside; then wrong "Postgres accepts $1"; elif grep -qE 'no password supplied|password authentication failed|no pg_hba.conf entry' "$WORK/login"; then
        good "Postgres refuses $1"
    else
        wrong "Postgres could not be asked about $1: $(tail -n 1 "$WORK/login")"
    fi
}
network=""
if postgres_answers; then
    network=$(networks_of_container "$(postgres_id)")
    network=${network%%$'\n'*}
fi
if [[ -n $network ]]; then
    unset PGPASSWORD
    refuses "a login without password"
    export PGPASSWORD
    PGPASSWORD=not-$(random_hex 12)
    refuses "a wrong password"
    if [[ -n $leaked_password ]]; then
        PGPASSWORD=$(<"$leaked_password")
        refuses "the leaked password"
    fi
    PGPASSWORD=$current
    # A role has one password, so whoever takes this one takes none of the revoked.
    if login_from_outside; then good "Postgres accepts the one of testnet.env, and therefore no other"; else wrong "Postgres does not accept the password of testnet.env"; fi
    unset PGPASSWORD
    strangers=$(query "SELECT string_agg(rolname, ', ') FROM pg_roles WHERE rolcanlogin AND rolname <> '$DB_USER' AND oid >= 16384")
    if [[ -z $strangers ]]; then good "nobody but $DB_USER may log in"; else wrong "other roles may log in: $strangers"; fi
    weak=$(query "SELECT count(*) FROM pg_authid WHERE rolcanlogin AND rolpassword IS NOT NULL AND rolpassword NOT LIKE 'SCRAM-SHA-256%'")
    if [[ $weak = 0 ]]; then good "passwords are stored as SCRAM"; else wrong "$weak role(s) have a password that is not stored as SCRAM"; fi
else
    wrong "Postgres does not answer, so nobody knows whom it lets in"
fi

say "Keys:"
declare -A owner=()
for node in "${VALIDATORS[@]}"; do
    key=$(active_key "$node")
    if key_revoked "$key"; then wrong "the key that $node signs with was revoked"; else good "the key that $node signs with was not revoked"; fi
    if [[ -n ${owner[$key]:-} ]]; then wrong "$node and ${owner[$key]} have the same key"; fi
    owner[$key]=$node
done

# 0 accepted, 1 refused, 2 could not be asked. The secret comes over stdin.
takes_key() { # peer validator file
    local stakes id net code=0
    id=$(container_of "$1")
    stakes=$(dk inspect "$id" | jq -r '.[0].Config.Env[] | select(startswith("STAKES=")) | ltrimstr("STAKES=")')
    net=$(networks_of_container "$id")
    [[ -n $stakes && -n $net ]] || return 2
    dk run --rm -i --pull=never --network "${net%%$'\n'*}" --label muster.helper=1 --label "muster.project=$MUSTER_PROJECT" "$NODE_IMAGE" \
        key check --peer "$1:7000" --key /dev/stdin --validator "$2" --stakes "$stakes" <"$3" >"$WORK/key.log" 2>&1 || code=$?
    return "$code"
}
mapfile -t running < <(running_validators)
((${#running[@]})) || skipped "no validator runs, so none can be asked which keys it takes"
random_hex 32 >"$WORK/stranger"
for peer in "${running[@]}"; do
    for node in "${VALIDATORS[@]}"; do
        code=0
        takes_key "$peer" "$node" "$BT2C_CONFIG/$node/key" || code=$?
        case $code in
            0) good "$peer takes the key of $node" ;;
            1) wrong "$peer refuses the key of $node; was it started before the rotation?" ;;
            *) wrong "$peer could not be asked: $(tail -n 1 "$WORK/key.log")" ;;
        esac
    done
    code=0
    takes_key "$peer" "${VALIDATORS[0]}" "$WORK/stranger" || code=$?
    if ((code == 1)); then good "$peer refuses a stranger's key"; else wrong "$peer does not refuse a stranger's key"; fi
    for leaked in "${leaked_keys[@]}"; do
        code=0
        takes_key "$peer" "${leaked%%=*}" "${leaked#*=}" || code=$?
        case $code in
            0) wrong "$peer takes the leaked key of ${leaked%%=*}" ;;
            1) good "$peer refuses the leaked key of ${leaked%%=*}" ;;
            *) wrong "$peer could not be asked: $(tail -n 1 "$WORK/key.log")" ;;
        esac
    done
done

say "Containers:"
while IFS= read -r service; do
    id=$(container_of "$service")
    if [[ -z $id ]]; then
        skipped "$service has no container"
        continue
    fi
    strict=no
    [[ $service != validator* ]] || strict=yes
    loose=$(dk inspect "$id" | jq -r --arg strict "$strict" '.[0] | [
        (if .HostConfig.Privileged then "it is privileged" else empty end),
        (if (.HostConfig.PidMode // "") == "host" or (.HostConfig.NetworkMode // "") == "host" then "it shares a namespace of the host" else empty end),
        (if any(.Mounts[]; .Source | test("docker\\.sock$")) then "it holds the socket of Docker" else empty end),
        ((.HostConfig.CapAdd // [])[] | select($strict == "yes") | "it has the capability \(.)"),
        (if $strict == "yes" and (.HostConfig.ReadonlyRootfs | not) then "its file system can be written" else empty end),
        (if $strict == "yes" and ((.HostConfig.CapDrop // []) | index("ALL") | not) then "it keeps capabilities" else empty end),
        (if $strict == "yes" and ((.HostConfig.SecurityOpt // []) | any(test("no-new-privileges")) | not) then "it may gain privileges" else empty end),
        (if $strict == "yes" and any(.Mounts[]; .Type == "bind" and .RW) then "it may write to the host" else empty end),
        ((.HostConfig.PortBindings // {}) | to_entries[] | .key as $port | (.value // [])[] | select(.HostIp as $ip | ["127.0.0.1", "::1"] | index($ip) | not) | "port \($port) is open to everybody")
        ] | join("; ")')
    if [[ -z $loose ]]; then good "$service has no more rights than it needs"; else wrong "$service: $loose"; fi
    used=$(dk inspect "$id" | jq -r '[.[0].Config.Env[] | select(test("^(DATABASE_PASSWORD|PGPASSWORD)=")) | sub("^[^=]*="; "")][0] // empty')
    if [[ -n $used && $used != "$current" ]]; then
        wrong "$service has another password than testnet.env; compose up -d makes it anew"
    fi
done < <(services)

((${#problems[@]} == 0)) || finish 1 "not all defences are up: ${#problems[@]} finding(s), first: ${problems[0]}."
finish 0 "the defences are up: every check passed."
