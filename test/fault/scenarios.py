#!/usr/bin/env python3
"""Plays the scenarios of faults, and prints for each how often it was played, how often its fault took
effect, and what came of it.

  scenarios.py                       all, once
  scenarios.py --times 20            all, twenty times
  scenarios.py --stages 2            two clusters, and a scenario on each at any time
  scenarios.py --quick               the few that every test run plays
  scenarios.py late_produce 'kill:*' some, by name or pattern
  scenarios.py --markdown FILE       writes the table, too

A run whose fault did not take effect says nothing, and is repeated. A run is right when both judges say
so: AUDIT SINK, and a reader of another maker who knows the statements (scenario/history.py).
"""
import argparse
import dataclasses
import fnmatch
import multiprocessing
import os
import re
import shutil
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import RUN_DIRECTORY
from harness.marker_audit import Audit
from scenario import stories
from scenario.scene import SCENARIOS, Failure, NoEffect, Scene
from scenario.stage import Stage

# Runs without effect, or whose broker lost markers, that are repeated for each that is asked for.
REPEATS_MAX = 3


@dataclasses.dataclass
class Tally:
    """What came of a scenario."""
    played: int = 0
    effects: int = 0
    right: int = 0
    wrong: int = 0
    lost_markers: int = 0
    seconds: float = 0.0
    outcome: str = ""


def play(stage, scenario, number, tally):
    """One run. True if it says something: that all is right, or not."""
    if not stage.in_order:
        stage.begin_anew()
    stage.speak_version(scenario.version)
    scene = Scene(stage, scenario.name, number)
    began = time.monotonic()
    tally.played += 1
    verdict = None
    try:
        outcome = scenario.play(scene) or "every change once"
        if not scene.effects:
            raise NoEffect("nothing was seen")
    except NoEffect as missed:
        outcome, verdict = f"no effect: {missed}", "repeat"
    except Exception as error:
        told = str(error) if isinstance(error, Failure) else traceback.format_exc()
        outcome, verdict = told, _blame(stage, scene)
    finally:
        scene.close()
    try:
        stage.tidy(scene.prefix)
    except Exception:
        outcome += f"\nthe servers are not in order:\n{traceback.format_exc()}"
        verdict = "wrong"
    if scene.effects:
        tally.effects += 1
    tally.seconds += time.monotonic() - began
    print(f"{scenario.name} {number}: {verdict or 'right'}: {outcome}"
          f" ({'; '.join(scene.effects)}; {time.monotonic() - began:.1f} s)", flush=True)
    if verdict is None:
        tally.right += 1
        tally.outcome = _general(outcome, scene.prefix)
        scene.wipe()
        return True
    if verdict == "wrong":
        tally.wrong += 1
        print(f"the log is {scene.engine.log_file}", flush=True)
        return True
    tally.lost_markers += verdict == "lost markers"
    return False


def _general(outcome, prefix):
    """An outcome without what is of one run alone: names, lives, times."""
    return re.sub(r"\b(?:[0-9a-f]{32}|\d{10,})\b", "...", outcome.replace(prefix, "..."))


def _blame(stage, scene):
    """Whether the broker lost markers of what it had decided (harness/marker_audit.py): then the run
    tells nothing of the engine."""
    if not scene.brokers_ended:
        return "wrong"
    try:
        lost = Audit(stage.cluster, [scene.topic, scene.progress]).lost
    except Exception:
        print(traceback.format_exc(), flush=True)
        return "wrong"
    return "lost markers" if lost else "wrong"


def rows(tallies):
    yield "scenario", "runs", "took effect", "right", "seconds a run", "outcome"
    for name, tally in tallies.items():
        outcome = tally.outcome or "-"
        if tally.wrong:
            outcome = f"WRONG {tally.wrong} times"
        elif not tally.right:
            outcome = "NO EFFECT"
        if tally.lost_markers:
            outcome += f"; the broker lost markers {tally.lost_markers} times"
        yield (name, str(tally.played), str(tally.effects), str(tally.right),
               f"{tally.seconds / max(tally.played, 1):.0f}", outcome)


