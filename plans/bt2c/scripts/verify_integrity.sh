#!/usr/bin/env bash
# Compares images, Compose file, scripts and configuration with the recorded manifest, and verifies the chains.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: verify_integrity.sh [--record]

Lists everything that is not as integrity.json in the configuration directory says: digests of the images and of the
containers made from them, Compose file, scripts, validators.json, keys, settings (without the password). Verifies every
chain.
  --record   write the manifest from what is there now: at setup, and when a difference was looked at and is right

Exit: 0 all as recorded and sound (or recorded), 1 something differs, 2 wrong usage, or something needed is missing (the manifest
too), 3 with --record: refused (another script is at work). With 2 and 3 nothing was done.
END
}

help_if_asked "$@"
record=no
while (($#)); do
    case $1 in
        --record) record=yes ;;
        *) misuse "unknown argument $1." ;;
    esac
    shift
done
prepare
need_validators_json
if [[ $record = yes ]]; then
    take_lock
    say "I will record the present images, Compose file, scripts and configuration as what belongs here."
    if [[ -e $MANIFEST ]]; then
        cp -p -- "$MANIFEST" "$MANIFEST.before-$NOW"
        note "the manifest as it was is kept in $MANIFEST.before-$NOW"
    fi
    manifest_record
    audit "integrity manifest recorded"
    finish 0 "recorded: $(jq '.recorded | length' "$MANIFEST") entries in $MANIFEST."
fi
[[ -r $MANIFEST ]] || missing "there is no manifest $MANIFEST; --record makes one from a state that is known to be good."
jq -e '.recorded | type == "object"' "$MANIFEST" >/dev/null 2>&1 || missing "$MANIFEST is no manifest."
say "I will compare project $MUSTER_PROJECT with what was recorded at $(jq -r .recorded_at "$MANIFEST"), and verify its chains. Nothing is changed."

differs=()
fingerprints >"$WORK/now"
declare -A seen=()
while IFS=$'\t' read -r key value; do
    seen[$key]=1
    recorded=$(manifest_value "$key")
    if [[ -z $recorded ]]; then
        bad "$key: not in the manifest, added since"
        differs+=("$key")
    elif [[ $recorded != "$value" ]]; then
        bad "$key: $([[ $value = missing ]] && printf 'is missing' || printf 'changed since it was recorded')"
        differs+=("$key")
    fi
done <"$WORK/now"
while IFS= read -r key; do
    if [[ -z ${seen[$key]:-} ]]; then
        bad "$key: recorded, but gone"
        differs+=("$key")
    fi
done < <(jq -r '.recorded | keys[]' "$MANIFEST")
((${#differs[@]})) || good "${#seen[@]} entries of the manifest are as recorded"

while IFS= read -r service; do
    id=$(container_of "$service")
    [[ -n $id ]] || continue
    case $service in
        validator*) expected=$(manifest_value "image $NODE_IMAGE") ;;
        postgres) expected=$(manifest_value "image $POSTGRES_IMAGE") ;;
        backup) expected=$(manifest_value "image $BACKUP_IMAGE") ;;
        *) continue ;;
    esac
    if [[ $(dk inspect -f '{{.Image}}' "$id") = "$expected" ]]; then good "$service was made from the recorded image"; else
        bad "$service was made from another image than the recorded one"
        differs+=("container $service")
    fi
done < <(services)

for node in "${VALIDATORS[@]}"; do
    verdict=$(verdict_of "$node")
    if sound "$verdict"; then good "$node: chain $(verdict_text "$verdict")"; else
        bad "$node: chain $(verdict_text "$verdict")"
        differs+=("chain of $node")
    fi
done
joined=$(printf ', %s' "${differs[@]}")
((${#differs[@]} == 0)) || finish 1 "altered: ${joined#, }."
finish 0 "nothing was altered: everything is as recorded and every chain is sound."
