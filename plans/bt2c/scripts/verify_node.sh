#!/usr/bin/env bash
# Checks one validator: chain sound, answers, follows its peers. Changes nothing.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: verify_node.sh NODE [--timeout SECONDS]

Checks that the node runs, answers, has a sound chain, sees its peers, follows them to the same head and grows.
Waits up to SECONDS (default 60) for each of these, as a node that has just started needs a moment.

Exit: 0 all of it is so, 1 something is not, 2 wrong usage, or something needed is missing.
END
}

options timeout=60 -- "$@"
set -- "${REST[@]}"
node=
while (($#)); do
    case $1 in
        -*) misuse "unknown option $1." ;;
        *) [[ -z $node ]] || misuse "only one node at a time."; node=$1 ;;
    esac
    shift
done
[[ -n $node ]] || misuse "which node?"
prepare "$node"
need_validators_json
validator_named "$node"

say "I will check $node of project $MUSTER_PROJECT; each check waits up to $limit seconds. Nothing is changed."
failures=0
check() { # "what" command…
    local what=$1
    shift
    if wait_until "$limit" "$what" "$@"; then good "$what"; else
        bad "not so within $limit s: $what"
        failures=$((failures + 1))
    fi
}

answers() { status_of "$node" >/dev/null; }
sees_peers() {
    local status
    status=$(status_of "$node") && (($(n_peers_in "$status") >= 1))
}
no_deep_fork() { status_of "$node" | jq -e '.fork == null' >/dev/null; }

verdict=$(verdict_of "$node")
if sound "$verdict"; then good "$node: chain $(verdict_text "$verdict")"; else
    bad "$node: chain $(verdict_text "$verdict")"
    failures=1
fi
if is_running "$node"; then
    check "$node answers" answers
    mapfile -t peers < <(running_validators | grep -vx -- "$node" || true)
    if ((${#peers[@]})); then
        check "$node sees a peer" sees_peers
        check "$node has no fork that it cannot resolve itself" no_deep_fork
        for peer in "${peers[@]}"; do check "$node and $peer have the same head" agree "$node" "$peer"; done
    else
        note "no other validator runs, so there is nobody to follow"
    fi
    before=$(height_of "$node" || printf 999999999)
    check "$node's chain grows" grows "$node" "$before"
else
    bad "$node is $(state_of "$node")"
    failures=$((failures + 1))
fi

((failures == 0)) || finish 1 "$node is not well: $failures of the checks failed."
finish 0 "$node is well: sound, at height $(height_of "$node"), in step with ${peers[*]:-nobody else running}."
