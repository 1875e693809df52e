"""The operators of the dataflow on generated rows, one core, beside the rate that each of them must
have at least."""
import json
import os
import statistics
import subprocess

from bench import PROGRAMS
from bench.report import number, spread, table
from bench.usage import busy_cores
from stack.processes import StackError

NAME = "operators"
TITLE = "Operators of the dataflow, one core"
STEPS = (1_000, 10_000, 100_000)
BAR_STEP = 10_000
# Million events a second at steps of BAR_STEP.
BARS = {("map", "load"): 7, ("filter", "load"): 16, ("join-max-avg", "load"): 1.6,
        ("aggregate", "load"): 3.2, ("aggregate", "update"): 1.45, ("join", "load"): 1.8,
        ("join", "update"): 0.7, ("distinct", "load"): 1.2, ("top3", "load"): 0.48,
        ("top3", "update"): 0.25}


def settings():
    """What is measured, for the record."""
    return {"steps": list(STEPS), "bars at steps of": BAR_STEP,
            "bars": {f"{workload} {phase}": bar for (workload, phase), bar in BARS.items()}}


def run(rounds):
    """All rounds, every workload and step in a process of its own. The table as text, and every
    sample with the load that the machine had before its round."""
    found, samples = {}, []
    for number_of_round in range(rounds):
        load = busy_cores()
        for workload in dict.fromkeys(workload for workload, _ in BARS):
            for step in STEPS:
                for sample in _phases(workload, step):
                    sample |= {"round": number_of_round, "other load before": load}
                    samples.append(sample)
                    found.setdefault((workload, sample["phase"], step), []).append(sample)
    return "\n\n".join((_rates(found), _step_ratios(found))), samples


def _phases(workload, step):
    done = subprocess.run([os.path.join(PROGRAMS, "operator_bench"), workload, str(step), "--json"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        # A wrong checksum fails the program; the table says which.
        return [json.loads(line) for line in done.stdout.splitlines()]
    except ValueError:
        raise StackError(f"operator_bench {workload} {step} ended with {done.returncode}:\n"
                         + done.stdout) from None


def _rate(sample):
    """Million events a second of processor time: one thread does all of it, and what else the
    machine does then counts little."""
    return sample["events"] / sample["cpu_seconds"] / 1e6


def _rates(found):
    rows = []
    for (workload, phase), bar in BARS.items():
        for step in STEPS:
            samples = found[(workload, phase, step)]
            low, median, high = spread([_rate(sample) for sample in samples])
            at_bar = step == BAR_STEP
            rows.append([
                workload, phase, f"{step:,}", number(low), number(median), number(high),
                number(bar) if at_bar else "", number(median / bar) if at_bar else "",
                _median(samples, lambda s: s["events"] / s["wall_seconds"] / 1e6),
                _median(samples, lambda s: s["cpu_seconds"] / s["events"] * 1e6),
                _median(samples, lambda s: s["used_mib"]),
                _median(samples, lambda s: s["peak_mib"]),
                "ok" if all(sample["right"] for sample in samples) else "WRONG"])
    return table(["workload", "phase", "step", "M/s min", "median", "max", "bar", "ratio",
                  "by the clock", "CPU s/M", "state MiB", "VmHWM", "checksum"], rows,
                 text_columns=2)


def _step_ratios(found):
    rows = []
    for workload, phase in BARS:
        small, large = (statistics.median(map(_rate, found[(workload, phase, step)]))
                        for step in (STEPS[0], STEPS[-1]))
        rows.append([workload, phase, number(small / large)])
    return table(["workload", "phase", f"steps of {STEPS[0]:,} : {STEPS[-1]:,}"], rows,
                 text_columns=2)


def _median(samples, of):
    return number(statistics.median(map(of, samples)))
