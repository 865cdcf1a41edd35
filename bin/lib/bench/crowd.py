"""What is measured with much going on at once: reads during a storm of log-ins, ten thousand people, and many for long."""

import concurrent.futures
import resource
import statistics

import cpu
from load import CONNECTIONS
from paths import BROTLI, PAGES, VIEWERS
from world import PASSWORD, listed, raw

# Milliseconds between the requests of a person in the crowd; an idle connection is closed after 10 seconds.
PAUSE = 4000
# The same of a soak, and how many take part.
SOAK_PAUSE, SOAKING = 150, 500


def reads(world):
    """Page views, signed in and out, and API reads of all kinds, as they go over the wire."""
    viewers = [token for _, token in world.signed_in(32)]
    cookies = world.browsers(32)
    requests = []
    for n, (id, name) in enumerate(world.known):
        head = {"Authorization": f"Bearer {viewers[n % 32]}"}
        requests += [
            raw("GET", f"/users/{id}"),
            raw("GET", f"/users/{id}/followers", **head),
            raw("GET", "/users/me", **head),
            raw("GET", f"/@{name}", **PAGES),
            raw("GET", f"/@{name}", **{**BROTLI, "Cookie": cookies[n % 32]}),
        ]
    return requests


def storm(bench, world, rounds, seconds):
    """The reads' p99 without and with a storm of log-ins beside them."""
    service = world.service
    quiet_file = bench.file(listed(reads(world)))
    people = [1 + n * 104_729 % world.people for n in range(4000)]
    storm_file = bench.file(listed(
        raw("POST", "/auth/login", {"email": f"person{n}@example.org", "password": PASSWORD}) for n in people))
    drive = lambda file, time: bench.wrk("cycle.lua", service.base, time, service.pid, REQUESTS=file)
    drive(quiet_file, 1)
    quiet, during, log_ins = [], [], []
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        for _ in range(rounds):
            quiet.append(drive(quiet_file, seconds))
            beside = thread.submit(drive, storm_file, seconds)
            during.append(drive(quiet_file, seconds))
            log_ins.append(beside.result())
    middle = lambda samples, figure: statistics.median(sample[figure] for sample in samples)
    return {
        "quiet": middle(quiet, "p99"), "during": middle(during, "p99"), "log_ins": middle(log_ins, "rate"),
        "reads": middle(quiet, "rate"), "reads_during": middle(during, "rate"),
        "errors": sum(sample["errors"] for sample in quiet + during + log_ins),
    }


def soak(bench, world, minutes):
    """Memory after each minute in which many people come, do something all the time, and leave."""
    service, memory, errors = world.service, [], 0
    for _ in range(minutes):
        errors += crowd(bench, world, SOAKING, 60, SOAK_PAUSE)["errors"]
        memory.append(cpu.memory(service.pid))
        service.forget_log()
    return {"minutes": minutes, "connections": SOAKING, "memory": memory, "errors": errors}


def crowd(bench, world, connections, seconds, pause=PAUSE):
    """So many people at once, each of whom does something every few seconds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < connections + 100:
        raise SystemExit(f"{connections} connections need as many files, and `ulimit -Hn` is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    service = world.service
    viewers = world.signed_in(VIEWERS)
    follows = [
        raw(method, f"/users/{followee}/follow", Authorization=f"Bearer {token}")
        for method in ("POST", "DELETE") for followee, (_, token) in zip(world.strangers, viewers)
    ]
    requests = reads(world)
    # One in eight is a refresh, one in eight a follow.
    step = 6
    mixed = [line for n, read in enumerate(requests)
             for line in ([read, follows[n // step % len(follows)]] if n % step == 0 else [read])]
    tokens = world.refresh_tokens(min(connections, world.sessions - world.spent))
    sample = bench.wrk(
        "crowd.lua", service.base, seconds, service.pid, connections=connections, PAUSE=str(pause),
        REQUESTS=bench.file(listed(mixed)), TOKENS=bench.file("\n".join(tokens)))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return {**sample, "connections": connections, "memory": cpu.peak_memory(service.pid)}
