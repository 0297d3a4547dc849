#!/usr/bin/env bash
# Builds without a network, checks a GPU against exact values and times it: benches/gpu/run.sh [--quick] [--help]
# Flags go to compare.py. Works in a checkout and in what pack.sh packs. Exit code 1 if anything is wrong.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD

# The Python that has JAX and PyTorch, if any has; its standard library is enough for the rest.
python=${PYTHON:-python3}
command -v "$python" > /dev/null || { echo "run.sh: expected $python, found none (PYTHON=... names another)" >&2; exit 1; }

# In an unpacked archive: what was packed, and no network.
if [[ -d vendor ]]; then
    export CARGO_NET_OFFLINE=true
    LATTICE_COMMIT=$(cat COMMIT)
    export LATTICE_COMMIT
fi

. benches/gpu/build.sh
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
