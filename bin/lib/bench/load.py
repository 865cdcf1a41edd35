"""What makes load: wrk, pgbench and the program of the limits. Each run gives a sample: what was answered, how fast, and the
CPU time that the service (or the limit) and PostgreSQL took for it."""

import itertools
import os
import re
import resource
import subprocess
import sys

import cpu

CONNECTIONS = 32
THREADS = 2


class Bench:
    """Where things are."""

    def __init__(self, root, folder, postgres, limits):
        self.benches, self.folder, self.postgres, self.limits = os.path.join(root, "benches"), folder, postgres, limits
        self.turns = 0
        self.key = os.path.join(folder, "key.pem")
        subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.key],
                       check=True)

    def file(self, text):
        """A new file with this text."""
        self.turns += 1
        path = os.path.join(self.folder, f"load-{self.turns}")
        with open(path, "w") as file:
            file.write(text)
        return path

    def wrk(self, script, address, seconds, pid, connections=CONNECTIONS, size=None, **variables):
        """Drives `address` with a script of benches/wrk. `pid` is who answers; `size` is how many bytes each answer must have,
        more or less: wrk itself only counts statuses from 400 on."""
        command = ["wrk", f"-t{THREADS}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
                   "-s", os.path.join(self.benches, "wrk", script), address]
        environment = {**os.environ, "BENCHES": self.benches, "THREADS": str(THREADS), **variables}
        with Meter(self.postgres.pid, pid) as meter:
            out = subprocess.run(command, env=environment, capture_output=True, text=True)
        told = re.search("^RESULT (.*)", out.stdout, re.M)
        if not told:
            raise SystemExit(f"wrk failed:\n{out.stdout}{out.stderr}")
        told = {name: int(value) for name, value in (pair.split("=") for pair in told[1].split())}
        kinds = {kind: told[kind] for kind in ("connect", "read", "write", "timeout", "status")}
        errors = sum(kinds.values())
        if errors:
            print(f"errors: {kinds}", file=sys.stderr)
        requests = told["requests"]
        if requests == 0 or (size and abs(told["bytes"] / requests - size) > 0.1 * size):
            print(f"answers of {size} bytes were expected: {told}", file=sys.stderr)
            errors = max(errors, requests, 1)
        return meter.sample(requests, told["microseconds"] / 1e6, errors, told["p50"] / 1e3, told["p99"] / 1e3)

    def pgbench(self, database, seconds, scripts, **variables):
        """Sends the statements of these files as prepared ones, over as many connections as wrk has. The first second, in which
        connections open and statements are planned, doesn't count, and nor does pgbench's own CPU time."""
        command = [self.postgres.program("pgbench"), "-n", "-M", "prepared", f"-c{CONNECTIONS}", f"-j{THREADS}",
                   "-P", "1", "-T", str(seconds + 2), *(f"-D{name}={value}" for name, value in variables.items()),
                   *(f"-f{script}" for script in scripts), self.postgres.url(database)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            every_second = (line for line in process.stderr if line.startswith("progress:"))
            next(every_second, None)
            with Meter(self.postgres.pid) as meter:
                told = list(itertools.islice(every_second, seconds))
            rest, out = process.stderr.read(), process.stdout.read()
        failed = re.search(r"failed transactions: (\d+)", out)
        if process.returncode or not failed:
            raise SystemExit(f"pgbench failed:\n{out}{rest}")
        rate = sum(float(line.split()[3]) for line in told) / len(told)
        return meter.sample(round(rate * len(told)), len(told), int(failed[1]))

    def compute(self, what, seconds, *arguments):
        """Argon2id or RS256 on all cores."""
        with Meter(self.postgres.pid) as meter:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            out = subprocess.run([self.limits, what, str(seconds), *arguments], check=True, capture_output=True, text=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        meter.service = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        meter.database = 0
        return meter.sample(int(out.stdout), seconds, 0)


class Meter:
    """CPU seconds of PostgreSQL and of a process, while it is open."""

    def __init__(self, postmaster, pid=None):
        self.postmaster, self.pid = postmaster, pid

    def read(self):
        return cpu.of_postgres(self.postmaster), cpu.of_service(self.pid) if self.pid else 0

    def __enter__(self):
        self.before = self.read()
        return self

    def __exit__(self, *_):
        database, service = self.read()
        self.database, self.service = database - self.before[0], service - self.before[1]

    def sample(self, requests, seconds, errors, p50=None, p99=None):
        per = 1e6 / max(requests, 1)
        return {"requests": requests, "rate": requests / seconds, "errors": errors, "p50": p50, "p99": p99,
                "service": self.service * per, "database": self.database * per,
                "cpu": (self.service + self.database) * per}
