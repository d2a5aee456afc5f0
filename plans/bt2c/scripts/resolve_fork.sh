#!/usr/bin/env bash
# Decides which of two chains counts, and writes the decision down. Changes no chain: resync_nodes.sh does.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: resolve_fork.sh [--winner NODE] [--dry-run]

Chooses the chain with more blocks, of equally long ones the one whose head has the smaller hash (the nodes' own rule),
or the chain of NODE. The decision goes to fork-decision.json in the configuration directory.
No chain is changed; resync_nodes.sh carries the decision out.

Exit: 0 decided, or there is no fork; 1 a chain cannot be read; 2 wrong usage, or something needed is missing; 3 refused (another
script is at work). With 2 and 3 nothing was done.
END
}

options dry-run -- "$@"
set -- "${REST[@]}"
named=
while (($#)); do
    case $1 in
        --winner) need_value "$@"; named=$2; shift ;;
        *) misuse "unknown argument $1." ;;
    esac
    shift
done
prepare "${named:+--winner $named}"
need_validators_json
[[ -z $named ]] || validator_named "$named"
take_lock

say "I will choose one chain where ${VALIDATORS[*]} differ, and write the decision to $DECISION. No chain is changed."
read_forks || finish 1 "not every chain can be compared; repair that first (restore_node.sh)."
show_forks
if [[ -z $FORK_NODES ]]; then
    if [[ -e $DECISION ]] && ! dry; then
        mv -f -- "$DECISION" "$DECISION.old-$NOW"
        note "an older decision is kept in $DECISION.old-$NOW"
    fi
    finish 0 "there is no fork, so there is nothing to decide."
fi

winner=$named why="it was named"
if [[ -z $winner ]]; then
    winner=$(best_chain)
    why="it has more blocks, or the smaller hash at the same height"
fi
losers=()
for node in "${VALIDATORS[@]}"; do
    [[ $node = "$winner" ]] || ! apart "$winner" "$node" || losers+=("$node")
done
joined=${losers[*]}
good "the chain of $winner counts, because $why"
for node in "${losers[@]}"; do
    between=$(fork_between "$winner" "$node")
    note "$node will give up $(jq -r '.other.above' <<<"$between") of its blocks, those above $(fork_height "$between"); a copy is kept"
done
! dry || dry_end "The chain of $winner would count."

jq -n --arg winner "$winner" --argjson fork_height "$COMMON" --arg decided_at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    --arg why "$why" --arg losers "$joined" --argjson heads "$HEADS" \
    '{winner: $winner, fork_height: $fork_height, losers: ($losers | split(" ")), why: $why, decided_at: $decided_at, heads: $heads}' |
    write_file "$DECISION"
audit "fork above block $COMMON decided for $winner"
finish 0 "decided: the chain of $winner counts; ${joined// /, } will follow it from block $COMMON on. No chain was changed yet: resync_nodes.sh does that."
