#!/usr/bin/env bash
# Names the first bad block of every damaged chain: node, height, line, byte, reason. Changes nothing.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: find_corruption.sh [--check] [NODE…]

Damage that is found is the result: exit 0. With --check it is a failure.

Exit: 0 all was looked at, whatever was found: the last line says it; 1 with --check: at least one chain is damaged; 2 wrong
usage, or something needed is missing.
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

say "I will look for the first bad block in the chain of ${nodes[*]}. Nothing is changed."
damaged=()
for node in "${nodes[@]}"; do
    verdict=$(verdict_of "$node")
    if sound "$verdict"; then
        good "$node: no bad block; $(verdict_text "$verdict")"
        continue
    fi
    bad "$node: $(verdict_text "$verdict")"
    blocks=$(blocks_in "$verdict")
    if ((blocks > 0)); then
        note "      $blocks blocks before it are sound"
    fi
    damaged+=("$node")
done

((${#damaged[@]} == 0)) || finish "$found" "damaged: ${damaged[*]}. Stop it, then restore_node.sh ${damaged[0]} gives it good data."
finish 0 "no bad block in the chain of ${nodes[*]}."
