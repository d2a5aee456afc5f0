#!/usr/bin/env bash
# Puts a chain backup where a stopped validator's chain is missing, damaged or shorter. Old files stay beside as copies.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: restore_chain.sh ARCHIVE [--node NODE]… [--force] [--unverified] [--dry-run]

Verifies the archive (checksum beside it, every block of the chain in it). Then, for every validator or those named, all
of them stopped: a chain that is missing, damaged or shorter is replaced by the archive's; the old file stays in the
volume as chain.jsonl.before-restore-<time>. A sound chain that is as long or longer is left alone.
If new keys were to count only from a height above what is left, they count from there on (validators.json).

  --force       replace longer sound chains too
  --unverified  take an archive without a .sha256 beside it

Exit: 0 every named validator has a sound chain now, 1 not, 2 wrong usage, or something needed is missing (the
archive too), 3 refused (a validator runs, the archive is not as it was taken or not sound, another script is at work). With 2 and 3
nothing was done.
END
}

options dry-run -- "$@"
set -- "${REST[@]}"
archive="" nodes=() force=no unverified=no
while (($#)); do
    case $1 in
        --node) need_value "$@"; nodes+=("$2"); shift ;;
        --force) force=yes ;;
        --unverified) unverified=yes ;;
        -*) misuse "unknown option $1." ;;
        *) [[ -z $archive ]] || misuse "only one archive at a time."; archive=$1 ;;
    esac
    shift
done
[[ -n $archive ]] || misuse "which archive?"
prepare "$archive"
need_validators_json
[[ -r $archive && -f $archive ]] || missing "the archive $archive cannot be read."
archive=$(realpath -- "$archive")
((${#nodes[@]})) || nodes=("${VALIDATORS[@]}")
for node in "${nodes[@]}"; do validator_named "$node"; done

say "I will give ${nodes[*]} of project $MUSTER_PROJECT the chain of ${archive##*/} where theirs is missing, damaged or shorter$([[ $force = no ]] || printf ' (and longer: --force)')."
code=0
checksum_holds "$archive" || code=$?
case $code in
    0) good "the checksum of ${archive##*/} is right" ;;
    1) refuse "the archive is not as it was taken: its checksum is wrong. Choose another from $BT2C_BACKUPS/chain." ;;
    *) [[ $unverified = yes ]] || refuse "there is no checksum beside $archive. --unverified takes it all the same." ;;
esac
for node in "${nodes[@]}"; do
    if is_up "$node"; then refuse "$node runs. Stop it first (docker-compose stop $node)."; fi
done
unpack_chain "$archive" archive || refuse "the archive does not hold one chain.jsonl."
verdict=$(chain_verdict "$SCRATCH" archive)
sound "$verdict" || refuse "the chain in the archive is $(verdict_text "$verdict")."
height=$(height_in "$verdict")
good "the chain in the archive is $(verdict_text "$verdict")"
take_lock

missing_volumes=()
for node in "${nodes[@]}"; do [[ -n $(data_volume "$node") ]] || missing_volumes+=("$node"); done
if ((${#missing_volumes[@]})) && ! dry; then
    note "the volumes of ${missing_volumes[*]} are gone; Compose makes them again"
    create_services "${missing_volumes[@]}" || finish 1 "the volumes could not be made; nothing was restored."
    audit "volumes of ${missing_volumes[*]} made"
fi

failures=() replaced=() left=()
for node in "${nodes[@]}"; do
    own=$(verdict_of "$node")
    if sound "$own" && (($(height_in "$own") >= height)) && [[ $force = no ]]; then
        note "$node: left alone, its chain is $(verdict_text "$own")"
        left+=("$node")
        continue
    fi
    note "$node: $(verdict_text "$own")"
    if dry; then
        replaced+=("$node")
        continue
    fi
    if put_chain "$node" archive; then
        own=$(verdict_of "$node")
        if sound "$own" && (($(height_in "$own") == height)); then
            good "$node has the archive's chain now"
            audit "$node: chain replaced by ${archive##*/}"
            replaced+=("$node")
            continue
        fi
    fi
    failures+=("$node")
    bad "$node: the chain could not be put in place"
done
! dry || dry_end "Replaced would be: ${replaced[*]:-none}. Left alone: ${left[*]:-none}."
((${#failures[@]} == 0)) || finish 1 "not restored: ${failures[*]}. Restored: ${replaced[*]:-none}."
keys_follow_chain
accept_lower_backups
finish 0 "${#nodes[@]} validator(s) have a sound chain up to height $height or more: replaced ${replaced[*]:-none}, left alone ${left[*]:-none}. They do not run yet."
