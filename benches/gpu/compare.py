"""Checks and times a GPU: python compare.py --lattice PATH --timing PATH [--help]

First the command's own runs on the GPU are compared with exact values; a difference of more than 4 errors ends it with exit
code 1. Then every workload is timed on the GPU and on this machine's processor, and by JAX and PyTorch if they are there
and see the GPU. Prints one table; appends all lines to benches/runs/<date>-<machine>-gpu.csv.
"""

import argparse
import csv
import datetime
import json
import math
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE.parent / "peers"

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--lattice", required=True, type=Path, help="the command")
parser.add_argument("--timing", required=True, type=Path, help="the timing bench")
parser.add_argument("--device", default="gpu", help="gpu, or a part of its name (lattice devices lists them)")
parser.add_argument("--quick", action="store_true", help="tiny runs, to see that everything works")
parser.add_argument("--seconds", type=float, help="of timing for each entry [default: 3, quick 0.2]")
parser.add_argument("--limit", type=float, help="seconds after which an entry is given up [default: 900, quick 120]")
parser.add_argument("--python", default=sys.executable, help="the Python that has JAX and PyTorch")
parser.add_argument("--workloads", nargs="+", help="instead of the usual ones")
parser.add_argument("--no-check", action="store_true", help="only times")
parser.add_argument("--no-peers", action="store_true", help="without JAX and PyTorch")
args = parser.parse_args()
args.seconds = args.seconds or (0.2 if args.quick else 3.0)
args.limit = args.limit or (120.0 if args.quick else 900.0)

WORKLOADS = args.workloads or (
    ["train_8x8_batch64", "sample_8x8_batch64", "hmc_8x8_chains64"] if args.quick else [
        "train_8x8_batch1024", "train_8x8_batch16384", "train_16x16_batch1024", "train_16x16_batch16384",
        "sample_8x8_batch1024", "sample_8x8_batch16384", "hmc_32x32_chains64", "hmc_32x32_chains1024"])


def say(text):
    print(text, file=sys.stderr, flush=True)


def call(command, limit=None, **environment):
    """Exit code, stdout and stderr. Peers run in their own folder."""
    env = dict(os.environ, PYTHONWARNINGS="ignore", **environment)
    try:
        found = subprocess.run([str(word) for word in command], cwd=PEERS, env=env, capture_output=True, text=True,
                               timeout=limit or args.limit)
        return found.returncode, found.stdout, found.stderr
    except subprocess.TimeoutExpired:
        return -1, "", f"no result within {limit or args.limit:.0f} s"
    except OSError as error:
        return -1, "", str(error)


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no message"


def machine():
    """The processor's name and number of cores."""
    try:
        names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        names = []
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def adapter():
    """What `lattice devices` says of the GPU that --device means."""
    code, out, err = call([args.lattice, "devices", "--json"], 120)
    if code != 0:
        sys.exit(f"lattice devices: exit code {code}: {last_line(err)}")
    adapters = json.loads(out)["adapters"]
    for found in adapters:
        best = args.device == "gpu" and found["gpu"]
        if best or args.device == str(found["number"]) or args.device.lower() in found["name"].lower():
            return found
    sys.exit(f"--device {args.device}: expected a GPU, found {[found['name'] for found in adapters] or 'none'}")


# Exactness.

class Wrong(Exception):
    """A run that fails or is not exact."""


def lattice(*words):
    """The JSON that the command prints."""
    code, out, err = call([args.lattice, *words, "--json"])
    if code != 0:
        raise Wrong(f"lattice {' '.join(words)}: exit code {code}: {last_line(err)}")
    return json.loads(out)


def pulls(found, exact):
    """Differences from exact values in errors, by name."""
    known = {name: entry["mean"] for name, entry in exact["observables"].items()}
    # Identities that hold in any theory.
    known.update(virial=1.0, exp_minus_dh=1.0)
    estimates = {name: entry for name, entry in found["observables"].items() if name in known}
    if "log_z" in found:
        known["log_z"], estimates["log_z"] = exact["log_z"]["mean"], found["log_z"]
    if len(estimates) < 5:
        raise Wrong(f"only {sorted(estimates)} can be compared")
    return {name: (e["mean"] - known[name]) / e.get("error", math.nan) for name, e in estimates.items()}


def check(gpu_name):
    """Runs on the GPU against exact values; returns what is wrong."""
    gpu = ["--device", args.device]
    size, chains, updates, steps, samples = ("4x4", 64, 200, 100, 4096) if args.quick else ("8x8", 1024, 1000, 1000, 65536)
    phi4, free = ["--lattice", size], ["--theory", "free", "--lattice", size]
    mc = ["--chains", str(chains), "--trajectories", str(updates), "--thermalize", "200", *gpu]
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder) / "model")
        runs = [
            ("HMC", ["mc", *phi4, *mc], phi4),
            ("HMC, free theory", ["mc", *free, *mc], free),
            ("local Metropolis", ["mc", *phi4, *mc, "--update", "metropolis"], phi4),
            ("flow, trained and sampled", ["train", "--net", "symmetric", *phi4, *gpu, "--steps", str(steps), "--batch", "256",
                                           "--samples", str(samples), "--two-sided", "0", "--out", model], phi4),
            ("flow, sampled again", ["sample", "--model", model, "--samples", str(samples), "--seed", "2", "--two-sided",
                                     "0", *gpu], phi4),
        ]
        wrong = []
        for name, words, theory in runs:
            try:
                report = lattice(*words)
                if gpu_name not in report.get("device", "a device that it does not name"):
                    raise Wrong(f"ran on {report.get('device')}")
                found = pulls(report, lattice("exact", *theory))
            except Wrong as reason:
                wrong.append(f"{name}: {reason}")
                say(f"WRONG  {wrong[-1]}")
                continue
            worst = max(found, key=lambda n: abs(found[n]) if found[n] == found[n] else math.inf)
            # Written so that a number that is none is wrong.
            good = all(abs(pull) <= 4.0 for pull in found.values())
            say(f"{'exact' if good else 'WRONG'}  {name}: {len(found)} numbers, the farthest is {worst}, by "
                f"{found[worst]:+.1f} errors")
            if not good:
                wrong.append(f"{name}: {worst} is off by {found[worst]:+.1f} errors")
    return wrong


