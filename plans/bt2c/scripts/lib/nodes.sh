# shellcheck shell=bash
# The validators: their names, what they answer, whether they agree. Changes none of them.

VALIDATORS=()

find_validators() {
    local name
    while IFS= read -r name; do
        [[ $name =~ ^validator[0-9]+$ ]] && VALIDATORS+=("$name")
    done < <(services)
    ((${#VALIDATORS[@]})) ||
        missing "Compose finds no validator in $MUSTER_COMPOSE_FILE with $MUSTER_COMPOSE_ENV_FILE."
}

# A node's name is one of this network's validators, or it is refused.
validator_named() {
    local name
    name_ok "$1" || misuse "'$1' is no name of a node."
    for name in "${VALIDATORS[@]}"; do
        [[ $name != "$1" ]] || return 0
    done
    misuse "there is no node '$1'; the nodes are ${VALIDATORS[*]}."
}

data_volume() { volume_of "$1-data"; }

# The address on which the host reaches a node; empty while its container is off the network.
published() {
    dk inspect "$1" | jq -r '.[0].NetworkSettings.Ports["8080/tcp"] // [] | map(select(.HostIp | contains(":") | not)) | .[0] |
        if . then (if .HostIp == "0.0.0.0" or .HostIp == "" then "127.0.0.1" else .HostIp end) + ":" + .HostPort else empty end'
}

# HTTP spoken from inside the node's own network namespace: reaches a node that was cut off from every network.
ask_inside() { # container METHOD PATH BODY
    local answer
    # shellcheck disable=SC2016  # expanded in the container, from its arguments
    answer=$(helper timeout --network "container:$1" "$POSTGRES_IMAGE" 8 bash -c '
        exec 3<>/dev/tcp/127.0.0.1/8080
        printf "%s %s HTTP/1.0\r\nHost: node\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s" \
            "$1" "$2" "${#3}" "$3" >&3
        cat <&3' bash "$2" "$3" "$4" 2>/dev/null) || return 1
    answer=${answer//$'\r'/}
    [[ ${answer%%$'\n'*} =~ ^HTTP/1\.[01]\ 2[0-9][0-9] ]] || return 1
    printf '%s' "${answer#*$'\n\n'}"
}

# ask NODE METHOD PATH [BODY]: the answer's body; fails if the node does not answer or does not like the question.
ask() {
    local node=$1 method=$2 path=$3 body=${4-} id address code=0
    id=$(container_of "$node") || return 1
    [[ -n $id && $(dk inspect -f '{{.State.Status}}' "$id" 2>/dev/null) = running ]] || return 1
    address=$(published "$id") || return 1
    if [[ -n $address ]]; then
        local request=(curl --silent --fail --max-time 5 --noproxy '*' --request "$method")
        [[ -z $body ]] || request+=(--header 'Content-Type: application/json' --data-binary "$body")
        "${request[@]}" "http://$address$path" 2>/dev/null || code=$?
        # 22: it answered, and said no. 28: nobody answered in time, and nobody would from inside.
        case $code in 0) return 0 ;; 22 | 28) return 1 ;; esac
    fi
    ask_inside "$id" "$method" "$path" "$body"
}

status_of() { ask "$1" GET /api/v1/status | jq -ce 'select(.height != null and .head != null)'; }

# The names of the peers a status speaks of, in one line.
peers_in() { jq -r '.peers | if type == "array" then map(if type == "object" then .name // .node else . end) | join(" ") else tostring + " peer(s)" end' <<<"$1"; }
n_peers_in() { jq -r '.peers | if type == "array" then length else . end' <<<"$1"; }

hash_at() { ask "$1" GET "/api/v1/blocks/$2" | jq -re '.hash'; }

height_of() { status_of "$1" | jq -r '.height'; }

# Do two nodes hold the same block at the lower one's head, and is none far behind?
agree() { # node node [blocks one may be behind]
    local a b low
    a=$(height_of "$1") && b=$(height_of "$2") || return 1
    ((a - b <= ${3:-3} && b - a <= ${3:-3})) || return 1
    low=$((a < b ? a : b))
    a=$(hash_at "$1" "$low") && b=$(hash_at "$2" "$low") && [[ $a = "$b" ]]
}

all_agree() {
    local node
    for node in "$@"; do
        [[ $node = "$1" ]] || agree "$1" "$node" || return 1
    done
}

grows() { # node height-before
    local height
    height=$(height_of "$1") && ((height > $2))
}

running_validators() {
    local node
    for node in "${VALIDATORS[@]}"; do
        if is_running "$node"; then printf '%s\n' "$node"; fi
    done
}

# Validators that write, or would on being continued.
active_validators() {
    local node
    for node in "${VALIDATORS[@]}"; do
        if is_up "$node"; then printf '%s\n' "$node"; fi
    done
}
