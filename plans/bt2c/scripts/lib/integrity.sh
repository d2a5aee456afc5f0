# shellcheck shell=bash
# The manifest of what belongs here: images, Compose file, scripts, configuration. Compares and records, heals nothing.

MANIFEST=$BT2C_CONFIG/integrity.json

# Lines "key<TAB>digest" of everything that should not change by itself.
fingerprints() {
    local file image key
    printf 'compose-file\t%s\n' "$(digest_of "$MUSTER_COMPOSE_FILE")"
    for image in "$NODE_IMAGE" "$POSTGRES_IMAGE" "$BACKUP_IMAGE"; do
        printf 'image %s\t%s\n' "$image" "$(dk image inspect -f '{{.Id}}' "$image" 2>/dev/null || printf missing)"
    done
    # Without the password: it changes by rotation, and a digest of it would be something to guess against.
    printf 'config testnet.env\t%s\n' "$(sed '/^TESTNET_DB_PASSWORD=/d' "$MUSTER_COMPOSE_ENV_FILE" | sha256sum | cut -d ' ' -f 1)"
    for file in "$BT2C_CONFIG"/network/validators.json "$BT2C_CONFIG"/validator*/key; do
        [[ -e $file ]] || continue
        key=${file#"$BT2C_CONFIG"/}
        printf 'config %s\t%s\n' "$key" "$(config_digest "$key")"
    done
    while IFS= read -r file; do
        printf 'script %s\t%s\n' "${file#"$HERE"/}" "$(digest_of "$file")"
    done < <(find "$HERE" -type f \( -name '*.sh' -o -name '*.sql' \) | sort)
}

config_digest() { digest_of "$BT2C_CONFIG/$1" 2>/dev/null || printf missing; }

manifest_value() { # key
    if [[ -r $MANIFEST ]]; then jq -r --arg key "$1" '.recorded[$key] // empty' "$MANIFEST"; fi
}

manifest_record() {
    fingerprints | jq -Rn --arg at "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        '{recorded_at: $at, recorded: [inputs | split("\t") | {key: .[0], value: .[1]}] | from_entries}' |
        write_file "$MANIFEST"
}

# Before we change something that the manifest knows, we look whether somebody else changed it already. Only what was
# as recorded is recorded anew afterwards: our own change must not cover a stranger's.
declare -A WAS_AS_RECORDED=()

remember_key() { # manifest key, digest now
    WAS_AS_RECORDED[$1]=no
    if [[ $(manifest_value "$1") = "$2" ]]; then WAS_AS_RECORDED[$1]=yes; fi
}

changed_by_us() { # manifest key, digest now
    [[ -r $MANIFEST ]] || return 0
    if [[ ${WAS_AS_RECORDED[$1]:-no} = yes ]]; then
        jq --arg key "$1" --arg digest "$2" '.recorded[$key] = $digest' "$MANIFEST" >"$WORK/manifest.json"
        write_file "$MANIFEST" <"$WORK/manifest.json"
    else
        warn "$1 was not as recorded even before; verify_integrity goes on reporting it."
    fi
}

remember_config_change() { remember_key "config $1" "$(config_digest "$1")"; }
config_was_changed_by_us() { changed_by_us "config $1" "$(config_digest "$1")"; }