def text_table(tallies):
    lines = list(rows(tallies))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(line, widths)), line[5]])
                     for line in lines)


def markdown_table(tallies):
    """The same with what each scenario is about."""
    head, *lines = rows(tallies)
    out = [f"| {' | '.join([head[0], 'what happens', *head[1:]])} |", "|---" * (len(head) + 1) + "|"]
    for name, *rest in lines:
        out.append(f"| `{name}` | {' | '.join([SCENARIOS[name].says, *rest])} |")
    return "\n".join(out) + "\n"


def chosen(options):
    """The scenarios asked for, in the order of their stories."""
    names = [name for name in SCENARIOS
             if not options.names or any(fnmatch.fnmatch(name, n) for n in options.names)]
    if options.quick:
        names = [name for name in names if SCENARIOS[name].quick]
    # What takes another setting of the brokers comes together.
    return sorted((SCENARIOS[name] for name in names), key=lambda each: -each.version)


def play_all(directory, queue, tallies, options):
    """Plays what it takes from `queue`, names and at last None, on a stage in `directory`; tells
    `tallies` of each by its name. A process of its own, with all that it starts."""
    stage = Stage(directory)
    try:
        os.makedirs(directory)
        stage.start()
        while name := queue.get():
            tally = Tally()
            for number in range(options.first, options.first + options.times):
                if not any(play(stage, SCENARIOS[name], number, tally) for _ in range(REPEATS_MAX)):
                    break
                tallies[name] = tally
            tallies[name] = tally
    except KeyboardInterrupt:
        print("interrupted: what was played till now", flush=True)
    finally:
        stage.close()


def perform(scenarios, directory, options):
    """Tallies by name, of those that were played, in the order of `scenarios`."""
    queue = multiprocessing.SimpleQueue()
    with multiprocessing.Manager() as manager:
        tallies = manager.dict()
        players = [multiprocessing.Process(target=play_all, args=(
            os.path.join(directory, f"stage{number}"), queue, tallies, options))
            for number in range(options.stages)]
        for each in players:
            each.start()
        for name in [each.name for each in scenarios] + [None] * len(players):
            queue.put(name)
        try:
            for each in players:
                each.join()
        except KeyboardInterrupt:  # Which the players heard, too.
            for each in players:
                each.join()
        return {each.name: tallies[each.name] for each in scenarios if each.name in tallies}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help="names or patterns; default: all")
    parser.add_argument("--times", type=int, default=1, help="runs of each that say something")
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--stages", type=int, default=1, help="clusters to play on at a time")
    parser.add_argument("--quick", action="store_true", help="only those of every test run")
    parser.add_argument("--list", action="store_true", help="print names and stories, play nothing")
    parser.add_argument("--markdown", metavar="FILE", help="write the table there, too")
    parser.add_argument("--directory", default=os.path.join(RUN_DIRECTORY, f"scenarios-{os.getpid()}"),
                        help="where everything is; kept when a run was wrong")
    options = parser.parse_args()
    stories.load()
    scenarios = chosen(options)
    if not scenarios:
        parser.error(f"no scenario is named {options.names}")
    if options.list:
        for each in scenarios:
            print(f"{each.name}: {each.says}")
        return 0
    directory = os.path.abspath(options.directory)
    began = time.monotonic()
    tallies = perform(scenarios, directory, options)
    print(text_table(tallies))
    print(f"{sum(tally.played for tally in tallies.values())} runs in "
          f"{(time.monotonic() - began) / 60:.0f} min")
    if options.markdown:
        with open(options.markdown, "w") as out:
            out.write(markdown_table(tallies))
    wrong = [name for name, tally in tallies.items() if tally.wrong or tally.right < options.times]
    if not wrong and len(tallies) == len(scenarios):
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{len(tallies) - len(wrong)} scenarios passed, {len(wrong)} failed{': ' if wrong else ''}"
          f"{', '.join(wrong)}")
    return 1 if wrong or len(tallies) < len(scenarios) else 0


if __name__ == "__main__":
    sys.exit(main())
