#!/usr/bin/env bash
# Takes database, chain and, if asked, configuration back to the newest backups not after an instant.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: restore_system.sh --timestamp WHEN [--config] [--rebuild] [--dry-run]

WHEN is an instant (2026-01-31T03:04:05Z), a backup's name (20260131T030405Z), `latest`, or `pre-incident`: the moment the
incident was declared (MUSTER_INCIDENT_DECLARED_AT). Only backups whose checksum is right and whose content is sound are
taken; the newest such one not after WHEN, of database and chain. Validators must be stopped.
The present state is kept: the database in $BT2C_BACKUPS/aside, the chains in their volumes, the configuration likewise.

  --config   the configuration too. Not by default: after a break-in the credentials were just changed, and the old
             configuration holds the old ones.
  --rebuild  give Postgres a new data directory. `pre-incident` always does: an intruder may have left roles, functions
             or tables in the old one, which loading a dump would not take away.

Exit: 0 restored, 1 could not be, 2 wrong usage, or something needed is missing (MUSTER_INCIDENT_DECLARED_AT too), 3 refused
(validators run, there is no sound backup from before, another script is at work). With 2 and 3 nothing was done.
END
}

options dry-run -- "$@"
set -- "${REST[@]}"
when="" config=no rebuild=()
while (($#)); do
    case $1 in
        --timestamp) need_value "$@"; when=$2; shift ;;
        --timestamp=*) when=${1#*=} ;;
        --config) config=yes ;;
        --rebuild) rebuild=(--rebuild) ;;
        *) misuse "unknown argument $1." ;;
    esac
    shift
done
case $when in
    '') misuse "restore to when? --timestamp says it." ;;
    latest) instant=99999999T999999Z words="the newest backups" ;;
    pre-incident)
        [[ -n ${MUSTER_INCIDENT_DECLARED_AT:-} ]] || misuse "'pre-incident' means MUSTER_INCIDENT_DECLARED_AT, and that is not set."
        instant=$(instant_of "$MUSTER_INCIDENT_DECLARED_AT") || misuse "MUSTER_INCIDENT_DECLARED_AT is '$MUSTER_INCIDENT_DECLARED_AT', no instant."
        words="the newest backups from before the incident ($MUSTER_INCIDENT_DECLARED_AT)"
        rebuild=(--rebuild)
        ;;
    *)
        instant=$(instant_of "$when") || misuse "'$when' is neither an instant nor a backup's name."
        words="the newest backups not after $when"
        ;;
esac
prepare "--timestamp $when"
need_validators_json
say "I will take database and chain$([[ $config = no ]] || printf ' and configuration') of project $MUSTER_PROJECT back to $words."
mapfile -t up < <(active_validators)
((${#up[@]} == 0)) || refuse "${up[*]} run. Stop them first (docker-compose stop ${up[*]})."

dump="" archive="" settings=""
while IFS= read -r file; do
    if checksum_holds "$file" && dump_complete "$file"; then
        dump=$file
        break
    fi
    note "database backup ${file##*/}: not as it was taken"
done < <(backups_until db "$instant")
# With the configuration goes back whose signature counts; the chain is then verified by restore_chain.sh under that.
while IFS= read -r file; do
    if [[ $config = yes ]] && checksum_holds "$file" || chain_backup_sound "$file" chosen </dev/null; then
        archive=$file
        break
    fi
    note "chain backup ${file##*/}: not sound, or not as it was taken"
done < <(backups_until chain "$instant")
if [[ $config = yes ]]; then
    while IFS= read -r file; do
        if checksum_holds "$file" && names_stay_inside "$file"; then
            settings=$file
            break
        fi
        note "configuration backup ${file##*/}: not as it was taken"
    done < <(backups_until config "$instant")
    [[ -n $settings ]] || refuse "there is no good configuration backup from then in $BT2C_BACKUPS/config."
fi
[[ -n $dump ]] || refuse "there is no good database backup from then in $BT2C_BACKUPS/db."
[[ -n $archive ]] || refuse "there is no sound chain backup from then in $BT2C_BACKUPS/chain."
note "database:      ${dump##*/}, $(side "$dump" rows) rows up to height $(side "$dump" max_height)"
note "chain:         ${archive##*/}, up to height $(side "$archive" max_height)"
settings_name=${settings##*/}
note "configuration: ${settings_name:-stays as it is}"
! dry || dry_end "These are the backups that would be restored."
take_lock

if [[ -n $settings ]]; then
    kept=$(aside_dir)/config-before-restore-$NOW.tar.gz
    tar -czf "$kept" -C "$BT2C_CONFIG" . || finish 1 "the present configuration could not be kept, so nothing was restored."
    note "the present configuration is kept in $kept"
    mkdir -- "$WORK/config"
    tar -xzf "$settings" -C "$WORK/config" --no-same-owner
    [[ -z $(find "$WORK/config" ! -type f ! -type d -print -quit) ]] || finish 1 "the configuration backup holds something that is neither file nor directory; nothing was restored."
    while IFS= read -r file; do
        name=${file#"$WORK/config/"}
        # What was revoked since then stays revoked.
        [[ $name != revoked/* ]] || continue
        mkdir -p -- "$BT2C_CONFIG/$(dirname -- "$name")"
        cp -p -- "$file" "$BT2C_CONFIG/$name.restoring"
        mv -f -- "$BT2C_CONFIG/$name.restoring" "$BT2C_CONFIG/$name"
    done < <(find "$WORK/config" -type f)
    chmod 700 -- "$BT2C_CONFIG"
    audit "configuration restored from ${settings##*/}"
    good "the configuration is that of ${settings##*/}"
fi

say ""
"$HERE/restore_db.sh" "$dump" "${rebuild[@]}" || finish 1 "the database could not be restored (see above); the chain was not touched."
say ""
"$HERE/restore_chain.sh" "$archive" --force || finish 1 "the database is restored, the chain could not be (see above)."
say ""
drop_rows_above "$(height_in "$(verdict_of "${VALIDATORS[0]}")")" || warn "rows above the restored chain stay until it has grown past them."
accept_lower_backups
audit "system restored: ${dump##*/}, ${archive##*/}${settings:+, config ${settings##*/}}"
finish 0 "restored to $words: database ${dump##*/}, chain ${archive##*/}, configuration ${settings_name:-as it is}. Validators are stopped; compose up -d starts them."
