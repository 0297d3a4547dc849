"""Empties vendored crates that no build for the given targets reads: python thin.py VENDOR TARGET ..."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

vendor, targets = Path(sys.argv[1]), sys.argv[2:]
needed = set()
for target in targets:
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", target]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    resolved = {node["id"] for node in found["resolve"]["nodes"]}
    needed |= {Path(p["manifest_path"]).parent.name for p in found["packages"] if p["id"] in resolved}
emptied = 0
for crate in vendor.iterdir():
    if crate.name in needed:
        continue
    emptied += 1
    for path in crate.iterdir():
        if path.name in ("Cargo.toml", ".cargo-checksum.json"):
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    # A manifest must have a target.
    (crate / "src").mkdir()
    (crate / "src" / "lib.rs").touch()
    sums = json.loads((crate / ".cargo-checksum.json").read_text())
    (crate / ".cargo-checksum.json").write_text(json.dumps({"files": {}, "package": sums["package"]}))
print(f"{emptied} of {len(list(vendor.iterdir()))} crates are for other systems", file=sys.stderr)
