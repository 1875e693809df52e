"""The measurements of bench/run: which parts, how many rounds, tables and files."""
import argparse
import os
import platform
import sys
import time

import confluent_kafka
import psycopg

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:1] = [ROOT, os.path.join(ROOT, "tools")]
from bench import catch_up, kafka_clients, latency, operators, sink, snapshot
from bench.report import write_json
from bench.servers import Servers
from bench.usage import busy_cores
from stack.processes import StackError

STACK_PARTS = {"a": catch_up, "b": latency, "c": snapshot, "s": sink}
PARTS = {**STACK_PARTS, "d": operators, "k": kafka_clients}
ROUNDS = 3
THREADS_SHOWN = 6
CALM_CORES = 0.2


def machine():
    """What the figures depend on."""
    with open("/proc/cpuinfo") as source:
        models = [line.split(":")[1].strip() for line in source if line.startswith("model name")]
    return {"processor": models[0] if models else platform.machine(), "cores": os.cpu_count(),
            "time": time.strftime("%Y-%m-%d %H:%M:%S"), "busy cores before": round(busy_cores(), 2)}


def show(title, facts):
    print(f"\n## {title}\n")
    for name, value in facts.items():
        print(f"{name}: {value}")
    if facts["busy cores before"] > CALM_CORES:
        print("The machine is busy with something else: what follows is noise.")
    print(flush=True)


def run_with_servers(part, rounds):
    """Starts the servers, measures, prints, writes."""
    with Servers() as servers:
        facts = {**machine(), **servers.facts(), **part.settings(), "rounds": rounds}
        show(part.TITLE, facts)
        figures, threads = part.measure(servers, rounds)
    print(figures.table())
    if part is sink:
        print("\n" + sink.encoding() + "\n\n" + sink.goals(figures))
    print("\nThreads of penstock in the last round, CPU s: " + ", ".join(
        f"{name} {seconds:.2f}" for name, seconds in threads[-1].most_common(THREADS_SHOWN)))
    write_json(part.NAME, {**facts, "threads": [dict(found) for found in threads]},
               figures.plain())


def run_kafka_clients(rounds):
    """Starts a broker, measures, prints, writes."""
    with Servers() as servers:
        facts = {**machine(), "Kafka": servers.facts()["Kafka"], **kafka_clients.settings(),
                 "rounds": rounds}
        show(kafka_clients.TITLE, facts)
        figures = kafka_clients.measure(servers, rounds)
    print(figures.table() + "\n\n" + kafka_clients.goals(figures))
    write_json(kafka_clients.NAME, facts, figures.plain())


def run_operators(rounds):
    """Measures, prints, writes."""
    facts = {**machine(), "rounds": rounds}
    show(operators.TITLE, facts)
    text, samples = operators.run(rounds)
    print(text)
    write_json(operators.NAME, {**facts, **operators.settings()}, samples)
    if not all(sample["right"] for sample in samples):
        raise StackError("a checksum is wrong")


def main():
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("part", nargs="?", metavar="a|b|c|d|k|s|all", default="all",
                        choices=[*PARTS, "all"], help="what to measure")
    parser.add_argument("--rounds", type=int,
                        help=f"how often ({ROUNDS}; k: {kafka_clients.ROUNDS})")
    options = parser.parse_args()
    failed = []
    for name in PARTS if options.part == "all" else [options.part]:
        rounds = options.rounds or getattr(PARTS[name], "ROUNDS", ROUNDS)
        try:
            if name in STACK_PARTS:
                run_with_servers(STACK_PARTS[name], rounds)
            elif name == "k":
                run_kafka_clients(rounds)
            else:
                run_operators(rounds)
        except (StackError, OSError, psycopg.Error, confluent_kafka.KafkaException) as error:
            print(f"\n{PARTS[name].NAME} failed: {error}", file=sys.stderr, flush=True)
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
