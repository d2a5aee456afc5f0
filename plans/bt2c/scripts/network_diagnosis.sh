#!/usr/bin/env bash
# Says who is on which network and who reaches whom, and names the cut. Changes nothing.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: network_diagnosis.sh [--check]

For every service of the project: its state, the networks that the Compose file gives it and those it is really on, the
name under which others find it there. From inside every running validator: whether it reaches the others and the
database, and which peers it says it is connected to.

A cut that is found is the result: exit 0. With --check it is a failure.

Exit: 0 all was looked at, whatever was found: the last line says it; 1 with --check: partitioned, or a validator is down; 2 wrong
usage, or something needed is missing.
END
}

options check -- "$@"
set -- "${REST[@]}"
(($# == 0)) || misuse "no argument is expected, not '$1'."
prepare
say "I will look who is on which network of project $MUSTER_PROJECT and who reaches whom. Nothing is changed."

cuts=() down=()
say ""
printf '  %-12s %-10s %s\n' SERVICE STATE NETWORKS
while IFS= read -r service; do
    id=$(container_of "$service")
    state=$(state_of "$service")
    seen=
    if [[ -n $id ]]; then
        on=$(networks_of_container "$id")
        while IFS= read -r key; do
            network=$(network_of "$key")
            if [[ -z $network ]]; then
                seen+=" $key (there is no such network)"
                cuts+=("the network $key is gone")
            elif [[ $state != running && $state != paused ]]; then
                seen+=" $key (when it runs)"
            elif ! grep -qx -- "$network" <<<"$on"; then
                seen+=" NOT ON $key"
                cuts+=("$service is not on the network $key")
            elif ! has_alias "$id" "$network" "$service"; then
                seen+=" $key, BUT NOT BY ITS NAME"
                cuts+=("$service is on the network $key, but not under its name")
            else
                seen+=" $key"
            fi
        done < <(networks_of_service "$service")
    fi
    case $service in validator*) [[ $state = running ]] || down+=("$service is $state") ;; esac
    printf '  %-12s %-10s%s\n' "$service" "$state" "${seen:- -}"
done < <(services)

say ""
printf '  %-12s %-10s %-24s %-24s %s\n' NODE HEIGHT REACHES "DOES NOT REACH" "CONNECTED TO"
declare -A group=()
for node in "${VALIDATORS[@]}"; do
    is_running "$node" || continue
    id=$(container_of "$node")
    targets=()
    for other in "${VALIDATORS[@]}"; do [[ $other = "$node" ]] || ! is_running "$other" || targets+=("$other:7000"); done
    ! is_running postgres || targets+=(postgres:5432)
    reached=
    if ((${#targets[@]})); then
        # shellcheck disable=SC2016  # expanded in the helper, from its arguments
        reached=$(helper bash --network "container:$id" "$POSTGRES_IMAGE" -c '
            for target; do
                if timeout 3 bash -c "exec 3<>/dev/tcp/\$1/\$2" bash "${target%:*}" "${target#*:}" 2>/dev/null; then
                    echo "${target%:*}"
                fi
            done' bash "${targets[@]}") || true
    fi
    not=
    for target in "${targets[@]}"; do
        grep -qx -- "${target%:*}" <<<"$reached" || not+="${not:+ }${target%:*}"
    done
    [[ -z $not ]] || cuts+=("$node does not reach ${not// / and }")
    height='no answer' peers=-
    if status=$(status_of "$node"); then
        height=$(jq -r '.height' <<<"$status") peers=$(peers_in "$status")
    else
        cuts+=("$node runs but does not answer")
    fi
    for other in "${VALIDATORS[@]}"; do
        if [[ $other != "$node" ]] && is_running "$other" && [[ $status = *'"peers":['* && " $peers " != *" $other "* && " $not " != *" $other "* ]]; then
            cuts+=("$node reaches $other but is not connected to it")
        fi
    done
    group[$node]=$(printf '%s\n%s\n' "$node" "$reached" | grep '^validator' | sort -u | paste -sd ' ')
    printf '  %-12s %-10s %-24s %-24s %s\n' "$node" "$height" "$(paste -sd ' ' <<<"${reached:--}")" "${not:--}" "${peers:-nobody}"
done
say ""

parts=$( ((${#group[@]} == 0)) || printf '{%s}\n' "${group[@]}" | sort -u | paste -sd ' ')
for line in "${cuts[@]}" "${down[@]}"; do bad "$line"; done
if ((${#cuts[@]})); then
    finish "$found" "the network is cut: ${cuts[0]}. Parts: ${parts:-none runs}. resolve_network.sh joins them."
fi
if ((${#down[@]})); then
    finish "$found" "no cut, but ${down[0]}; a node that does not run reaches nobody."
fi
finish 0 "no cut: everybody is on its networks and reaches everybody: $parts."
