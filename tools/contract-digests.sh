#!/usr/bin/env bash
# Prints the digest of each contract's sources and that of the rules they run under, and with --write puts them into
# Contracts/Suite/SourceDigests.swift. A contract's digest is SHA-256 over the lines "<sha256>  ./<path>" of the folder's
# Swift files in byte order of path, that of the rules the same over "<sha256>  <path>" of the Swift and C files of their
# folders, paths from here, so that anyone can check a release with standard tools.
set -euo pipefail
cd "$(dirname "$0")/.."
target=Contracts/Suite/SourceDigests.swift

contract() {
    (cd "Contracts/$1" && find . -name '*.swift' | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-64)
}

rules() {
    # shellcheck disable=SC2046
    find $(sed -n 's/^ *"\(\(Contracts\|Ledger\)\/[A-Za-z0-9\/]*\)",$/\1/p' "$target") -name '*.swift' -o -name '*.h' \
        | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-64
}

for folder in $(sed -n 's/^ *("\([A-Za-z]*\)", .*/\1/p' "$target"); do
    value=$(contract "$folder")
    echo "$folder $value"
    if [ "${1:-}" = --write ]; then
        sed -i "s/(\"$folder\", \"[0-9a-f]*\")/(\"$folder\", \"$value\")/" "$target"
    fi
done
value=$(rules)
echo "rules $value"
if [ "${1:-}" = --write ]; then
    sed -i "s/rules = \"[0-9a-f]*\"/rules = \"$value\"/" "$target"
fi
