#!/bin/sh
# Prints the folder with sqlite3.c and sqlite3.h from the crate that Cargo.toml beside this script names; cargo downloads
# the crate when it is not there yet. The target folder is never written: nothing is built.
set -eu
manifest=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/Cargo.toml
cargo fetch --quiet --locked --manifest-path "$manifest" >&2
# One line of JSON; the crate's own manifest path is the only one with its name and version in it.
crate=$(cargo metadata --locked --offline --format-version 1 --manifest-path "$manifest" |
    tr ',' '\n' | sed -n 's|.*"manifest_path":"\(.*/libsqlite3-sys-[^/"]*\)/Cargo.toml".*|\1|p')
if [ ! -f "$crate/sqlite3/sqlite3.c" ]; then
    echo "locate.sh: no sqlite3/sqlite3.c in the crate libsqlite3-sys (looked in '$crate')" >&2
    exit 1
fi
echo "$crate/sqlite3"
