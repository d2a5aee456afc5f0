#!/usr/bin/env bash
# Brings all validators to the same head; carries out the decision of resolve_fork.sh. What is cut off is kept as a copy.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: resync_nodes.sh [--timeout SECONDS] [--dry-run]

Waits up to SECONDS (default 300) until all validators have the same head. Most follow by themselves. One that cannot:
  damaged       is stopped, its sound beginning is put in place (the old file stays in the volume), and it is started;
  deep fork     (more than TESTNET_MAX_REORG blocks): if resolve_fork.sh decided this fork, it is stopped, its chain is
                copied aside, cut to the last common block, and it is started; without a decision: exit 1;
  not running   is started.

Exit: 0 all have the same head, 1 not (a decision is missing, or time is up), 2 wrong usage, or something needed is missing,
3 refused (another script is at work). With 2 and 3 nothing was done.
END
}

options dry-run timeout=300 -- "$@"
set -- "${REST[@]}"
(($# == 0)) || misuse "unknown argument $1."
prepare
need_validators_json
take_lock
say "I will bring ${VALIDATORS[*]} of project $MUSTER_PROJECT to the same head, within $limit seconds."
begun=$SECONDS
left() { printf '%s' "$((limit - (SECONDS - begun) > 1 ? limit - (SECONDS - begun) : 1))"; }

# A damaged chain is cut to its sound beginning; the peers send the rest.
damaged=()
for node in "${VALIDATORS[@]}"; do
    verdict=$(verdict_of "$node")
    note "$node is $(state_of "$node"); its chain: $(verdict_text "$verdict")"
    sound "$verdict" || damaged+=("$node")
done
((${#damaged[@]} < ${#VALIDATORS[@]})) ||
    finish 1 "the chain of every validator is damaged; there is nobody to follow. restore_chain.sh restores a backup."

decision_holds() {
    [[ -r $DECISION ]] && jq -e --argjson common "$COMMON" '.fork_height == $common' "$DECISION" >/dev/null 2>&1
}

# Cuts the losers of a decided fork. 1: there is a fork that is not decided.
carry_out_decision() {
    local winner node height losers=()
    read_forks || return 2
    [[ -n $FORK_NODES ]] || return 0
    show_forks
    decision_holds || return 1
    winner=$(jq -r '.winner' "$DECISION")
    validator_named "$winner"
    for node in "${VALIDATORS[@]}"; do
        if [[ $node != "$winner" ]] && apart "$winner" "$node"; then losers+=("$node"); fi
    done
    note "decided $(jq -r '.decided_at' "$DECISION"): the chain of $winner counts; ${losers[*]} gives up its blocks above $COMMON"
    ! dry || return 0
    for node in "${losers[@]}"; do
        stop_services "$node" || return 2
        if ! node_tool -v "$(data_volume "$node"):/data" -- chain cut --above "$COMMON" --data /data </dev/null >"$WORK/cut.log" 2>&1; then
            sed 's/^/    /' "$WORK/cut.log" >&2
            problem "the chain of $node could not be cut; $node is stopped."
            return 2
        fi
        sed 's/^/  /' "$WORK/cut.log"
        audit "$node: chain cut above block $COMMON, the old file is kept in its volume"
        good "$node is cut to block $COMMON"
    done
    # Rows above the winner's head were recorded by the losers. A loser that starts records everything anew.
    height=$(height_of "$winner") || height=$(height_in "$(verdict_of "$winner")")
    drop_rows_above "$height" || warn "rows of the abandoned chain stay in the database until the chain has grown past them."
    for node in "${losers[@]}"; do
        start_services "$node" || return 2
        note "$node is started"
    done
    accept_lower_backups
    mv -f -- "$DECISION" "$DECISION.done-$NOW"
    note "the decision is carried out and kept in $DECISION.done-$NOW"
}

if dry; then
    if ((${#damaged[@]})); then dry_end "Damaged and to be cut to the sound beginning: ${damaged[*]}."; fi
    code=0
    carry_out_decision || code=$?
    ((code != 1)) || dry_end "There is a fork above block $COMMON without a decision."
    dry_end "Nodes that are behind follow by themselves."
fi

for node in "${damaged[@]}"; do
    ! is_up "$node" || stop_services "$node" || finish 1 "$node could not be stopped."
    volume=$(data_volume "$node")
    if [[ -n $volume ]]; then
        scratch_volume
        toolbox mkdir -v "$SCRATCH:/scratch" -- -p "/scratch/$node"
        # Only what is sound comes out; with no sound block the node begins anew and fetches everything.
        { export_chain "$volume" 2>/dev/null || true; } |
            toolbox dd -i -v "$SCRATCH:/scratch" -- "of=/scratch/$node/chain.jsonl" bs=1M iflag=fullblock status=none
        put_chain "$node" "$node" || finish 1 "the sound beginning of $node's chain could not be put in place; $node is stopped."
    fi
    audit "$node: damaged chain cut to its sound beginning"
    good "$node: the sound beginning is in place, the peers send the rest"
done
for node in "${VALIDATORS[@]}"; do
    case $(state_of "$node") in
        running) ;;
        paused)
            dk unpause "$(container_of "$node")" >/dev/null
            audit "$node continued"
            note "$node was paused and is continued"
            ;;
        *)
            start_services "$node" || finish 1 "$node could not be started."
            audit "$node started"
            note "$node is started"
            ;;
    esac
done

# A decision for the fork that is there now is carried out at once; the nodes' own rule might choose otherwise.
if [[ -e $DECISION ]]; then
    code=0
    carry_out_decision || code=$?
    ((code != 2)) || finish 1 "the decision could not be carried out."
    ((code != 1)) || note "the decision in $DECISION is for another fork and is not used"
fi

# Where each stands and whom it sees: what a person needs to know when waiting was in vain.
stands() {
    local node status text=""
    for node in "${VALIDATORS[@]}"; do
        if status=$(status_of "$node"); then
            text+="${text:+, }$node at $(jq -r '.height' <<<"$status") sees $(peers_in "$status" | grep . || printf nobody)"
        else
            text+="${text:+, }$node is $(state_of "$node") and does not answer"
        fi
    done
    printf '%s' "$text"
}
deep_fork() {
    local node
    for node in "${VALIDATORS[@]}"; do
        if status_of "$node" | jq -e '.fork != null' >/dev/null; then return 0; fi
    done
    return 1
}
settled() { all_agree "${VALIDATORS[@]}" || deep_fork; }

wait_until "$(left)" "the same head everywhere" settled ||
    finish 1 "after $limit s the validators do not have the same head: $(stands). network_diagnosis.sh says whether they reach each other."
if ! all_agree "${VALIDATORS[@]}"; then
    say "A node cannot follow by itself: it would have to give up more blocks than it may."
    code=0
    carry_out_decision || code=$?
    case $code in
        0) ;;
        1) finish 1 "the chains fork above block $COMMON, deeper than a node gives up by itself, and nobody decided. resolve_fork.sh decides; then run this again." ;;
        *) finish 1 "the decision could not be carried out." ;;
    esac
    all_agree_now() { all_agree "${VALIDATORS[@]}"; }
    wait_until "$(left)" "the same head everywhere" all_agree_now ||
        finish 1 "after $limit s the validators do not have the same head: $(stands)."
fi
finish 0 "${VALIDATORS[*]} have the same head, height $(height_of "${VALIDATORS[0]}")."
