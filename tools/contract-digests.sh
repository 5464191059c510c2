#!/usr/bin/env bash
# Prints the digest of each contract's sources, and with --write puts them into Contracts/Suite/SourceDigests.swift.
# The digest is SHA-256 over the lines "<sha256>  ./<path>" of the folder's Swift files in byte order of path, so that
# anyone can check a release with standard tools.
set -euo pipefail
cd "$(dirname "$0")/.."
target=Contracts/Suite/SourceDigests.swift

digest() {
    (cd "Contracts/$1" && find . -name '*.swift' | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-64)
}

for folder in $(sed -n 's/^ *("\([A-Za-z]*\)", .*/\1/p' "$target"); do
    value=$(digest "$folder")
    echo "$folder $value"
    if [ "${1:-}" = --write ]; then
        sed -i "s/(\"$folder\", \"[0-9a-f]*\")/(\"$folder\", \"$value\")/" "$target"
    fi
done
