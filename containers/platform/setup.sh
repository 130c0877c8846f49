#!/bin/sh
# Makes what the other services start with: the data folder, and the keys between them. It runs before every start
# and leaves alone what is there.
set -eu
umask 077

new_key() {
    python -c 'import secrets; print(secrets.token_hex(24))'
}

# keep FILE OWNER VALUE: the file is there whole, or not at all.
keep() {
    [ -e "$1" ] && return
    printf '%s\n' "$3" > "$1.new"
    chmod 0400 "$1.new"
    chown "$2" "$1.new"
    mv "$1.new" "$1"
}

keep /keys/postgres/password root "$(new_key)"
keep /keys/minio/user root "clary-$(new_key | cut -c 1-12)"
keep /keys/minio/password root "$(new_key)"

chown clary:clary /keys/platform
keep /keys/platform/clary_database_url clary \
    "postgresql://clary:$(cat /keys/postgres/password)@postgres/clary"
keep /keys/platform/clary_s3_access_key_id clary "$(cat /keys/minio/user)"
keep /keys/platform/clary_s3_secret_access_key clary "$(cat /keys/minio/password)"

mkdir -p "$CLARY_DATA_DIR"
if [ -z "$(ls -A "$CLARY_DATA_DIR")" ]; then
    chown clary:clary "$CLARY_DATA_DIR"
    chmod 0700 "$CLARY_DATA_DIR"
elif [ "$(stat -c %U "$CLARY_DATA_DIR")" != clary ]; then
    echo "$CLARY_DATA_DIR is not empty and not this stack's: set CLARY_DATA_DIR to another folder." >&2
    exit 1
fi
