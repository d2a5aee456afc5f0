# shellcheck shell=bash
# The checks that health_check.sh and validate_recovery.sh share. Each waits a while, then says yes or no in a table.

RESULTS=()
FAILED=()
LAG_ALLOWED=5

# One row of the table.
passed() {
    RESULTS+=("$1")
    printf '  ok    %-46s %s\n' "$1" "${2-}"
}
failed() {
    RESULTS+=("$1")
    FAILED+=("$1${2:+ ($2)}")
    printf '  FAIL  %-46s %s\n' "$1" "${2-}"
    log error "$1: ${2-}"
}

# test_that SECONDS "what" COMMAND…: DETAIL, if the command sets it, goes into the table.
test_that() {
    local seconds=$1 what=$2
    shift 2
    DETAIL=
    if wait_until "$seconds" "$what" "$@"; then passed "$what" "$DETAIL"; else failed "$what" "$DETAIL"; fi
}

service_runs() {
    DETAIL=$(state_of "$1")
    [[ $DETAIL = running ]]
}
node_answers() {
    DETAIL="no answer"
    local status
    status=$(status_of "$1") && DETAIL="height $(jq -r '.height' <<<"$status")"
}
node_has_peers() {
    local status
    DETAIL="no answer"
    status=$(status_of "$1") || return 1
    DETAIL=$(peers_in "$status")
    DETAIL=${DETAIL:-nobody}
    (($(n_peers_in "$status") >= $2))
}
node_grows() {
    DETAIL="still at $2"
    local height
    height=$(height_of "$1") || return 1
    ((height <= $2)) || DETAIL="from $2 to $height"
    ((height > $2))
}
nodes_agree() {
    DETAIL="$(height_of "$1" || printf '?') and $(height_of "$2" || printf '?')"
    agree "$1" "$2"
}
no_fork() {
    local fork
    fork=$(status_of "$1" | jq -c '.fork') || return 1
    DETAIL=
    [[ $fork = null ]] || DETAIL="fork above block $(jq -r '.height' <<<"$fork"); resolve_fork.sh decides"
    [[ $fork = null ]]
}
rows_follow() {
    local rows top height
    DETAIL="no answer"
    read -r rows top < <(rows_and_height) || return 1
    height=$(height_of "$1") || return 1
    DETAIL="$rows rows up to $top, chain at $height"
    ((height - top <= LAG_ALLOWED && rows == top + 1))
}
transaction_sent() {
    local answer
    DETAIL="refused"
    answer=$(ask "$1" POST /api/v1/transactions '{"note":"health check"}') && TRANSACTION=$(jq -re '.id' <<<"$answer") && DETAIL=$TRANSACTION
}
transaction_included() {
    local answer
    DETAIL="not yet"
    answer=$(ask "$1" GET "/api/v1/transactions/$TRANSACTION") || return 1
    jq -e '.included' >/dev/null <<<"$answer" && DETAIL="in block $(jq -r '.height' <<<"$answer")"
}

check_health() { # seconds per check, and only one part if one is named: chains, peers, transaction
    local limit=$1 only=${2-} service node begun=$SECONDS answering=()
    declare -A height=()
    wanted() { [[ -z $only || $only = "$1" ]]; }
    # All waiting together is little more than the limit: what came late once is given only a moment more.
    patience() { ((limit - (SECONDS - begun) > 10)) && printf '%s' "$((limit - (SECONDS - begun)))" || printf 10; }
    if wanted services; then
        while IFS= read -r service; do
            test_that "$(patience)" "$service runs" service_runs "$service"
        done < <(services)
        if is_running postgres; then
            test_that "$(patience)" "postgres answers" postgres_answers
        else
            failed "postgres answers" "it does not run"
        fi
    fi
    for node in "${VALIDATORS[@]}"; do
        if is_running "$node"; then
            test_that "$(patience)" "$node answers" node_answers "$node"
        else
            failed "$node answers" "it does not run"
        fi
        if height[$node]=$(height_of "$node"); then answering+=("$node"); fi
    done
    # Asking one that does not answer about the rest would only take time.
    for node in "${answering[@]}"; do
        ! wanted peers || test_that "$(patience)" "$node sees its peers" node_has_peers "$node" "$((${#VALIDATORS[@]} - 1))"
        if wanted chains; then
            test_that "$(patience)" "$node grows" node_grows "$node" "${height[$node]}"
            test_that "$(patience)" "$node has no deep fork" no_fork "$node"
        fi
    done
    if wanted chains; then
        for node in "${answering[@]:1}"; do
            test_that "$(patience)" "${answering[0]} and $node hold the same chain" nodes_agree "${answering[0]}" "$node"
        done
    fi
    wanted transaction || return 0
    if ((${#answering[@]} == 0)); then
        failed "a transaction is accepted" "no validator answers"
        return
    fi
    test_that "$(patience)" "the rows in blocks follow" rows_follow "${answering[0]}"
    TRANSACTION=
    test_that "$(patience)" "a transaction is accepted" transaction_sent "${answering[0]}"
    [[ -n $TRANSACTION ]] || return 0
    for node in "${answering[@]}"; do
        test_that "$(patience)" "$node has it in a block" transaction_included "$node"
    done
}
