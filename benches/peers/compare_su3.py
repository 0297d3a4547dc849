"""Times leapfrog steps of SU(3) of this project and of JAX in turn, in one run: python compare_su3.py [--help]

Both use all cores that the process may run on. Every round runs each lattice and precision once in each framework; the
table shows medians over the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--seconds", type=float, default=3.0)
parser.add_argument("--extents", type=int, nargs="+", default=[8, 16])
args = parser.parse_args()

command = ["cargo", "bench", "--bench", "gauge", "--no-run", "--message-format=json"]
built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
messages = [json.loads(line) for line in built.stdout.splitlines()]
program = [m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "gauge"][-1]
cores = str(len(os.sched_getaffinity(0)))


def run(words):
    done = subprocess.run(words, cwd=HERE, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


times = {}
for _ in range(args.rounds):
    for extent in args.extents:
        lines = run([program, "--workload", "step", cores, str(args.seconds), str(extent)])
        for dtype in ["f32", "f64"]:
            lines += run([sys.executable, "su3_jax.py", str(extent), dtype, str(args.seconds)])
        for line in lines:
            times.setdefault((extent, line["dtype"]), {}).setdefault(line["framework"], []).append(line["seconds"])

print(f"load {os.getloadavg()[0]:.1f}, {cores} cores\n{'lattice':>8}{'':>5}{'ours, ms':>12}{'JAX, ms':>12}{'ratio':>8}")
for (extent, dtype), found in sorted(times.items()):
    ours, jax = (1e3 * statistics.median(found[name]) for name in ["lattice-fields", "jax"])
    print(f"{extent:>6}^4{dtype:>5}{ours:>12.3f}{jax:>12.3f}{jax / ours:>8.1f}")
