"""Times this project and its peers in turn, in one run, and prints a table: python compare.py [--help]

One core means pinned to a core (Linux) with one thread; two cores means two threads. Every round runs each workload
once in each framework, one after the other, so that what else happens on the machine meets all of them; the table shows
the median over the rounds. All lines are appended to benches/runs/<date>-<machine>.csv.
"""

import argparse
import csv
import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from clock import WORKLOADS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--seconds", type=float, default=2.0, help="of timing for each entry of each round")
parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
parser.add_argument("--workloads", nargs="+", default=list(WORKLOADS), choices=list(WORKLOADS))
parser.add_argument("--compile", action="store_true", help="also torch.compile, a minute for each entry")
args = parser.parse_args()


def ours():
    """Builds the timing program and returns its path."""
    command = ["cargo", "bench", "--bench", "timing", "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "timing":
            return message["executable"]
    sys.exit("cargo built no timing program")


def entries(program, workload, cores):
    """The commands that time a workload."""
    seconds, python = str(args.seconds), sys.executable
    peer = [workload, "--seconds", seconds, "--threads", str(cores)]
    yield [program, str(cores), seconds, workload]
    yield [python, "phi4_jax.py", *peer]
    if workload.endswith("batch1024"):
        yield [python, "phi4_jax.py", *peer, "--variant", "dense"]
    yield [python, "phi4_torch.py", *peer]
    if args.compile:
        yield [python, "phi4_torch.py", *peer, "--compile"]


def run(command, cores):
    pin = ["taskset", "-c", "0" if cores == 1 else f"0-{cores - 1}"] if shutil.which("taskset") else []
    env = dict(os.environ, OMP_NUM_THREADS=str(cores), PYTHONWARNINGS="ignore", JAX_PLATFORMS="cpu")
    result = subprocess.run(pin + command, cwd=HERE, env=env, capture_output=True, text=True)
    try:
        return json.loads(result.stdout.strip().splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        print(f"failed: {' '.join(command)}\n{result.stderr[-500:]}", file=sys.stderr)
        return None


def machine():
    """A short name of the processor."""
    try:
        names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        names = []
    name = names[0] if names else platform.processor() or platform.machine()
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") + f"-{os.cpu_count()}-cores"


def main():
    program, results, lines = ours(), {}, []
    date = datetime.date.today().isoformat()
    for round_ in range(args.rounds):
        for cores in args.cores:
            for workload in args.workloads:
                for command in entries(program, workload, cores):
                    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
                    found = run(command, cores)
                    if found is None:
                        continue
                    key = (found["framework"], found["variant"])
                    results.setdefault((cores, workload), {}).setdefault(key, []).append(found["seconds"])
                    lines.append([date, cores, workload, *key, round_, found["seconds"], found["best"], load])
                    print(f"{cores} core(s) {workload} {' '.join(key)}: {1e3 * found['seconds']:.3f} ms", file=sys.stderr)
    save(date, lines)
    print("| cores | workload | Lattice Fields | peers, ms | best peer / ours |\n|---|---|---|---|---|")
    for (cores, workload), found in results.items():
        medians = {key: 1e3 * statistics.median(seconds) for key, seconds in found.items()}
        own = next((ms for (name, _), ms in medians.items() if name == "lattice-fields"), None)
        peers = {key: ms for key, ms in medians.items() if key[0] != "lattice-fields"}
        if own is None or not peers:
            continue
        listed = ", ".join(f"{' '.join(key)}: {ms:.3g}" for key, ms in sorted(peers.items(), key=lambda e: e[1]))
        print(f"| {cores} | {workload} | {own:.3g} ms | {listed} | **{min(peers.values()) / own:.1f}** |")


def save(date, lines):
    path = HERE.parent / "runs" / f"{date}-{machine()}.csv"
    path.parent.mkdir(exist_ok=True)
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(["date", "cores", "workload", "framework", "variant", "round", "median_s", "best_s", "load"])
        writer.writerows(lines)
    print(f"appended to {path.relative_to(ROOT)}", file=sys.stderr)


main()
