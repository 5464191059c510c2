"""Counts what one validator does for a transaction, and compares it with the committed baseline.

The same load is prepared twice and run once: the difference of the two counts is the load's alone.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BASELINE = PROJECT / "Tests/Baselines/counts.json"
# Hash tables and the store's background thread shift counts a little from run to run.
TOLERANCE = 0.05
BLOCKS = 256
# Transactions of a block.
BLOCK = 100


def run(counter: str, folder: str, blocks: int) -> dict[str, int]:
    """Counts of one process with so many blocks, and the bytes it says it wrote."""
    counts = os.path.join(folder, "counts.json")
    environment = os.environ | {
        "LD_PRELOAD": counter,
        "COMMONWATT_COUNTS": counts,
        "SWIFT_DETERMINISTIC_HASHING": "1",
    }
    program = PROJECT / ".build/release/commonwatt-bench"
    arguments = [str(program), "counts", "--blocks", str(blocks), "--transactions", str(BLOCK)]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit(f"{program} failed: {done.stderr.strip()}")
    with open(counts) as file:
        return json.load(file) | json.loads(done.stdout)


def measure() -> dict[str, float]:
    """Counts per transaction over BLOCKS blocks; the store is written once among them."""
    with tempfile.TemporaryDirectory() as folder:
        counter = os.path.join(folder, "counter.so")
        source = str(PROJECT / "tools/Counts/counter.c")
        subprocess.run(["clang", "-O1", "-shared", "-fPIC", "-o", counter, source, "-ldl"], check=True)
        idle, busy = run(counter, folder, 0), run(counter, folder, BLOCKS)
    transactions = busy.pop("transactions")
    del busy["checkpoints"]
    return {name: round((value - idle[name]) / transactions, 3) for name, value in busy.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a count is above its baseline")
    parser.add_argument("--write", action="store_true", help="write the baseline anew")
    parser.add_argument("--json", metavar="FILE", help="write the counts to this file as well")
    arguments = parser.parse_args()
    counts = measure()
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(counts, indent=2) + "\n")
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    worse = []
    print(f"{'per transaction and validator':32}{'now':>12}{'baseline':>12}")
    for name, value in counts.items():
        known = baseline.get(name)
        print(f"{name:32}{value:12.3f}{'' if known is None else format(known, '.3f'):>12}")
        if known is None or value > known * (1 + TOLERANCE) + 0.001:
            worse.append(name)
    if arguments.write:
        BASELINE.write_text(json.dumps(counts, indent=2) + "\n")
    elif arguments.check and worse:
        sys.exit(
            f"above the baseline of {BASELINE.relative_to(PROJECT)}: {', '.join(worse)}. "
            "Find out why; when it has to be, write it anew with tools/counts --write."
        )


if __name__ == "__main__":
    main()
