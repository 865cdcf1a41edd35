"""bin/bench: loads a world, starts what is measured and its limits, drives them in turn, and prints the tables."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import cpu
import report
from crowd import crowd, soak, storm
from load import Bench
from paths import all_rows
from postgres import Postgres, free_port
from service import Service
from world import World

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))


def arguments():
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1, help="of 100,000 people and 2,000,000 follows")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of a round of a path")
    parser.add_argument("--only", action="append", help="a row, `storm`, `crowd` or `soak`; may be given several times")
    parser.add_argument("--connections", type=int, default=0, help="of a crowd that comes last, such as 10000")
    parser.add_argument("--soak", type=int, default=0, metavar="MINUTES", help="of load at the end, with the memory after each; up to 20")
    parser.add_argument("--pool", type=int, help="connections to PostgreSQL, if not as many as usual")
    parser.add_argument("--service", help="a program to measure instead of building one")
    parser.add_argument("--against", help="another one, measured in the same run")
    parser.add_argument("--keep", action="store_true", help="leave the logs and the database's files")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    # What bin/bench found out.
    parser.add_argument("--limits", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--postgres", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write needs every row")
    return options


class Hello:
    """The framework's hello world."""

    def __init__(self, limits):
        addr = f"127.0.0.1:{free_port()}"
        self.base = f"http://{addr}"
        self.process = subprocess.Popen([limits, "hello", addr])
        self.pid = self.process.pid

    def stop(self):
        self.process.kill()
        self.process.wait()


def measure(options, folder, stack):
    """All that was asked for, as one result."""
    say = lambda what: print(what, flush=True)
    postgres = Postgres(options.postgres, folder)
    stack.callback(postgres.stop)
    bench = Bench(ROOT, folder, postgres, options.limits)

    worlds = []
    for name, program in {"service": options.service, "other": options.against}.items():
        if program:
            service = Service(name, program, postgres, folder, bench.key, options.pool)
            say(f"Loading the world of {program}")
            postgres.psql(name, "-f", f"{bench.benches}/world.sql", people=int(100_000 * options.scale))
            postgres.psql(name, "-c", "create schema bare", "-c",
                          "create table bare.rows (id bigint generated always as identity primary key, at timestamptz)")
            service.start()
            stack.callback(service.stop)
            worlds.append(World(service))
            worlds[-1].load_sessions(f"{bench.benches}/sessions.sql")
    hello = Hello(options.limits)
    stack.callback(hello.stop)
    postgres.psql("postgres", "-c", "checkpoint")

    wanted = lambda name: not options.only or name in options.only
    rows, result = all_rows(bench, hello), {"scale": options.scale, "rows": []}
    unknown = set(options.only or []) - {row.name for row in rows} - {"storm", "crowd", "soak"}
    if unknown:
        raise SystemExit(f"unknown: {', '.join(unknown)}. There are: {', '.join(row.name for row in rows)}, storm, crowd, soak")
    for row in rows:
        if wanted(row.name):
            done = row.run(worlds, options.rounds, options.seconds)
            result["rows"].append(done)
            say(f"{row.title}: " + ", ".join(f"{ratio:.2f} ({name})" for name, ratio in done["ratios"].items()))
        for world in worlds:
            world.service.forget_log()
    first = worlds[0]
    if wanted("storm"):
        result["storm"] = storm(bench, first, options.rounds, 2 * options.seconds)
    connections = options.connections or (10_000 if "crowd" in (options.only or []) else 0)
    if connections:
        result["crowd"] = crowd(bench, first, connections, 5 * options.seconds)
    minutes = options.soak or (10 if "soak" in (options.only or []) else 0)
    if minutes:
        result["soak"] = soak(bench, first, minutes)
    result["memory"] = {world.service.name: cpu.peak_memory(world.service.pid) for world in worlds}
    return result


def errors(result):
    samples = [(row["title"], sample) for row in result["rows"] for sample in row["medians"].values()]
    samples += [(name, result[name]) for name in ("storm", "crowd", "soak") if name in result]
    return [f"{title}: {sample['errors']} errors" for title, sample in samples if sample["errors"]]


def main():
    options = arguments()
    # What was started is stopped, however this ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    folder = tempfile.mkdtemp(prefix="users-service-bench-")
    # PostgreSQL runs as another user.
    os.chmod(folder, 0o711)
    with contextlib.ExitStack() as stack:
        if options.keep:
            print(f"Everything stays in {folder}")
        else:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        result = measure(options, folder, stack)

    results = os.path.join(ROOT, "target/bench")
    os.makedirs(results, exist_ok=True)
    of_scale_1 = None
    if options.scale != 1 and os.path.exists(f"{results}/scale-1.json"):
        with open(f"{results}/scale-1.json") as file:
            of_scale_1 = json.load(file)
    # A part of the paths is no basis for a comparison.
    if not options.only:
        with open(f"{results}/scale-{options.scale:g}.json", "w") as file:
            json.dump(result, file, indent=1)
    text = report.tables(result, of_scale_1)
    print(f"\n{text}")
    if options.write:
        report.write(os.path.join(ROOT, "docs/performance.md"), text, options.scale)
    failed = errors(result)
    if failed:
        raise SystemExit("\n".join(failed))


main()
