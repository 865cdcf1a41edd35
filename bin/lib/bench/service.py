"""The service as it runs in production, over a database and a world of its own."""

import os
import subprocess
import time
import urllib.request

import cpu
from postgres import free_port

ADDRESS_OF_PROXY = "127.0.0.1/32"


class Service:
    """One build of it. `name` is also the name of its database."""

    def __init__(self, name, program, postgres, folder, key, pool=None):
        self.name, self.postgres = name, postgres
        self.port = free_port()
        self.log = os.path.join(folder, f"{name}.log")
        postgres.psql("postgres", "-c", f"create database {name}")
        environment = {
            "PATH": os.environ["PATH"],
            "APP_ENV": "production",
            "LISTEN_ADDR": f"127.0.0.1:{self.port}",
            "PUBLIC_URL": "http://localhost",
            "DATABASE_URL": postgres.url(name),
            "JWT_PRIVATE_KEY": key,
            "EMAIL_URL": f"file:{folder}/mail",
            "EMAIL_FROM": "no-reply@example.org",
            "DATA_DIR": os.path.join(folder, name),
            # Each request comes from another address, so that the limits are on as in production.
            "TRUSTED_PROXIES": ADDRESS_OF_PROXY,
        }
        # The few sessions of the measurement are renewed without a pause. A release without the limit would not know its name.
        if b"refresh_session" in subprocess.run([program, "help", "variables"], capture_output=True).stdout:
            environment["RATE_LIMIT_RULES"] = "refresh_session=1000000+1000/s"
        if pool:
            environment["DATABASE_POOL_SIZE"] = str(pool)
        os.mkdir(environment["DATA_DIR"])
        subprocess.run([program, "migrate"], check=True, stdout=subprocess.DEVNULL, env=environment)
        self.program, self.environment, self.process = program, environment, None

    def start(self):
        log = open(self.log, "a")
        self.process = subprocess.Popen([self.program], env=self.environment, stdout=log, stderr=log)
        for _ in range(100):
            try:
                return urllib.request.urlopen(f"{self.base}/health").read()
            except OSError:
                time.sleep(0.1)
        with open(self.log) as log:
            raise SystemExit(log.read())

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def forget_log(self):
        """Millions of lines would fill the disk."""
        os.truncate(self.log, 0)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
