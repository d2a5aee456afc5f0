#!/usr/bin/env bash
# Is the network healthy? Containers, database, nodes, peers, growth, agreement, recording, a transaction. Changes nothing.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=lib/health.sh
. "$HERE/lib/health.sh"

usage() {
    cat <<'END'
usage: health_check.sh [--timeout SECONDS] [--only chains|peers|transaction]

Checks containers, Postgres, every node's answer, its peers, growth, that all have the same head, that the rows in
`blocks` follow, and that a transaction ("health check" as its note) is accepted and included.
Each check waits up to SECONDS (default 60), so that it can be run right after a start.
With --only, one part of it: growth and agreement of the chains, peers, or the transaction and the rows.

Exit: 0 healthy, 1 not, 2 wrong usage, or something needed is missing.
END
}

options timeout=60 -- "$@"
set -- "${REST[@]}"
only=
while (($#)); do
    case $1 in
        --only)
            need_value "$@"
            case $2 in
                chains | peers | transaction) only=$2 ;;
                *) misuse "--only takes chains, peers or transaction, not $2." ;;
            esac
            shift
            ;;
        *) misuse "unknown argument $1." ;;
    esac
    shift
done
prepare
say "I will check the health of project $MUSTER_PROJECT${only:+ ($only only)}; each check waits up to $limit seconds. Nothing is changed but one transaction that is sent."
check_health "$limit" "$only"
((${#FAILED[@]} == 0)) || finish 1 "not healthy: ${#FAILED[@]} of ${#RESULTS[@]} checks failed, first: ${FAILED[0]}."
finish 0 "healthy: ${#RESULTS[@]} checks passed, height $(height_of "${VALIDATORS[0]}")."
