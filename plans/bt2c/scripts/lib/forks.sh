# shellcheck shell=bash
# What two chains have in common and where they part. Reads only.

# shellcheck disable=SC2034  # used by the scripts
DECISION=$BT2C_CONFIG/fork-decision.json
COMMON=-1
FORK_NODES=
HEADS='{}'

# -1: they do not even share the first block.
fork_height() { jq -r '.common.height // -1' <<<"$1"; }

# A fork is where both went on from the last common block. One that is merely behind follows by itself.
fork_is_real() { jq -e '.forked' >/dev/null <<<"$1"; }

apart() {
    local between
    between=$(fork_between "$1" "$2") && fork_is_real "$between"
}

# Fills COMMON (the lowest of the last common blocks), FORK_NODES (who is apart from the first) and HEADS.
read_forks() {
    local node between first=${VALIDATORS[0]} common verdict
    FORK_NODES='' COMMON='' HEADS='{}'
    for node in "${VALIDATORS[@]}"; do
        verdict=$(verdict_of "$node")
        if ! sound "$verdict"; then
            bad "$node: $(verdict_text "$verdict")"
            return 1
        fi
        HEADS=$(jq -c --arg node "$node" --argjson verdict "$verdict" \
            '.[$node] = {height: $verdict.height, blocks: $verdict.blocks,
                hash: ($verdict.head | if type == "object" then .hash else . end)}' <<<"$HEADS")
        [[ $node != "$first" ]] || continue
        between=$(fork_between "$first" "$node") || return 1
        common=$(fork_height "$between")
        if ! fork_is_real "$between"; then
            # Behind, not apart: only counts if nobody is apart.
            [[ -n $COMMON ]] || COMMON=$common
            continue
        fi
        if [[ -z $FORK_NODES ]] || ((common < COMMON)); then COMMON=$common; fi
        FORK_NODES+="${FORK_NODES:+ }$node"
    done
    [[ -n $COMMON ]] || COMMON=$(jq -r --arg node "$first" '.[$node].height' <<<"$HEADS")
}

show_forks() {
    local node
    note "last common block: $COMMON"
    for node in "${VALIDATORS[@]}"; do
        note "$(jq -r --arg node "$node" --argjson common "$COMMON" \
            '.[$node] | "\($node): \(.blocks) blocks, height \(.height), head \(.hash | tostring | .[0:16]), \(.height - $common) above the last common block"' <<<"$HEADS")"
    done
}

# The node's own rule: the higher chain, and of two equally high ones the one whose head has the smaller hash.
best_chain() {
    jq -r 'to_entries | sort_by([-.value.height, .value.hash]) | .[0].key' <<<"$HEADS"
}
