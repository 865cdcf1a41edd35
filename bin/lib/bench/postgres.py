"""A throwaway PostgreSQL as in production: it waits for the disk."""

import os
import pwd
import shutil
import socket
import subprocess

SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Postgres:
    """Of the programs in `bin`, below `folder`."""

    def __init__(self, bin, folder):
        self.bin, self.port, self.home = bin, free_port(), os.path.join(folder, "pg")
        os.mkdir(self.home, 0o700)
        # It won't run as root.
        self.owner = {}
        if os.geteuid() == 0:
            user = next(user for user in pwd.getpwall() if user.pw_name in ("postgres", "nobody"))
            os.chown(self.home, user.pw_uid, user.pw_gid)
            self.owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._run("initdb", "-D", self.home, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        settings = {**SETTINGS, "port": self.port, "unix_socket_directories": self.home}
        with open(os.path.join(self.home, "postgresql.conf"), "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self._run("pg_ctl", "-D", self.home, "-l", os.path.join(self.home, "log"), "-w", "start")
        with open(os.path.join(self.home, "postmaster.pid")) as file:
            self.pid = int(file.readline())

    def program(self, name):
        """One of PostgreSQL's programs; clients may lie elsewhere than the server."""
        return shutil.which(name, path=f"{self.bin}:{os.environ['PATH']}") or name

    def _run(self, program, *arguments):
        command = [self.program(program), *arguments]
        # Not a pipe: the server would keep it open.
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.home, **self.owner)

    def url(self, database):
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def psql(self, database, *arguments, **variables):
        """What psql prints, without headings."""
        given = [f"--set={name}={value}" for name, value in {**variables, "ON_ERROR_STOP": 1}.items()]
        command = [self.program("psql"), "-XqAt", "-F", "\t", *given, *arguments, self.url(database)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def rows(self, database, statement):
        return [line.split("\t") for line in self.psql(database, "-c", statement).splitlines()]

    def stop(self):
        subprocess.run(
            [self.program("pg_ctl"), "-D", self.home, "-m", "immediate", "-w", "stop"],
            stdout=subprocess.DEVNULL, cwd="/", **self.owner,
        )
        shutil.rmtree(self.home)
