# shellcheck shell=bash
# What was revoked: salted hashes of passwords and public keys, so that their return is noticed. Never a secret.

REVOKED=$BT2C_CONFIG/revoked

# The text is on stdin: it is a secret.
salted() { { printf '%s:' "$1"; cat; } | sha256sum | cut -d ' ' -f 1; }

revoke_password() {
    local salt
    mkdir -p -- "$REVOKED"
    salt=$(random_hex 16)
    printf '%s %s %s\n' "$NOW" "$salt" "$(salted "$salt" <<<"$1")" >>"$REVOKED/passwords"
}

password_revoked() {
    local at salt hash
    [[ -r $REVOKED/passwords ]] || return 1
    while read -r at salt hash; do
        [[ -n $at && $(salted "$salt" <<<"$1") != "$hash" ]] || return 0
    done <"$REVOKED/passwords"
    return 1
}

active_key() { jq -r --arg node "$1" '.[$node][-1].public_key' "$VALIDATORS_JSON"; }

revoke_keys_of() { # node from-height
    local key
    mkdir -p -- "$REVOKED"
    while IFS= read -r key; do
        if ! grep -qs -- " $1 $key " "$REVOKED/keys"; then
            printf '%s %s %s %s\n' "$NOW" "$1" "$key" "$2" >>"$REVOKED/keys"
        fi
    done < <(jq -r --arg node "$1" '.[$node][].public_key' "$VALIDATORS_JSON")
}

key_revoked() { grep -qs -- " $1 " "$REVOKED/keys"; }
