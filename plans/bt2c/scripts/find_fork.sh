#!/usr/bin/env bash
# Finds the last block that the validators agree on, and how far each went from there. Changes nothing.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: find_fork.sh

Compares the validators' chain files, running or not. Nothing is changed.

Exit: 0 the answer was found, a fork or none: the last line says it; 1 a chain cannot be read; 2 wrong usage, or something needed
is missing.
END
}

help_if_asked "$@"
(($# == 0)) || misuse "no argument is expected, not '$1'."
prepare
need_validators_json

say "I will find the last block that ${VALIDATORS[*]} agree on. Nothing is changed."
read_forks || finish 1 "not every chain can be compared; repair that first (restore_node.sh)."
show_forks
if [[ $FORK_NODES = "" ]]; then
    finish 0 "there is no fork: all follow one chain, common up to block $COMMON."
fi
finish 0 "the chains fork above block $COMMON, the last one that all agree on. resolve_fork.sh chooses one."
