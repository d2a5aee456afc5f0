#!/usr/bin/env bash
# Replaces the database password and every validator's key. The old ones are remembered as revoked, never kept.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=lib/revoked.sh
. "$HERE/lib/revoked.sh"

usage() {
    cat <<'END'
usage: rotate_credentials.sh [--timeout SECONDS] [--dry-run]

Gives the database role a new random password (testnet.env is replaced in one go), and every validator a new key that
counts from above the highest block known (chains, rows and backups) on; blocks from there on signed with an old key are
refused. Other database roles lose the right to log in. Of the old ones a salted hash and the public keys are kept in $BT2C_CONFIG/revoked, so that security_audit.sh can
tell if they are ever used again. Then the configuration is backed up.
Works while all is stopped: Postgres is started for it and stopped again. Validators that run are stopped first and
started again, as they read their keys only when they start. --timeout: for Postgres to answer (default 120).

Exit: 0 rotated, 1 not (or only partly: it says what), 2 wrong usage, or something needed is missing, 3 refused (another script
is at work). With 2 and 3 nothing was done.
END
}

options dry-run timeout=120 -- "$@"
set -- "${REST[@]}"
(($# == 0)) || misuse "unknown argument $1."
prepare
need_validators_json
old=$(password)
[[ -n $old ]] || missing "TESTNET_DB_PASSWORD is not in $MUSTER_COMPOSE_ENV_FILE."
[[ -w $BT2C_CONFIG && -w $MUSTER_COMPOSE_ENV_FILE ]] || missing "$BT2C_CONFIG or its testnet.env cannot be written by $(id -un)."
for node in "${VALIDATORS[@]}"; do
    jq -e --arg node "$node" 'has($node)' "$VALIDATORS_JSON" >/dev/null || missing "$VALIDATORS_JSON does not name $node."
done
take_lock
say "I will replace the database password and the keys of ${VALIDATORS[*]} in project $MUSTER_PROJECT."

# What runs now runs again afterwards; what is stopped stays so.
mapfile -t ran < <(active_validators)
others=()
while IFS= read -r service; do
    case $service in postgres | validator*) ;; *) ! is_up "$service" || others+=("$service") ;; esac
done < <(services)
postgres_ran=no
! is_up postgres || postgres_ran=yes
note "running now: ${ran[*]:-no validator}${others[*]:+, ${others[*]}}; postgres is $(state_of postgres)"

highest=0
higher() { if [[ $1 =~ ^[0-9]+$ ]] && (($1 > highest)); then highest=$1; fi; }
find_highest() {
    local node newest
    chain_top=0
    for node in "${VALIDATORS[@]}"; do higher "$(height_in "$(verdict_of "$node")")"; done
    chain_top=$highest
    for newest in "$(newest_backup chain)" "$(newest_backup db)"; do
        [[ -z $newest ]] || higher "$(side "$newest" max_height)"
    done
}
if dry; then
    find_highest
    dry_end "New keys would count from above height $highest or what is reached until then."
fi

if ((${#ran[@]})); then
    stop_services "${ran[@]}" || finish 1 "${ran[*]} could not be stopped; nothing was rotated."
    audit "${ran[*]} stopped"
    good "${ran[*]} stopped for the rotation"
fi
code=0
start_postgres "$limit" || code=$?
((code == 0)) || finish 1 "Postgres does not answer, so nothing was rotated. restore_db.sh heals it.${ran[*]:+ ${ran[*]} are stopped.}"

# The password. First the file: if all stops in between, restore_db.sh or this script set the role's to the file's.
revoke_password "$old"
new=$(random_hex 24)
while IFS= read -r line || [[ -n $line ]]; do
    case $line in TESTNET_DB_PASSWORD=*) printf 'TESTNET_DB_PASSWORD=%s\n' "$new" ;; *) printf '%s\n' "$line" ;; esac
done <"$MUSTER_COMPOSE_ENV_FILE" >"$WORK/testnet.env"
write_file "$MUSTER_COMPOSE_ENV_FILE" 600 <"$WORK/testnet.env"
audit "testnet.env has a new database password"
export PGPASSWORD=$new
set_role_password || finish 1 "testnet.env has a new password, but the database did not take it. Run this again."
audit "the database role has a new password"
login_over_network || finish 1 "the database does not accept its new password: $(tail -n 1 "$WORK/login.out"). Run this again."
PGPASSWORD=$old
if login_over_network; then finish 1 "the database still accepts the old password. Run this again."; fi
unset PGPASSWORD
good "the database takes the new password and refuses the old one"

# Whoever was let in with the old password may have made himself another way in.
while IFS= read -r role; do
    [[ -n $role ]] || continue
    sql -v role="$role" <<<'ALTER ROLE :"role" NOLOGIN;'
    audit "database role $role may not log in any more"
    good "the database role '$role' is none of ours and may not log in any more"
done < <(query "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname <> '$DB_USER' AND oid >= 16384")

# The keys.
higher "$(query "SELECT CASE WHEN to_regclass('public.blocks') IS NULL THEN 0 ELSE 1 END" | grep -qx 1 && query 'SELECT coalesce(max(height), 0) FROM public.blocks')"
find_highest
from=$((highest + 1))
remember_config_change network/validators.json
for node in "${VALIDATORS[@]}"; do
    remember_config_change "$node/key"
    revoke_keys_of "$node" "$from"
done
# A key listed from a height that was never reached would outlast the new one; it gives way.
jq --argjson from "$from" 'map_values(map(if .from_height > $from then .from_height = $from else . end))' "$VALIDATORS_JSON" >"$WORK/validators.json"
write_file "$VALIDATORS_JSON" 644 <"$WORK/validators.json"
for node in "${VALIDATORS[@]}"; do
    before=$(active_key "$node")
    dk run --rm --pull=never --network none --label muster.helper=1 --label "muster.project=$MUSTER_PROJECT" --user "$(id -u):$(id -g)" \
        -v "$CONFIG_ON_HOST:/rotate" "$NODE_IMAGE" key new --dir /rotate --validator "$node" --from-height "$from" >"$WORK/key.log" 2>&1 ||
        finish 1 "the password is new, but $node got no new key: $(tail -n 1 "$WORK/key.log"). Run this again."
    [[ $(active_key "$node") != "$before" ]] || finish 1 "$node got no new key in $VALIDATORS_JSON; does TESTNET_CONFIG_DIR name the directory $BT2C_CONFIG?"
    audit "$node has a new key from height $from on"
    config_was_changed_by_us "$node/key"
    good "$node signs with a new key from height $from on"
done
config_was_changed_by_us network/validators.json
chmod 700 -- "$BT2C_CONFIG"
backup_config || warn "the configuration could not be backed up."

again=("${ran[@]}" "${others[@]}")
if ((${#again[@]})); then
    start_services "${again[@]}" || finish 1 "password and keys are new, but ${again[*]} could not be started."
    audit "${again[*]} started with the new credentials"
fi
if [[ $postgres_ran = no ]] && ((${#again[@]} == 0)); then
    stop_services postgres || true
    note "postgres is stopped again, as it was"
fi
if ((highest > chain_top)); then
    warn "the chains reach height $chain_top only, backups or rows height $highest. Restore the chain before the validators are started: between these heights nobody can sign."
fi
finish 0 "rotated: a new database password, and new keys for ${VALIDATORS[*]} from height $from on. Running: ${again[*]:-what ran before, no validator}."
