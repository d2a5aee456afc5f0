#!/usr/bin/env bash
# Writes down the state of chains, rows, backups and manifest, for people (.md) and programs (.json). Changes nothing else.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: generate_integrity_report.sh

Writes $BT2C_LOGS/reports/integrity-<time>.md and .json and prints their paths. Finding damage is no failure of the
report; the last line says what was found.

Exit: 0 written, whatever was found; 1 could not be written; 2 wrong usage, or something needed is missing.
END
}

help_if_asked "$@"
(($# == 0)) || misuse "no argument is expected, not '$1'."
prepare
need_validators_json
directory=$BT2C_LOGS/reports
mkdir -p -- "$directory" 2>/dev/null || missing "$directory cannot be made."
[[ -w $directory ]] || missing "$directory cannot be written."
base=$directory/integrity-$NOW
say "I will write down the integrity of project $MUSTER_PROJECT in $base.md and .json. Nothing is changed."

chains='{}' findings='[]'
finding() {
    findings=$(jq -c --arg text "$1" '. + [$text]' <<<"$findings")
    note "found: $1"
}
for node in "${VALIDATORS[@]}"; do
    verdict=$(verdict_of "$node")
    chains=$(jq -c --arg node "$node" --arg state "$(state_of "$node")" --argjson verdict "$verdict" '.[$node] = ({state: $state} + $verdict)' <<<"$chains")
    sound "$verdict" || finding "$node: chain $(verdict_text "$verdict")"
done
forks='[]' sound_first=""
for node in "${VALIDATORS[@]}"; do
    jq -e --arg node "$node" '.[$node].sound' >/dev/null <<<"$chains" || continue
    if [[ -z $sound_first ]]; then
        sound_first=$node
        continue
    fi
    between=$(fork_between "$sound_first" "$node") || continue
    forks=$(jq -c --arg one "$sound_first" --arg other "$node" --argjson between "$between" '. + [{one: $one, other: $other, between: $between}]' <<<"$forks")
    ! fork_is_real "$between" || finding "$sound_first and $node fork above block $(fork_height "$between")"
done

database='{"answers": false}'
if postgres_answers && read -r rows top < <(rows_and_height 2>/dev/null); then
    matches=null
    if [[ -n $sound_first ]]; then
        matches=true
        rows_match_chain "$sound_first" || {
            matches=false
            finding "the rows in blocks are not the chain of $sound_first: first difference $(cat "$WORK/first.diff" 2>/dev/null)"
        }
    fi
    database=$(jq -nc --argjson rows "$rows" --argjson top "$top" --argjson matches "$matches" '{answers: true, rows: $rows, max_height: $top, same_as_chain: $matches}')
else
    finding "the database does not answer"
fi

backups='{}'
for kind in db chain config; do
    good_n=0 bad_n=0 newest_good=""
    while IFS= read -r file; do
        [[ -n $file ]] || continue
        if checksum_holds "$file"; then
            good_n=$((good_n + 1))
            [[ -n $newest_good ]] || newest_good=${file##*/}
        else
            bad_n=$((bad_n + 1))
            finding "backup $kind/${file##*/} is not as it was taken"
        fi
    done < <(backups_until "$kind" 99999999T999999Z)
    ((good_n)) || finding "there is no good backup of kind $kind"
    backups=$(jq -c --arg kind "$kind" --argjson good "$good_n" --argjson bad "$bad_n" --arg newest "$newest_good" \
        '.[$kind] = {good: $good, bad: $bad, newest_good: (if $newest == "" then null else $newest end)}' <<<"$backups")
done

compared='{"recorded_at": null, "differs": []}'
if [[ -r $MANIFEST ]] && jq -e '.recorded | type == "object"' "$MANIFEST" >/dev/null 2>&1; then
    fingerprints >"$WORK/now"
    compared=$(jq -Rn --slurpfile manifest "$MANIFEST" \
        '[inputs | split("\t") | {key: .[0], value: .[1]}] | from_entries as $now | $manifest[0].recorded as $recorded |
        {recorded_at: $manifest[0].recorded_at,
         differs: [($now + $recorded) | keys[] | select($now[.] != $recorded[.])]}' <"$WORK/now")
    while IFS= read -r key; do finding "not as recorded: $key"; done < <(jq -r '.differs[]' <<<"$compared")
else
    finding "there is no manifest to compare with (verify_integrity.sh --record makes one)"
fi

jq -n --arg project "$MUSTER_PROJECT" --arg at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg run "${MUSTER_RUN:-}" --argjson findings "$findings" \
    --argjson chains "$chains" --argjson forks "$forks" --argjson database "$database" --argjson backups "$backups" --argjson manifest "$compared" \
    '{project: $project, written_at: $at, run: (if $run == "" then null else $run end), findings: $findings, chains: $chains, forks: $forks,
      database: $database, backups: $backups, manifest: $manifest}' | write_file "$base.json" 640 || finish 1 "the report could not be written."
jq -r '
    def hash: if . == null then "-" else tostring | .[0:16] end;
    "# Integrity report: \(.project)\n\nWritten \(.written_at)\(if .run then ", run \(.run)" else "" end).\n",
    "## Findings\n",
    (if (.findings | length) == 0 then "Nothing is wrong.\n" else (.findings | map("- " + .) | join("\n")) + "\n" end),
    "## Chains\n\n| Node | State | Sound | Blocks | Height | Head | First bad block |\n|---|---|---|---|---|---|---|",
    (.chains | to_entries[] | "| \(.key) | \(.value.state) | \(if .value.sound then "yes" else "NO" end) | \(.value.blocks) | \(.value.height // "-") | \(.value.head | hash) | \(if .value.first_bad then "height \(.value.first_bad.height // "?"), line \(.value.first_bad.line // "?"): \(.value.first_bad.reason)" else "-" end) |"),
    "",
    (.forks[] | "\(.one) and \(.other): \(if .between.forked then "fork" else "one chain" end), last common block \(.between.common.height // "none").\n"),
    "## Database\n\n" + (if .database.answers then "\(.database.rows) rows up to height \(.database.max_height); same as the chain: \(.database.same_as_chain)." else "It does not answer." end) + "\n",
    "## Backups\n\n| Kind | Good | Bad | Newest good |\n|---|---|---|---|",
    (.backups | to_entries[] | "| \(.key) | \(.value.good) | \(.value.bad) | \(.value.newest_good // "-") |"),
    "\n## Manifest\n\n" + (if .manifest.recorded_at then "Recorded \(.manifest.recorded_at); \(.manifest.differs | length) entries differ." else "None." end)
    ' "$base.json" | write_file "$base.md" 640 || finish 1 "the report could not be written."
audit "integrity report $base.md"
say "$base.md"
say "$base.json"
n=$(jq length <<<"$findings")
finish 0 "the report is written; it holds $( ((n)) && printf '%s finding(s), first: %s' "$n" "$(jq -r '.[0]' <<<"$findings")" || printf 'no finding: nothing is wrong')."
