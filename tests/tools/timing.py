"""Whether answers that must not be told apart can be told apart by a clock.

For each pair of branches: interleaved samples from one client on one connection, in random order,
then Welch's t-test and the Mann-Whitney test. A new pair is a line of PAIRS. Called by bin/timing.
"""

import glob
import http.client
import json
import math
import random
import re
import statistics
import sys
import time
import uuid

PASSWORD = "correct horse battery"
# The chance of a false alarm, of all tests of a run together.
ALPHA = 0.01


def unknown():
    return f"{uuid.uuid4().hex[:12]}@example.org"


# What the two branches are, the path, and the body of each; without their path, pairs are left out.
# Registering is not here: its 409 says what its time could.
PAIRS = [
    ("log-in: no account | wrong password", "/auth/login",
     lambda: {"email": unknown(), "password": "wrong password"},
     lambda: {"email": VERIFIED, "password": "wrong password"}),
    ("log-in, wrong password: unverified | verified", "/auth/login",
     lambda: {"email": UNVERIFIED, "password": "wrong password"},
     lambda: {"email": VERIFIED, "password": "wrong password"}),
    ("resend: no account | unverified account", "/auth/verify/resend",
     lambda: {"email": unknown()},
     lambda: {"email": UNVERIFIED}),
    ("resend: no account | verified account", "/auth/verify/resend",
     lambda: {"email": unknown()},
     lambda: {"email": VERIFIED}),
    ("forgotten password: no account | account", "/auth/password/forgot",
     lambda: {"email": unknown()},
     lambda: {"email": VERIFIED}),
    ("forgotten password: no account | unverified account", "/auth/password/forgot",
     lambda: {"email": unknown()},
     lambda: {"email": UNVERIFIED}),
]
VERIFIED, UNVERIFIED = "verified@example.org", "unverified@example.org"


class Client:
    """One connection."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address)

    def send(self, method, path, body=None):
        """Status, body, and milliseconds until the answer was here."""
        payload = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"} if payload else {}
        begin = time.perf_counter_ns()
        self.connection.request(method, path, payload, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, text, (time.perf_counter_ns() - begin) / 1e6


def accounts(client, mails):
    """A verified account and one that is not."""
    for email in (VERIFIED, UNVERIFIED):
        body = {"email": email, "username": email.split("@")[0], "password": PASSWORD}
        assert client.send("POST", "/auth/register", body)[0] == 201
    for _ in range(300):
        for mail in glob.glob(f"{mails}/*.eml"):
            text = open(mail, encoding="utf-8").read().replace("=\n", "")
            token = re.search(r"token=(?:3D)?([A-Za-z0-9_-]{43})", text)
            if f"To: {VERIFIED}" in text and token:
                status, _, _ = client.send("POST", "/auth/verify", {"token": token[1]})
                assert status == 200, status
                return
        time.sleep(0.1)
    sys.exit(f"no mail in {mails}")


def normal_tail(z):
    """The chance of |Z| >= z."""
    return math.erfc(abs(z) / math.sqrt(2))


def welch(a, b):
    """Welch's t and its two-sided p; with hundreds of degrees of freedom t is normal."""
    error = math.sqrt(statistics.variance(a) / len(a) + statistics.variance(b) / len(b))
    t = (statistics.fmean(a) - statistics.fmean(b)) / error if error else 0.0
    return t, normal_tail(t)


def mann_whitney(a, b):
    """The share of pairs in which a is slower, and the two-sided p (normal approximation)."""
    order = sorted([(value, 0) for value in a] + [(value, 1) for value in b])
    rank_sum, ties, at = 0.0, 0.0, 0
    while at < len(order):
        end = at
        while end < len(order) and order[end][0] == order[at][0]:
            end += 1
        rank_sum += (at + 1 + end) / 2 * sum(1 for _, group in order[at:end] if group == 0)
        ties += (end - at) ** 3 - (end - at)
        at = end
    n, m = len(a), len(b)
    u = rank_sum - n * (n + 1) / 2
    total = n + m
    spread = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    return u / (n * m), normal_tail((u - n * m / 2) / spread)


def sample(client, path, branches, count):
    """Interleaved samples; whatever differs but the time is an error."""
    times, answers = ([], []), (set(), set())
    for number in range(count + 20):
        for which in random.sample((0, 1), 2):
            status, text, took = client.send("POST", path, branches[which]())
            answers[which].add((status, text))
            if number >= 20:  # The first ones warm up.
                times[which].append(took)
    if len(answers[0] | answers[1]) != 1:
        sys.exit(f"{path}: the answers differ: {answers}")
    return times


def main(address, mails, count):
    random.seed(20261122)
    client = Client(address)
    accounts(client, mails)
    document = json.loads(client.send("GET", "/openapi.json")[1])
    pairs = [pair for pair in PAIRS if pair[1] in document["paths"]]
    level = ALPHA / (2 * len(pairs))
    print(f"{count} samples a branch; separable is p < {level:.5f} in either test")
    separable = False
    for name, path, *branches in pairs:
        a, b = sample(client, path, branches, count)
        t, p_welch = welch(a, b)
        share, p_rank = mann_whitney(a, b)
        tells = min(p_welch, p_rank) < level
        separable |= tells
        print(f"{name}\n"
              f"  medians {statistics.median(a):.3f} | {statistics.median(b):.3f} ms,"
              f" means {statistics.fmean(a):.3f} | {statistics.fmean(b):.3f} ms\n"
              f"  Welch t = {t:+.2f}, p = {p_welch:.4f}; Mann-Whitney share = {share:.3f},"
              f" p = {p_rank:.4f}: {'SEPARABLE' if tells else 'not separable'}", flush=True)
    sys.exit(1 if separable else 0)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