# Timing.

def see(framework):
    """Why a framework cannot be timed on the GPU, or nothing."""
    look = {
        "jax": "import jax, optax; print(jax.devices('gpu')[0].device_kind)",
        "torch": "import torch; assert torch.cuda.is_available(), 'sees no GPU'; print(torch.cuda.get_device_name())",
    }[framework]
    code, out, err = call([args.python, "-c", look], 120)
    if code == 0:
        say(f"{framework} sees {last_line(out)}")
        return None
    return last_line(err)


def entries(workload, missing):
    """What times a workload: column and command."""
    yield "gpu", [args.timing, "--device", args.device, "0", args.seconds, workload]
    yield "processor", [args.timing, "0", args.seconds, workload]
    peer = [workload, "--device", "gpu", "--seconds", args.seconds]
    if "jax" not in missing:
        for variant in ["conv"] if workload.startswith("hmc") else ["conv", "dense", "patches"]:
            yield "jax", [args.python, "phi4_jax.py", *peer, "--variant", variant]
    if "torch" not in missing:
        for flags in [[], ["--graphs"], ["--compile"], ["--compile", "--graphs"]]:
            yield "torch", [args.python, "phi4_torch.py", *peer, *flags]


def time_all(missing, driver):
    """`{workload: {column: [(ms, variant)]}}`, reasons of failures, and the lines of the CSV."""
    _, version, _ = call([args.lattice, "--version"], 60)
    head = [datetime.date.today().isoformat(), machine(), driver, version.strip(), platform.python_version()]
    table, notes, lines = {}, [], []
    for workload in WORKLOADS:
        row = table.setdefault(workload, {})
        for column, command in entries(workload, missing):
            load = os.getloadavg()[0] if hasattr(os, "getloadavg") else math.nan
            code, out, err = call(command)
            try:
                found = json.loads(last_line(out)) if code == 0 else None
            except json.JSONDecodeError:
                found = None
            shown = " ".join(Path(word).name if i < 2 else str(word) for i, word in enumerate(map(str, command)))
            if found is None:
                reason = last_line(err)
                notes.append(f"{shown}: {reason}")
                lines.append([*head, "", workload, column, "failed", reason, "", "", load])
                say(f"failed: {notes[-1]}")
                continue
            row.setdefault(column, []).append((1e3 * found["seconds"], found["variant"]))
            lines.append([*head, found.get("device", ""), workload, column, found["framework"], found["variant"],
                          found["seconds"], found["best"], load])
            say(f"{workload}  {column}  {found['framework']} {found['variant']}: {1e3 * found['seconds']:.4g} ms")
    return table, notes, lines


def show(table, missing):
    print("\nMilliseconds a step, every step waited for.\n")
    print("| workload | Lattice Fields, GPU | this processor | JAX, GPU | PyTorch, GPU | processor / GPU | best peer / ours |")
    print("|---|---|---|---|---|---|---|")
    for workload, row in table.items():
        best = {column: min(found) for column, found in row.items()}

        def cell(column):
            if column in best:
                ms, variant = best[column]
                return f"{ms:.4g}" + (f" ({variant})" if column in ("jax", "torch") else "")
            return "not here" if column in missing else "failed"

        def ratio(over):
            found = [best[column][0] for column in over if column in best]
            return f"**{min(found) / best['gpu'][0]:.3g}**" if found and "gpu" in best else ""

        cells = [cell(column) for column in ("gpu", "processor", "jax", "torch")]
        print(f"| {workload} | {' | '.join(cells)} | {ratio(['processor'])} | {ratio(['jax', 'torch'])} |")
    for name, reason in missing.items():
        print(f"\n{name}: not timed: {reason}")


def save(lines):
    name = re.sub(r"[^a-z0-9]+", "-", machine().lower()).strip("-")
    path = HERE.parent / "runs" / f"{datetime.date.today().isoformat()}-{name}-gpu.csv"
    path.parent.mkdir(exist_ok=True)
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(["date", "machine", "driver", "lattice", "python", "device", "workload", "where", "framework",
                             "variant", "median_s", "best_s", "load"])
        writer.writerows(lines)
    say(f"appended to {path}")


def main():
    gpu = adapter()
    driver = f"{gpu['backend']}, {gpu['driver']}"
    say(f"{gpu['name']} ({gpu['kind']}, {driver}), beside {machine()}")
    if not args.no_check:
        wrong = check(gpu["name"])
        if wrong:
            print("not exact on this GPU, nothing is timed:\n" + "\n".join(wrong))
            return 1
    names = {"jax": "JAX", "torch": "PyTorch"}
    missing = {key: "by --no-peers" if args.no_peers else see(key) for key in names}
    missing = {key: reason for key, reason in missing.items() if reason}
    table, notes, lines = time_all(missing, driver)
    print(f"\n{gpu['name']} ({gpu['kind']}, {driver}), beside {machine()}")
    if gpu["kind"] == "software":
        print("A driver in software: these times say nothing of GPUs.")
    show(table, missing)
    for note in notes:
        print(f"\nfailed: {note}")
    save(lines)
    # Peers may fail; our own side may not.
    return 0 if all("gpu" in row and "processor" in row for row in table.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
