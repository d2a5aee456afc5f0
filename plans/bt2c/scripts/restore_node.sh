#!/usr/bin/env bash
# Gives one validator a sound chain, from a running peer or the newest sound backup, and starts it.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: restore_node.sh NODE [--force] [--timeout SECONDS] [--dry-run]

Takes the chain of a running peer if it verifies, else the newest chain backup that does, puts it into the stopped NODE
(its old file stays in the volume as a copy), starts the node and waits up to SECONDS (default 120) until it follows.
A sound chain that is longer than every source is kept. A node that runs soundly and follows is left as it is.

  --force   stop the node if it runs and is not well

Exit: 0 the node runs and follows, 1 it could not be healed, 2 wrong usage, or something needed is missing, 3 refused
(it runs, or another script is at work). With 2 and 3 nothing was done.
END
}

options dry-run timeout=120 -- "$@"
set -- "${REST[@]}"
node="" force=no
while (($#)); do
    case $1 in
        --force) force=yes ;;
        -*) misuse "unknown option $1." ;;
        *) [[ -z $node ]] || misuse "only one node at a time."; node=$1 ;;
    esac
    shift
done
[[ -n $node ]] || misuse "which node?"
prepare "$node"
need_validators_json
validator_named "$node"
say "I will give $node of project $MUSTER_PROJECT a sound chain, start it and wait until it follows."

mapfile -t peers < <(running_validators | grep -vx -- "$node" || true)
follows() {
    local peer
    status_of "$node" >/dev/null || return 1
    for peer in "${peers[@]}"; do agree "$node" "$peer" || return 1; done
}
follows_or_ended() { follows || ! is_up "$node"; }

own=$(verdict_of "$node")
note "$node is $(state_of "$node"); its chain: $(verdict_text "$own")"
if is_up "$node"; then
    if is_running "$node" && sound "$own" && wait_until 5 "$node" follows; then
        finish 0 "nothing to do: $node runs, is sound and follows ${peers[*]:-nobody (no peer runs)}."
    fi
    [[ $force = yes ]] || refuse "$node runs. Stop it first (docker-compose stop $node), or --force."
    if ! dry; then
        take_lock
        stop_services "$node" || finish 1 "$node could not be stopped."
        audit "$node stopped"
        good "$node is stopped"
        own=$(verdict_of "$node")
    fi
fi

# From the running peers the one that got furthest.
source="" source_height=-1
for peer in "${peers[@]}"; do
    verdict=$(verdict_of "$peer")
    if ! sound "$verdict"; then
        note "$peer cannot be the source: $(verdict_text "$verdict")"
    elif (($(height_in "$verdict") > source_height)); then
        source=$peer source_height=$(height_in "$verdict")
    fi
done
if [[ -n $source ]]; then
    scratch_volume
    toolbox mkdir -v "$SCRATCH:/scratch" -- -p /scratch/source
    export_chain "$(data_volume "$source")" "$source_height" |
        toolbox dd -i -v "$SCRATCH:/scratch" -- of=/scratch/source/chain.jsonl bs=1M iflag=fullblock status=none
    verdict=$(chain_verdict "$SCRATCH" source)
    sound "$verdict" || finish 1 "the copy of $source's chain is $(verdict_text "$verdict"); $node is as it was."
    good "source: the chain of the running $source, $(verdict_text "$verdict")"
else
    note "no running peer has a sound chain; the backups are looked through, newest first"
    while IFS= read -r archive; do
        if chain_backup_sound "$archive" source </dev/null; then
            source=${archive##*/}
            verdict=$(chain_verdict "$SCRATCH" source)
            source_height=$(height_in "$verdict")
            good "source: the backup $source, $(verdict_text "$verdict")"
            break
        fi
        note "backup ${archive##*/}: not sound or not as it was taken"
    done < <(backups_until chain 99999999T999999Z)
fi

keep=no
if sound "$own" && (($(height_in "$own") >= source_height)); then keep=yes; fi
if [[ -z $source && $keep = no ]]; then
    finish 1 "there is no sound source: no running peer and no backup in $BT2C_BACKUPS/chain. $node is not healed."
fi
if [[ $keep = no ]] && sound "$own" && [[ -n ${peers[*]} ]]; then
    note "its own chain is sound, only behind; the source's is taken all the same"
fi
! dry || dry_end "$node would $([[ $keep = no ]] && printf 'get the chain of %s' "$source" || printf 'keep its own chain') and be started."
take_lock

if [[ $keep = yes ]]; then
    note "$node keeps its own chain: it is sound and reaches as far as every source"
else
    if [[ -z $(data_volume "$node") ]]; then
        note "the volume of $node is gone; Compose makes it again"
        create_services "$node" || finish 1 "the volume of $node could not be made."
    fi
    put_chain "$node" source || finish 1 "the chain could not be put in place; $node is stopped."
    audit "$node: chain replaced by that of $source"
    own=$(verdict_of "$node")
    sound "$own" || finish 1 "the chain in place is $(verdict_text "$own"); $node is stopped."
    good "$node has a sound chain up to height $(height_in "$own")"
    ((${#peers[@]})) || keys_follow_chain
fi

start_services "$node" || finish 1 "$node could not be started; its chain is sound."
audit "$node started"
before=$(height_in "$own")
if wait_until "$limit" "$node to follow" follows_or_ended && follows &&
    wait_until 20 "$node to grow" grows "$node" "$before"; then
    finish 0 "$node runs and follows ${peers[*]:-nobody (no peer runs)}: height $(height_of "$node"), chain from $([[ $keep = yes ]] && printf 'itself' || printf '%s' "$source")."
fi
id=$(container_of "$node")
[[ -z $id ]] || dk logs --tail 3 "$id" 2>&1 | sed 's/^/    /' >&2 || true
finish 1 "$node is $(state_of "$node") and does not follow after $limit s; its chain was put in place."
