#!/usr/bin/env bash
# Measures block interval, API latency and how far the rows lag behind. Changes nothing.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: check_performance.sh [--window SECONDS] [--requests N] [--max-interval MS] [--max-latency MS] [--max-lag BLOCKS]

Watches for --window (default 15) seconds. Fails if a block took longer than --max-interval (2000) ms on average, the
median of --requests (30) answers of a node took longer than --max-latency (250) ms, or the newest row is more than
--max-lag (5) blocks behind the chain.

Exit: 0 within all limits, 1 not, 2 wrong usage, or something needed is missing.
END
}

help_if_asked "$@"
window=15 requests=30 max_interval=2000 max_latency=250 max_lag=5
while (($#)); do
    need_value "$@"
    case $1 in
        --window) number window "$@" ;;
        --requests) number requests "$@" ;;
        --max-interval) number max_interval "$@" ;;
        --max-latency) number max_latency "$@" ;;
        --max-lag) number max_lag "$@" ;;
        *) misuse "unknown argument $1." ;;
    esac
    shift 2
done
((window > 0 && requests > 0)) || misuse "--window and --requests must be at least 1."
prepare
say "I will measure project $MUSTER_PROJECT for $window seconds. Nothing is changed."
slow=()
now_ms() { printf '%s' "$((${EPOCHREALTIME/[.,]/} / 1000))"; }

declare -A first=()
begun=$(now_ms)
for node in "${VALIDATORS[@]}"; do
    first[$node]=$(height_of "$node") || {
        bad "$node does not answer"
        slow+=("$node does not answer")
        unset "first[$node]"
    }
done

for node in "${VALIDATORS[@]}"; do
    [[ -n ${first[$node]:-} ]] || continue
    address=$(published "$(container_of "$node")")
    if [[ -z $address ]]; then
        bad "$node is not reachable from the host"
        slow+=("$node is not reachable from the host")
        continue
    fi
    : >"$WORK/times"
    for ((i = 0; i < requests; i++)); do
        curl --silent --fail --output /dev/null --max-time 5 --noproxy '*' --write-out '%{time_total}\n' \
            "http://$address/api/v1/status" >>"$WORK/times" || printf '5.0\n' >>"$WORK/times"
    done
    read -r median worst < <(LC_ALL=C sort -n "$WORK/times" | awk '{ v[NR] = $1 * 1000 } END { printf "%.1f %.1f\n", v[int((NR + 1) / 2)], v[NR] }')
    if ((${median%.*} <= max_latency)); then good "$node: API latency p50 $median ms, max $worst ms (limit p50 $max_latency ms)"; else
        bad "$node: API latency p50 $median ms, max $worst ms (limit p50 $max_latency ms)"
        slow+=("$node answers slowly")
    fi
done

while (($(now_ms) - begun < window * 1000)); do sleep 0.2; done
for node in "${VALIDATORS[@]}"; do
    [[ -n ${first[$node]:-} ]] || continue
    if ! height=$(height_of "$node"); then
        bad "$node stopped answering"
        slow+=("$node stopped answering")
        continue
    fi
    took=$(($(now_ms) - begun))
    made=$((height - first[$node]))
    if ((made > 0 && took / made <= max_interval)); then good "$node: $made blocks in $((took / 1000)) s, one per $((took / made)) ms (limit $max_interval ms)"; else
        bad "$node: $made blocks in $((took / 1000)) s (limit one per $max_interval ms)"
        slow+=("blocks of $node come slowly")
    fi
done

if read -r rows top < <(rows_and_height 2>/dev/null) && height=$(height_of "${VALIDATORS[0]}"); then
    lag=$((height - top))
    if ((lag <= max_lag)); then good "rows: $rows, newest $((lag > 0 ? lag : 0)) block(s) behind the chain (limit $max_lag)"; else
        bad "rows: $rows, newest $lag blocks behind the chain (limit $max_lag)"
        slow+=("the database lags by $lag blocks")
    fi
else
    bad "the rows cannot be compared: the database or ${VALIDATORS[0]} does not answer"
    slow+=("the database cannot be measured")
fi
((${#slow[@]} == 0)) || finish 1 "not within the limits: ${slow[0]}$( ((${#slow[@]} == 1)) || printf ' and %s more' "$((${#slow[@]} - 1))")."
finish 0 "blocks, answers and rows are within all limits."
