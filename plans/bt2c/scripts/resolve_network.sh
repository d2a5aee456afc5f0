#!/usr/bin/env bash
# Puts every container of the project back on its networks, under its service's name. Starts and stops nothing.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: resolve_network.sh [--timeout SECONDS] [--dry-run]

Connects what the Compose file says belongs together. Where all is well nothing is done.
Then waits up to SECONDS (default 30) until the running validators are connected to each other.

Exit: 0 all connected, 1 something still is not, 2 wrong usage, or something needed is missing, 3 refused (another script is at
work). With 2 and 3 nothing was done.
END
}

options dry-run timeout=30 -- "$@"
set -- "${REST[@]}"
(($# == 0)) || misuse "unknown argument $1."
prepare
take_lock
say "I will put every service of project $MUSTER_PROJECT back on its networks. Nothing is started or stopped."

done_n=0 failed=()
while IFS= read -r service; do
    id=$(container_of "$service")
    if [[ -z $id ]]; then
        note "$service has no container; compose up makes one that is connected"
        continue
    fi
    on=$(networks_of_container "$id")
    while IFS= read -r key; do
        network=$(network_of "$key")
        if [[ -z $network ]]; then
            if dry; then
                note "the network $key is gone; it is made again"
                done_n=$((done_n + 1))
                continue
            fi
            note "the network $key is gone; Compose makes it again"
            create_services "$service" || true
            id=$(container_of "$service")
            network=$(network_of "$key")
            audit "network $key made again"
            [[ -n $network ]] || {
                failed+=("$service: the network $key could not be made")
                continue
            }
            on=$(networks_of_container "$id")
        fi
        action=
        if [[ $(dk inspect -f '{{.State.Status}}' "$id") != running && $(dk inspect -f '{{.HostConfig.NetworkMode}}' "$id") = "$(dk network inspect -f '{{.Name}}' "$network")" ]] &&
            jq -e --arg name "$(dk network inspect -f '{{.Name}}' "$network")" '.[0].NetworkSettings.Networks | has($name)' >/dev/null < <(dk inspect "$id"); then
            continue # not running, and will be on it when it starts
        elif ! grep -qx -- "$network" <<<"$on"; then
            action=connect
        elif ! has_alias "$id" "$network" "$service"; then
            action=reconnect
        fi
        [[ -n $action ]] || continue
        done_n=$((done_n + 1))
        if dry; then
            note "$service: $action to $key as '$service'"
            continue
        fi
        if [[ $action = reconnect ]]; then dk network disconnect "$network" "$id"; fi
        if dk network connect --alias "$service" --alias "${id:0:12}" "$network" "$id"; then
            good "$service is on $key again, as '$service'"
            audit "$service connected to network $key"
        else
            failed+=("$service could not be connected to $key")
        fi
    done < <(networks_of_service "$service")
done < <(services)

! dry || dry_end "$done_n connection(s) would be made."
for line in "${failed[@]}"; do bad "$line"; done
((${#failed[@]} == 0)) || finish 1 "${failed[0]}; the network is not whole."

mapfile -t running < <(running_validators)
all_connected() {
    local node status
    for node in "${running[@]}"; do
        status=$(status_of "$node") && (($(n_peers_in "$status") >= ${#running[@]} - 1)) || return 1
    done
}
if ((${#running[@]} > 1)); then
    wait_until "$limit" "the validators to connect" all_connected ||
        finish 1 "all are on their networks, but not all validators are connected after $limit s. network_diagnosis.sh says who."
fi
if ((done_n == 0)); then
    finish 0 "all were on their networks already; nothing was changed. ${#running[@]} validator(s) run and are connected."
fi
finish 0 "$done_n connection(s) made; ${#running[@]} validator(s) run and are connected."
