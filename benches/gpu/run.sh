#!/usr/bin/env bash
# Builds without a network, checks a GPU against exact values and times it: benches/gpu/run.sh [--quick] [--help]
# Flags go to compare.py. Works in a checkout and in what pack.sh packs. Exit code 1 if anything is wrong.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD

python=${PYTHON:-python3}
command -v "$python" > /dev/null || { echo "run.sh: expected python3 (its standard library is enough), found none; PYTHON=... names another" >&2; exit 1; }

# In an unpacked archive: what was packed, and no network.
if [[ -d vendor ]]; then
    export CARGO_NET_OFFLINE=true
    LATTICE_COMMIT=$(cat COMMIT)
    export LATTICE_COMMIT
fi

build() {
    command -v cargo > /dev/null || { echo "run.sh: no cargo here" >&2; return 1; }
    cargo build --release --locked --bin lattice || return 1
    lattice=$root/target/release/lattice
    timing=$(cargo bench --locked --bench timing --no-run --message-format=json |
        "$python" -c 'import json, sys
for message in map(json.loads, sys.stdin):
    if message.get("executable") and message["target"]["name"] == "timing":
        print(message["executable"])')
    [[ -x $timing ]]
}

if build; then
    echo "run.sh: built here" >&2
elif [[ -x carried/lattice && -x carried/timing ]]; then
    lattice=$root/carried/lattice timing=$root/carried/timing
    echo "run.sh: cannot build here; the carried programs run, built for $(cat carried/TARGET)" >&2
else
    echo "run.sh: cannot build here, and no programs were carried along" >&2
    exit 1
fi
exec "$python" benches/gpu/compare.py --lattice "$lattice" --timing "$timing" "$@"
