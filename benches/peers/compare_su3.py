"""Times leapfrog steps of SU(3) of this project and of JAX in turn, in one run, then exponentials beside JAX, PyTorch and
SciPy, those that there are: python compare_su3.py [--help]

All use all cores that the process may run on (SciPy one). Every round runs each lattice and precision once in each framework;
the tables show medians over the rounds.
"""

import argparse
import importlib.util
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

exponentials = {}
for _ in range(args.rounds):
    lines = run([program, "--workload", "exp", cores, str(args.seconds), "16"])
    for name in ["jax", "torch", "scipy"]:
        if importlib.util.find_spec(name):
            for dtype in ["f32", "f64"]:
                lines += run([sys.executable, "exp_su3.py", name, dtype, str(args.seconds)])
    for line in lines:
        name = " ".join(line[key] for key in ["framework", "form"] if key in line)
        rate = line.get("links_per_second") or line["matrices"] / line["seconds"]
        exponentials.setdefault((line["dtype"], name), []).append(rate)

print(f"load {os.getloadavg()[0]:.1f}, {cores} cores\n{'lattice':>8}{'':>5}{'ours, ms':>12}{'JAX, ms':>12}{'ratio':>8}")
for (extent, dtype), found in sorted(times.items()):
    ours, jax = (1e3 * statistics.median(found[name]) for name in ["lattice-fields", "jax"])
    print(f"{extent:>6}^4{dtype:>5}{ours:>12.3f}{jax:>12.3f}{jax / ours:>8.1f}")
print(f"{'millions of exponentials a second':>44}")
for (dtype, name), rates in sorted(exponentials.items()):
    print(f"{name:>30}{dtype:>5}{1e-6 * statistics.median(rates):>9.2f}")
