"""The paths that are measured, and the limit that each is held against."""

import functools
import json

from load import CONNECTIONS
from rows import Row
from world import PASSWORD, listed, raw

PAGES = {"Accept": "text/html"}
BROTLI = {**PAGES, "Accept-Encoding": "gzip, deflate, br"}
# More people than there are connections, so that nobody's row is hot unless it is meant to be.
VIEWERS = 256


def all_rows(bench, hello):
    """Every row of the table, in order."""

    def read(world, requests):
        """Asks for these paths with these headers in turn; all answers are about as long as the first."""
        path, headers = requests[0]
        body, size = world.get(path, **headers)
        file = bench.file(listed(raw("GET", path, **headers) for path, headers in requests))
        service = world.service
        run = lambda seconds: bench.wrk("cycle.lua", service.base, seconds, service.pid, size=size, REQUESTS=file)
        return run, len(body)

    def greeting(bytes):
        file = bench.file(listed([raw("GET", f"/{bytes}")]))
        return lambda seconds: bench.wrk("cycle.lua", hello.base, seconds, hello.pid, REQUESTS=file)

    def beside_hello(requests):
        """Held against the hello world with as many bytes."""
        def start(world):
            run, bytes = read(world, requests(world))
            return run, {f"hello world, {bytes} bytes": greeting(bytes)}
        return start

    def beside_statement(name, requests, people):
        """Held against a bare statement, for the same people."""
        def start(world):
            with open(f"{bench.benches}/bare/{name}.sql") as file:
                statement = file.read()
            skipped = str(20 * (world.deep - 1))
            scripts = [bench.file(statement.replace("PERSON", person).replace("OFFSET", skipped)) for person in people(world)]
            bare = lambda seconds: bench.pgbench(world.service.name, seconds, scripts)
            return read(world, requests(world))[0], {f"pgbench, {name}": bare}
        return start

    def beside_itself(requests, others, limit):
        """Held against another path of the same build."""
        def start(world):
            other, _ = read(world, others(world))
            return read(world, requests(world))[0], {f"{limit}, {world.service.name}": other}
        return start

    def bearers(world, paths):
        """Each path as asked by somebody else, at least as many as there are viewers."""
        viewers = [token for _, token in world.signed_in(VIEWERS)]
        count = max(len(paths), VIEWERS)
        return [(paths[n % len(paths)], {"Authorization": f"Bearer {viewers[n % VIEWERS]}"}) for n in range(count)]

    def ids(world):
        return [id for id, _ in world.known]

    def deep(world):
        first = f"/users/{world.celebrity}/followers"
        [viewer] = world.signed_in(1)
        body, _ = world.get(f"{first}?page={world.deep}", Authorization=f"Bearer {viewer[1]}")
        return f"{first}?cursor={json.loads(body)['next_cursor']}"

    def pages(world, headers):
        return [(f"/@{name}", headers) for _, name in world.known]

    def signed_in_pages(world):
        cookies = world.browsers(32)
        return [(f"/@{name}", {**BROTLI, "Cookie": cookies[n % 32]}) for n, (_, name) in enumerate(world.known)]

    def followers(world, people, query=""):
        return bearers(world, [f"/users/{person}/followers{query}" for person in people])

    def log_in(world):
        first = world.sessions if world.people > world.sessions else 0
        people = [first + 1 + n * 7919 % (world.people - first) for n in range(4000)]
        requests = [raw("POST", "/auth/login", {"email": f"person{n}@example.org", "password": PASSWORD}) for n in people]
        file, service = bench.file(listed(requests)), world.service
        run = lambda seconds: bench.wrk("cycle.lua", service.base, seconds, service.pid, REQUESTS=file)
        return run, {"Argon2id": lambda seconds: bench.compute("argon2id", seconds)}

    def refresh(world):
        service = world.service
        def run(seconds):
            file = bench.file("\n".join(world.refresh_tokens(2 * CONNECTIONS)))
            return bench.wrk("refresh.lua", service.base, seconds, service.pid, TOKENS=file)
        def bare(seconds):
            bench.turns += 1
            service.postgres.psql(service.name, "-f", f"{bench.benches}/bare/sessions.sql", round=bench.turns)
            script = f"{bench.benches}/bare/rotation.sql"
            return bench.pgbench(service.name, seconds, [script], round=bench.turns, turn=0)
        return run, {"RS256": lambda seconds: bench.compute("rs256", seconds, bench.key), "pgbench, rotation": bare}

    def following(world, followee):
        """Follows and unfollows in turn: everybody follows once, then everybody unfollows. Before a run nobody does."""
        viewers = world.signed_in(VIEWERS)
        path = lambda id: f"/users/{followee(id)}/follow"
        head = lambda token: {"Authorization": f"Bearer {token}"}
        file = bench.file(listed(
            raw(method, path(id), **head(token)) for method in ("POST", "DELETE") for id, token in viewers))
        def run(seconds):
            for id, token in viewers:
                world.ask("DELETE", path(id), **head(token))
            return bench.wrk("cycle.lua", world.service.base, seconds, world.service.pid, REQUESTS=file)
        return run

    def spread(world):
        """Each follows somebody else, whom nobody else follows."""
        strangers = iter(world.strangers)
        return following(world, functools.cache(lambda _: next(strangers)))

    def follow(world):
        script = f"{bench.benches}/bare/insert.sql"
        return spread(world), {"pgbench, insert": lambda seconds: bench.pgbench(world.service.name, seconds, [script])}

    def follow_celebrity(world):
        return following(world, lambda _: world.celebrity), {f"follow, {world.service.name}": spread(world)}

    famous = lambda world: ids(world)[:100]
    celebrity = lambda world: [world.celebrity]
    plain = lambda paths: [(path, {}) for path in paths]
    return [
        Row("user", "`GET /users/{id}`, warm", "rate", 0.75,
            beside_hello(lambda world: plain(f"/users/{id}" for id in ids(world)))),
        Row("me", "`GET /users/me`", "rate", 0.75, beside_hello(lambda world: bearers(world, ["/users/me"]))),
        Row("page", "public profile page, warm, signed out", "rate", 0.70, beside_hello(lambda world: pages(world, PAGES))),
        Row("page-br", "the same, compressed", "rate", None, beside_hello(lambda world: pages(world, BROTLI))),
        Row("page-signed-in", "profile page, signed in, compressed", "rate", None, beside_hello(signed_in_pages)),
        Row("celebrity", "the celebrity's profile page", "cpu", 1.05,
            beside_itself(lambda world: [("/@celebrity", PAGES)], lambda world: pages(world, PAGES), "ordinary page")),
        Row("followers", "followers page 1", "cpu", 0.70,
            beside_statement("followers", lambda world: followers(world, famous(world)), famous)),
        Row("cursor", "followers by cursor at depth 20,000", "cpu", 1.10,
            beside_itself(lambda world: bearers(world, [deep(world)]),
                          lambda world: followers(world, celebrity(world)), "page 1")),
        Row("page-1000", "followers `page=1000`", "cpu", 0.90,
            beside_statement("page_1000", lambda world: followers(world, celebrity(world), f"?page={world.deep}"), celebrity)),
        Row("log-in", "log-in", "cpu", 1.05, log_in),
        Row("refresh", "refresh", "cpu", 1.10, refresh),
        Row("follow", "follow and unfollow, spread", "rate", 1.5, follow),
        Row("follow-celebrity", "follow and unfollow, all one celebrity", "rate", 0.85, follow_celebrity),
    ]
