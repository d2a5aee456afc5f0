#!/usr/bin/env bash
# Verifies every validator's chain file, block by block, and compares the heads. Changes nothing.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: verify_chain.sh [--check] [NODE…]

Reads the chain file of each node (all of them without NODE): every hash, link and signature.
Then compares the heads: chains that share their past and differ only in how far they reach are fine.
Nodes may run meanwhile. Nothing is changed.

Damage or a fork that is found is the result: exit 0. With --check it is a failure.

Exit: 0 all was looked at, whatever was found: the last line says it; 1 with --check: damaged or forked; also 1 if the chains could
not be compared; 2 wrong usage, or something needed is missing.
END
}

options check -- "$@"
set -- "${REST[@]}"
case ${1-} in -*) misuse "unknown option $1." ;; esac
prepare "$@"
need_validators_json
nodes=("$@")
((${#nodes[@]})) || nodes=("${VALIDATORS[@]}")
for node in "${nodes[@]}"; do validator_named "$node"; done

say "I will verify the chain of ${nodes[*]} in project $MUSTER_PROJECT, block by block. Nothing is changed."
damaged=() heads=() sound_nodes=()
for node in "${nodes[@]}"; do
    verdict=$(verdict_of "$node")
    if sound "$verdict"; then
        good "$node: $(verdict_text "$verdict")"
        sound_nodes+=("$node")
        heads+=("$node at $(height_in "$verdict")")
    else
        bad "$node: $(verdict_text "$verdict")"
        damaged+=("$node")
    fi
done

forked=()
for node in "${sound_nodes[@]:1}"; do
    between=$(fork_between "${sound_nodes[0]}" "$node") || finish 1 "the chains could not be compared."
    if fork_is_real "$between"; then
        bad "${sound_nodes[0]} and $node differ above block $(fork_height "$between")"
        forked+=("$node")
    else
        good "${sound_nodes[0]} and $node hold the same chain up to block $(fork_height "$between")"
    fi
done

((${#damaged[@]} == 0)) || finish "$found" "damaged: ${damaged[*]}. find_corruption.sh names the block, restore_node.sh heals."
((${#forked[@]} == 0)) || finish "$found" "all chains are sound, but they fork. find_fork.sh says where."
joined=$(printf ', %s' "${heads[@]}")
finish 0 "all chains are sound and one chain: ${joined#, }."
