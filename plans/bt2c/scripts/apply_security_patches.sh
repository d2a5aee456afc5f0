#!/usr/bin/env bash
# Applies the patches in patches/ that are not applied yet, and makes containers anew whose image has a newer version.
# shellcheck source=lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

usage() {
    cat <<'END'
usage: apply_security_patches.sh [--again] [--timeout SECONDS] [--dry-run]

Patches are numbered files in patches/, *.sql for the database and *.sh for this host, each safe to apply twice. Which
ones were applied is in $BT2C_CONFIG/applied-patches; a database made anew gets its patches again. Containers whose image's
name means a newer image by now are made anew, those that ran are started.
Postgres is started for it if it is down. Validators keep running or stay stopped.

  --again    apply all, whatever the list says
  --timeout  for Postgres to answer (default 120)

Exit: 0 all applied, 1 one failed (it says which), 2 wrong usage, or something needed is missing, 3 refused (another script is
at work). With 2 and 3 nothing was done.
END
}

options dry-run timeout=120 -- "$@"
set -- "${REST[@]}"
again=no
while (($#)); do
    case $1 in
        --again) again=yes ;;
        *) misuse "unknown argument $1." ;;
    esac
    shift
done
prepare
list=$BT2C_CONFIG/applied-patches
patches=()
for file in "$HERE"/patches/[0-9]*; do
    [[ -f $file && ! -L $file ]] || continue
    [[ ${file##*/} =~ ^[0-9]{3}-[a-z0-9-]+\.(sql|sh)$ ]] || missing "'${file##*/}' in patches/ is no name of a patch (001-what-it-does.sql or .sh)."
    patches+=("$file")
done
((${#patches[@]})) || missing "there are no patches in $HERE/patches."
say "I will apply what is not applied yet of ${#patches[@]} patches to project $MUSTER_PROJECT, and renew containers with an outdated image."
take_lock

if ! dry; then
    code=0
    start_postgres "$limit" || code=$?
    ((code == 0)) || finish 1 "Postgres does not answer, so no patch was applied. restore_db.sh heals it."
fi
# A database made anew is another one, and has none of the patches.
cluster=none
if postgres_answers; then cluster=$(query 'SELECT system_identifier FROM pg_control_system()'); fi

applied=0
for file in "${patches[@]}"; do
    name=${file##*/} where=host
    [[ $name != *.sql ]] || where=$cluster
    if [[ $again = no ]] && grep -qsxF -- "$name $(digest_of "$file") $where" <(cut -d ' ' -f 2- "$list" 2>/dev/null); then
        note "$name is applied already"
        continue
    fi
    if dry; then
        note "$name: $(sed -n '1s/^[-# ]*//p' <(grep -v '^#!' "$file"))"
        applied=$((applied + 1))
        continue
    fi
    code=0
    case $name in
        *.sql) sql <"$file" >"$WORK/patch.log" 2>&1 || code=$? ;;
        *) timeout --foreground -k 5 120 bash -- "$file" </dev/null >"$WORK/patch.log" 2>&1 || code=$? ;;
    esac
    sed 's/^/      /' "$WORK/patch.log"
    ((code == 0)) || finish 1 "$name failed with code $code, $applied patch(es) before it are applied; the network runs as before."
    printf '%s %s %s %s\n' "$NOW" "$name" "$(digest_of "$file")" "$where" >>"$list"
    audit "patch $name applied"
    good "$name is applied"
    applied=$((applied + 1))
done

outdated=() ran=()
while IFS= read -r service; do
    id=$(container_of "$service")
    [[ -n $id ]] || continue
    latest=$(dk image inspect -f '{{.Id}}' "$(dk inspect -f '{{.Config.Image}}' "$id")" 2>/dev/null) || continue
    [[ $(dk inspect -f '{{.Image}}' "$id") != "$latest" ]] || continue
    outdated+=("$service")
    ! is_up "$service" || ran+=("$service")
    note "$service was made from an older image than its name means now"
done < <(services)
! dry || dry_end "$applied patch(es) would be applied; to be made anew: ${outdated[*]:-none}."
if ((${#outdated[@]})); then
    ((${#ran[@]} == 0)) || start_services "${ran[@]}" || finish 1 "the patches are applied, but ${ran[*]} could not be made anew."
    compose_quietly up --no-start --no-deps "${outdated[@]}" || finish 1 "the patches are applied, but ${outdated[*]} could not be made anew."
    audit "made anew with newer images: ${outdated[*]}"
    good "made anew with their newer image: ${outdated[*]} (verify_integrity.sh --record, once you know the images are right)"
fi
finish 0 "all ${#patches[@]} patches are applied ($applied of them now); containers made anew: ${outdated[*]:-none}."
