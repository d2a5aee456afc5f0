#!/usr/bin/env bash
# Configuration and its backups are for their owner only.
set -euo pipefail

chmod 700 -- "$BT2C_CONFIG"
[[ ! -e $BT2C_CONFIG/testnet.env ]] || chmod 600 -- "$BT2C_CONFIG/testnet.env"
for directory in "$BT2C_BACKUPS/config" "$BT2C_BACKUPS/aside"; do
    [[ -d $directory ]] || continue
    if [[ -O $directory ]]; then
        find "$directory" -type f -user "$(id -u)" -perm /077 -exec chmod go-rwx -- {} +
        [[ $directory != */aside ]] || chmod 700 -- "$directory"
    fi
done
