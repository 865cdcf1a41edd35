"""The people of a world as the load needs them: their ids, their tokens, requests in their name."""

import base64
import concurrent.futures
import hashlib
import http.client
import json
import random

PASSWORD = "correct horse battery"
# How many have a refresh token.
SESSIONS = 20_000


class World:
    """The people in the database of a service that runs."""

    def __init__(self, service):
        self.service, self.spent = service, 0
        sql = lambda statement: service.postgres.rows(service.name, statement)
        [[self.people]] = sql("select count(*) - 1 from users.users")
        self.people = int(self.people)
        # A page of the celebrity's followers as deep down as there is one, up to the 1,000th.
        self.deep = min(1000, self.people // 20 - 1)
        [[self.celebrity]] = sql("select id from users.users where username = 'celebrity'")
        # Each has 38 followers or more, as the first twentieth of all people has.
        self.known = sql(
            f"select id, username from users.users where username in (select 'person' || 1 + n * {self.people} / 20000"
            f" from generate_series(0, 999) as n)")
        self.strangers = [id for [id] in sql(
            "select id from users.users where not exists (select from users.follows where followee_id = users.id)"
            " order by id limit 256")]

    def load_sessions(self, sql):
        self.sessions = min(SESSIONS, self.people)
        self.service.postgres.psql(self.service.name, "-f", sql, people=self.sessions)

    def refresh_tokens(self, count):
        """Tokens that nobody has had yet."""
        first, self.spent = self.spent + 1, self.spent + count
        if self.spent > self.sessions:
            raise SystemExit("there are no more refresh tokens: fewer rounds, or a larger world")
        digest = lambda n: hashlib.sha256(f"refresh {n}".encode()).digest()
        return [base64.urlsafe_b64encode(digest(n)).decode().rstrip("=") for n in range(first, self.spent + 1)]

    def ask(self, method, path, body=None, **headers):
        """One answer: status, head, body, and its whole size in bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
        connection.request(method, path, body, {"X-Forwarded-For": address(), **headers})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + 19
        return answer, body, head + len(body)

    def get(self, path, **headers):
        """Body and whole size of an answer that must be good."""
        answer, body, size = self.ask("GET", path, **headers)
        if answer.status != 200:
            raise SystemExit(f"{path} gave {answer.status}: {body[:200]}")
        return body, size

    def signed_in(self, count):
        """So many people by their ids and access tokens, which live for 15 minutes."""
        def refresh(token):
            answer, body, _ = self.ask("POST", "/auth/refresh", Cookie=f"refresh_token={token}")
            if answer.status != 200:
                raise SystemExit(f"a refresh gave {answer.status}: {body[:200]}")
            token = json.loads(body)["access_token"]
            claims = base64.urlsafe_b64decode(token.split(".")[1] + "==")
            return json.loads(claims)["user_id"], token
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            return list(threads.map(refresh, self.refresh_tokens(count)))

    def browsers(self, count):
        """The cookies of so many browser sessions, which end with the access tokens in them."""
        def visit(token):
            answer, _, _ = self.ask("GET", "/timeline", Cookie=f"refresh_token={token}")
            cookies = [value.split(";")[0] for value in answer.headers.get_all("Set-Cookie") or []]
            if answer.status != 200 or len(cookies) < 2:
                raise SystemExit(f"a visit gave {answer.status} and {len(cookies)} cookies")
            return "; ".join(cookies)
        return [visit(token) for token in self.refresh_tokens(count)]


def address():
    """Somebody's address."""
    return f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"


def raw(method, path, body=None, **headers):
    """A request as it goes over the wire, from an address of its own."""
    if body is not None:
        body = json.dumps(body)
        headers = {"Content-Type": "application/json", **headers, "Content-Length": len(body)}
    elif method != "GET":
        headers["Content-Length"] = 0
    headers = {"Host": "localhost", "User-Agent": "wrk", "X-Forwarded-For": address(), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n{body or ''}"


def listed(requests):
    """Requests as cycle.lua reads them."""
    return "".join(f"{request}\n----\n" for request in requests)
