#!/usr/bin/env bash
# The plan's System Verification: health, chains, and the database against the chain. Changes nothing.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=lib/health.sh
. "$HERE/lib/health.sh"

usage() {
    cat <<'END'
usage: validate_recovery.sh [--timeout SECONDS]

Everything health_check.sh checks, and besides: every block of every chain verifies, the rows in `blocks` are the chain
(each hash compared), the API's other addresses answer, and the newest backup of each kind is as it
was taken.
Each check waits up to SECONDS (default 60).

Exit: 0 the recovery holds, 1 not, 2 wrong usage, or something needed is missing.
END
}

options timeout=60 -- "$@"
set -- "${REST[@]}"
(($# == 0)) || misuse "unknown argument $1."
prepare
need_validators_json
say "I will verify project $MUSTER_PROJECT after a recovery; each check waits up to $limit seconds. Nothing is changed but one transaction that is sent."

say "Transactions, peers and heights:"
check_health "$limit"

say "Chain state:"
for node in "${VALIDATORS[@]}"; do
    verdict=$(verdict_of "$node")
    if sound "$verdict"; then passed "$node's chain verifies" "$(verdict_text "$verdict")"; else
        failed "$node's chain verifies" "$(verdict_text "$verdict")"
    fi
done
same_rows() {
    DETAIL="they cannot be compared"
    if rows_match_chain "$1"; then
        DETAIL="$(<"$WORK/rows.same") blocks compared"
        return 0
    fi
    [[ ! -s $WORK/first.diff ]] || DETAIL="first difference: $(<"$WORK/first.diff")"
    return 1
}
test_that 30 "the rows in blocks are the chain" same_rows "${VALIDATORS[0]}"

say "API endpoints:"
metrics_answer() {
    DETAIL="no answer"
    DETAIL=$(ask "$1" GET /api/v1/metrics | sed -n '/^bt2c_block_height /p')
    [[ -n $DETAIL ]]
}
block_answers() {
    DETAIL="no answer"
    DETAIL=$(hash_at "$1" 0 | cut -c 1-16)
    [[ -n $DETAIL ]]
}
for node in "${VALIDATORS[@]}"; do
    test_that 10 "$node: /api/v1/metrics" metrics_answer "$node"
    test_that 10 "$node: /api/v1/blocks/0" block_answers "$node"
done

say "Backups:"
for kind in db chain config; do
    newest=$(newest_backup "$kind")
    if [[ -z $newest ]]; then
        note "      there is no backup of $kind"
    elif checksum_holds "$newest"; then
        passed "newest backup of $kind is as it was taken" "${newest##*/}"
    else
        failed "newest backup of $kind is as it was taken" "${newest##*/}"
    fi
done

((${#FAILED[@]} == 0)) || finish 1 "the recovery does not hold: ${#FAILED[@]} of ${#RESULTS[@]} checks failed, first: ${FAILED[0]}."
finish 0 "the recovery holds: ${#RESULTS[@]} checks passed, height $(height_of "${VALIDATORS[0]}")."
