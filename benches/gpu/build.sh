# Sourced by pack.sh and run.sh: builds the command and the timing bench, sets $lattice and $timing to their paths.

build() {
    command -v cargo > /dev/null || { echo "no cargo here" >&2; return 1; }
    local built
    built=$(cargo build --release --locked --bin lattice --bench timing --message-format=json-render-diagnostics |
        "${PYTHON:-python3}" -c 'import json, sys
for message in map(json.loads, sys.stdin):
    if message.get("executable"):
        print(message["target"]["name"], message["executable"])') || return 1
    lattice=$(sed -n 's/^lattice //p' <<< "$built")
    timing=$(sed -n 's/^timing //p' <<< "$built")
    [[ -x $lattice && -x $timing ]]
}
