"""The series that `cargo run --release --example export_series -- FOLDER` wrote, analysed by pyerrors, beside our own
numbers. Needs `pip install pyerrors`.

One chain must agree to rounding. Several chains agree to a small part of the error of the error: pyerrors takes
deviations from each chain's own mean, we take them from the common mean.
"""

import argparse
import csv
import os
import sys

import numpy as np
import pyerrors as pe

VOLUME = 64


def quantities(obs):
    """The derived quantities that pyerrors propagates by itself."""
    yield "chi2_connected", obs["chi2"] - VOLUME * obs["m"] ** 2
    yield "chi2_connected_abs", obs["chi2"] - VOLUME * obs["abs_m"] ** 2
    yield "binder", 1 - obs["m4"] / (3 * (obs["chi2"] / VOLUME) ** 2)
    for mu in (0, 1):
        ratio = obs["chi2"] / obs[f"structure{mu}"] - 1
        yield f"xi{mu}", np.sqrt(ratio) / (2 * np.sin(np.pi / 8))
    for t in (1, 2, 3, 4):
        near, far = obs[f"g{t - 1}"], obs[f"g{min(t + 1, 7 - t)}"]
        yield f"m_eff{t}", np.arccosh((near + far) / (2 * obs[f"g{t}"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    folder = parser.parse_args().folder
    with open(os.path.join(folder, "estimates.csv"), newline="") as file:
        own = {row.pop("name"): {k: float(v) for k, v in row.items()} for row in csv.DictReader(file)}
    all_obs = {o.tag: o for o in pe.input.json.load_json(os.path.join(folder, "series.json.gz"), verbose=False)}
    tables = {}
    table = np.genfromtxt(os.path.join(folder, "series.csv"), delimiter=",", names=True, deletechars="")
    for name, obs in all_obs.items():
        tables[name] = (obs, False)
        first = table["chain"] == 0
        tables[f"{name}.r0"] = (pe.Obs([table[name][first]], ["first|r0"]), True)
    tables.update((name, (obs, False)) for name, obs in quantities(all_obs))

    print(f"{'name':20} {'pyerrors':>16} {'ours':>24} {'difference of errors':>22} {'tau_int':>18}")
    bad = []
    for name, (obs, rounding) in tables.items():
        obs.gamma_method()
        ensemble = obs.e_names[0]
        ours, tau = own[name], obs.e_tauint[ensemble]
        # Differences relative to the error, to the error of the error and to that of tau_int.
        mean = abs(ours["mean"] - obs.value) / obs.dvalue
        error = abs(ours["error"] - obs.dvalue) / (1e-9 * obs.dvalue if rounding else obs.ddvalue)
        time = abs(ours["tau_int"] - tau) / (1e-9 * tau if rounding else max(obs.e_dtauint[ensemble], 1e-3))
        limit = 1.0 if rounding else 0.5
        if mean > 1e-6 or error > limit or time > limit:
            bad.append(name)
        if not rounding or name in bad:
            part = ours["error"] / obs.dvalue - 1
            print(
                f"{name:20} {str(obs):>16} {ours['mean']:>12.7f}({ours['error']:.2e}) {part:>+21.2%} "
                f"{tau:>8.3f} {ours['tau_int']:>8.3f}"
            )
    print("one chain, to nine digits:", sum(r for _, r in tables.values()), "series")
    if bad:
        sys.exit(f"do not agree: {bad}")


main()
