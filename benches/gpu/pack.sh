#!/usr/bin/env bash
# Packs all that a machine without a network needs to check and time its GPU: benches/gpu/pack.sh [FILE.tar.gz]
# Sources of the last commit, the crates they need, and programs built here for machines without cargo.
# There: tar xzf FILE.tar.gz && lattice-fields-gpu/benches/gpu/run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
commit=$(git rev-parse --short=12 HEAD)
file=$(realpath -m "${1:-target/lattice-fields-gpu-$commit.tar.gz}")
[[ -z $(git status --porcelain --untracked-files=no) ]] || echo "pack.sh: changes that are not committed stay here" >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
packed=$work/lattice-fields-gpu
mkdir -p "$packed/.cargo" "$packed/carried"
git archive HEAD | tar x -C "$packed"
echo "$commit" > "$packed/COMMIT"

cd "$packed"
cargo vendor --locked --versioned-dirs vendor > .cargo/config.toml 2> "$work/vendor.log" || { cat "$work/vendor.log" >&2; exit 1; }
# What only other systems than Linux compile: cargo wants to know the crate, nobody reads its code.
python3 benches/gpu/thin.py vendor x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu

# Built from what is packed, as it will be there.
export LATTICE_COMMIT=$commit CARGO_NET_OFFLINE=true CARGO_TARGET_DIR=$root/target/packed
. benches/gpu/build.sh
build
cp "$lattice" carried/lattice
cp "$timing" carried/timing
strip carried/lattice carried/timing 2> /dev/null || true
{ rustc -vV | sed -n 's/^host: //p'; ldd --version 2>&1 | head -1; } | paste -sd ' ' > carried/TARGET

mkdir -p "$(dirname "$file")"
tar czf "$file" -C "$work" lattice-fields-gpu
echo "$file, $(du -h "$file" | cut -f1), commit $commit"
