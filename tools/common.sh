# Shared by the scripts of this folder; sourced, not run.
set -euo pipefail
# Where the caller stands: what its options name is relative to it.
CALLER=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PROJECT=$PWD

# One configuration serves the daemon, the tools and the tests, so that nothing is compiled twice.
SWIFT_FLAGS=(-c release -Xswiftc -enable-testing --explicit-target-dependency-import-check error)
BIN="$PROJECT/.build/release"
# What `commonwatt --version` and status call the build; empty where the sources are no git work tree.
COMMONWATT_COMMIT=$(git -C "$PROJECT" describe --always --dirty --abbrev=12 2>/dev/null || true)
export COMMONWATT_COMMIT

DEBIAN_PACKAGES=(libsecp256k1-dev libleveldb-dev libjemalloc-dev libssl-dev libsqlite3-dev zlib1g-dev pkg-config python3 python3-venv
    curl ca-certificates git)

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# A path of the command line, as the caller means it.
from_caller() { case "$1" in /*) printf '%s' "$1" ;; *) printf '%s' "$CALLER/$1" ;; esac; }

# Refuses a folder that is neither new nor empty nor of an earlier run of the same script, which left the file MARKER.
#   check_folder DIR MARKER
check_folder() {
    [ -f "$1/devnet.pid" ] && fail "a network of $1 is still up; stop it with: $BIN/commonwatt devnet stop --dir '$1'"
    [ ! -e "$1" ] || [ -e "$1/$2" ] || { [ -d "$1" ] && [ -z "$(ls -A "$1")" ]; } ||
        fail "$1 is not empty and of no earlier run: choose another folder with --dir"
    case "$PROJECT/" in "$(realpath -m "$1")"/*) fail "$1 holds this project: choose another folder with --dir" ;; esac
}

# Makes such a folder anew.
#   fresh_folder DIR MARKER
fresh_folder() {
    check_folder "$1" "$2"
    rm -rf "$1"
    mkdir -p "$1"
    touch "$1/$2"
}

# Installs the named Debian packages that are missing. Says what it would do when it may not.
need_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "Installing ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "run as root once, or install these packages: ${missing[*]}"
        as_root=(sudo)
    fi
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" \
        >/dev/null 2>&1 && return 0
    "${as_root[@]}" apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"
}

need_swift() {
    command -v swift >/dev/null || fail "Swift 6.3 is needed (https://www.swift.org/install/linux/); 'swift' is not on the PATH"
    local version
    version=$(swift --version 2>/dev/null | grep -o 'Swift version [0-9.]*' | grep -o '[0-9][0-9.]*' | head -n 1)
    case "$version" in
        6.[3-9]* | [7-9].*) ;;
        *) fail "Swift 6.3 or newer is needed, this is ${version:-unknown}" ;;
    esac
}

build() {
    say "Building (the first build takes some 10 minutes on two cores)"
    swift build "${SWIFT_FLAGS[@]}" "$@"
}
