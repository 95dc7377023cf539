"""python tests/fuzz [--minutes M] [--jobs J] [--seed S]: the long fuzz of every public function.

Workers are processes of their own: a crash or a hang is a finding, and the next worker goes on
behind it. Exit status 1 if there was any.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")
CASES = 2000  # of one worker


def work(first, cases, only=(), timeout=3600):
    """Run the cases from `first` on: how many ran, and the findings."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report")
        command = [sys.executable, str(WORKER), str(first), str(cases), str(report), *only]
        process = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        last = report.read_text().strip() if report.exists() else ""
    findings = process.stdout.splitlines()
    if last == "done":
        return cases, findings
    if not last:
        return 0, [*findings, f"the worker did not start: {process.stderr[-2000:]}"]
    case, *giant = last.split()
    if not (giant and process.returncode == -signal.SIGALRM):
        end = process.stderr[-300:].strip().replace("\n", " | ")
        findings.append(f"case {case}: the process ended with {process.returncode}: {end}")
    return int(case) - first + 1, findings


def until(deadline, first):
    """Workers one after the other, each going on where the one before ended."""
    ran, findings = 0, []
    while time.monotonic() < deadline and len(findings) < 100:
        cases, found = work(first + ran, CASES)
        ran, findings = ran + cases, findings + found
        if cases == 0:
            break
    return ran, findings


def main():
    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9 * 10**6)
    options = parser.parse_args()
    start = time.monotonic()
    deadline = start + 60 * options.minutes
    with ThreadPoolExecutor(options.jobs) as pool:
        shares = [
            pool.submit(until, deadline, options.seed + job * 10**12) for job in range(options.jobs)
        ]
        results = [share.result() for share in shares]
    findings = [line for _, found in results for line in found]
    for line in findings:
        print(line)
        case = line.removeprefix("case ").split(":")[0]
        if case.isdigit():
            print(f"    again: {sys.executable} {WORKER} {case} 1 report")
    ran, minutes = sum(ran for ran, _ in results), (time.monotonic() - start) / 60
    print(f"seed {options.seed}: {ran} cases in {minutes:.1f} minutes, {len(findings)} findings")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
