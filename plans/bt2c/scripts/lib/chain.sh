# shellcheck shell=bash
# Chain files in the validators' volumes: verify, compare, put in place. What is replaced stays beside as a copy.

VALIDATORS_JSON=$BT2C_CONFIG/network/validators.json

# node_tool [docker options] -- ARGUMENTS: the node's own program, without network. validators.json comes over stdin, so
# that it is the one that this script reads.
node_tool() {
    local options=()
    while (($#)) && [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    dk run --rm -i --pull=never --network none --read-only --label muster.helper=1 --label "muster.project=$MUSTER_PROJECT" \
        "${options[@]}" "$NODE_IMAGE" "$@"
}

need_validators_json() {
    if [[ ! -r $VALIDATORS_JSON ]] || ! jq -e 'type == "object"' "$VALIDATORS_JSON" >/dev/null 2>&1; then
        missing "$VALIDATORS_JSON is missing or no JSON; restore the configuration first."
    fi
}

# chain_verdict VOLUME [DIRECTORY IN IT]: {"sound","height","head","blocks","first_bad"}; a missing file is not sound.
chain_verdict() {
    local code=0 answer
    answer=$(node_tool -v "$1:/data:ro" -- chain verify --data "/data${2:+/$2}" --validators /dev/stdin --json \
        <"$VALIDATORS_JSON" 2>"$WORK/verify.err") || code=$?
    if ((code <= 1)) && jq -e 'has("sound")' >/dev/null 2>&1 <<<"$answer"; then
        # An empty file is not damaged for the node, which fetches everything then. For us there is no chain in it.
        jq -c 'if .sound and .height == null
            then .sound = false | .first_bad = {height: null, line: null, byte: null, reason: "the chain file holds no whole block"} else . end' <<<"$answer"
    else
        jq -nc --arg reason "$(tail -n 1 -- "$WORK/verify.err")" \
            '{sound: false, height: null, head: null, blocks: 0, first_bad: {height: null, line: null, byte: null, reason: $reason}}'
    fi
}

sound() { jq -e '.sound' >/dev/null 2>&1 <<<"$1"; }
height_in() { jq -r '.height // -1' <<<"$1"; }
blocks_in() { jq -r '.blocks // 0' <<<"$1"; }

# "sound, 812 blocks up to height 811" or what is wrong and where.
verdict_text() {
    jq -r 'if .sound then "sound, \(.blocks) blocks up to height \(.height), head \(.head | if type == "object" then .hash else . end | tostring | .[0:12])"
        else "DAMAGED" + (if .first_bad.line then " in line \(.first_bad.line)" else "" end)
            + (if .first_bad.height then " (block \(.first_bad.height))" else "" end)
            + (if .first_bad.byte then ", byte \(.first_bad.byte)" else "" end)
            + ": " + (.first_bad.reason // "no chain file could be read" | if length > 120 then .[0:60] + "…" + .[-55:] else . end) end' <<<"$1"
}

# The verdict on a validator's chain; says "not sound" as well when its volume is gone.
verdict_of() {
    local volume
    volume=$(data_volume "$1") || return 1
    if [[ -z $volume ]]; then
        printf '%s' '{"sound":false,"height":null,"head":null,"blocks":0,"first_bad":{"height":null,"line":null,"byte":null,"reason":"the volume with its chain is gone"}}'
    else
        chain_verdict "$volume"
    fi
}

# The sound blocks of a volume's chain on stdout, and only these.
export_chain() { # volume [to-height]
    node_tool -v "$1:/data:ro" -- chain export --data /data --validators /dev/stdin ${2:+--to-height "$2"} <"$VALIDATORS_JSON"
}

# {"common","…"} of two validators' chains, as the node's program says it.
fork_between() {
    local one other code=0 answer
    one=$(data_volume "$1") && other=$(data_volume "$2") || return 1
    [[ -n $one && -n $other ]] || return 1
    answer=$(node_tool -v "$one:/data:ro" -v "$other:/other:ro" -- chain fork --data /data --other /other --json \
        </dev/null 2>"$WORK/fork.err") || code=$?
    if ((code > 1)) || ! jq -e . >/dev/null 2>&1 <<<"$answer"; then
        problem "the chains of $1 and $2 cannot be compared: $(tail -n 1 -- "$WORK/fork.err")"
        return 1
    fi
    printf '%s' "$answer"
}

# Unpacks an archive's chain.jsonl into DIRECTORY of the scratch volume. Only this one plain file is taken from it.
unpack_chain() { # archive directory
    local listing
    listing=$(tar -tzf "$1" 2>/dev/null) || return 1
    [[ $listing = chain.jsonl || $listing = ./chain.jsonl || $listing = ./$'\n'./chain.jsonl ]] || return 1
    scratch_volume
    toolbox mkdir -v "$SCRATCH:/scratch" -- -p "/scratch/$2" || return 1
    tar -xzOf "$1" "${listing##*$'\n'}" | toolbox dd -i -v "$SCRATCH:/scratch" -- "of=/scratch/$2/chain.jsonl" bs=1M iflag=fullblock status=none
}

# Puts the chain.jsonl of DIRECTORY in the scratch volume into a validator's volume; the old one stays beside it.
# Arguments of the inner script, never its text, carry names.
put_chain() { # node directory
    local volume
    volume=$(data_volume "$1")
    [[ -n $volume ]] || return 1
    # shellcheck disable=SC2016
    toolbox bash -v "$SCRATCH:/scratch:ro" -v "$volume:/data" -- -euc '
        cp "/scratch/$1/chain.jsonl" /data/chain.jsonl.incoming
        sync /data/chain.jsonl.incoming
        if [ -e /data/chain.jsonl ]; then
            aside=/data/chain.jsonl.before-restore-$2
            n=1
            while [ -e "$aside" ]; do n=$((n + 1)); aside=/data/chain.jsonl.before-restore-$2-$n; done
            mv /data/chain.jsonl "$aside"
            echo "the old chain file is kept in the volume $3 as ${aside#/data/}"
        fi
        mv /data/chain.jsonl.incoming /data/chain.jsonl
        sync /data' bash "$2" "$NOW" "$volume" | sed 's/^/  /'
}

# After a chain went back below the height from which a new key counts, nobody could sign the blocks in between: the old
# key may not be used any more, the new one not yet. So the newest keys count from right above what is left.
keys_follow_chain() {
    local node verdict height highest=-1 text
    for node in "${VALIDATORS[@]}"; do
        verdict=$(verdict_of "$node")
        sound "$verdict" || continue
        height=$(height_in "$verdict")
        ((height <= highest)) || highest=$height
    done
    ((highest >= 0)) || return 0
    text=$(jq --argjson from "$((highest + 1))" \
        'map_values(map(if .from_height > $from then .from_height = $from else . end))' "$VALIDATORS_JSON")
    if [[ $(jq -cS . <<<"$text") != "$(jq -cS . "$VALIDATORS_JSON")" ]]; then
        cp -p -- "$VALIDATORS_JSON" "$(aside_dir)/validators.json.$NOW"
        remember_config_change network/validators.json
        write_file "$VALIDATORS_JSON" 644 <<<"$text"
        config_was_changed_by_us network/validators.json
        audit "validators.json: the newest keys now count from height $((highest + 1))"
        good "the newest keys count from height $((highest + 1)) on (they were meant to from a height that the restored chain has not reached)"
    fi
}
