"""A process that has imported what runs need, and forks for each command line that it is sent.

It imports nothing of ``tests``: a project may have a package of that name.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import sysconfig
from contextlib import redirect_stdout
from pathlib import Path

import pytest

OF_OTHERS = (
    "jinja2.ext",
    "jsonschema",
    "openai.resources.chat.completions",
    "pygments.lexers.python",
    "sqlalchemy.dialects.sqlite",
)
"""What our modules import when they need it."""

WITHOUT_XDIST = ("-p", "no:xdist", "-p", "no:xdist.looponfail")
"""It passes ``sys.path`` on as it was at its import."""

MODULES = {"pytest": "pytest", "llmeval": "pytest_llmeval"}
"""The module of each console script."""


def main(path: str, python: str) -> None:
    """Serve until the standard input ends.

    Args:
        path: The socket to make.
        python: The command that starts workers of pytest-xdist.
    """
    sys.path.pop(0)  # the folder of this file
    import_all()
    sys.executable = python
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        print("ready", flush=True)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if not os.fork():
                listener.close()
                handle(connection)
            connection.close()


def import_all() -> None:
    """Import our package as pytest does: it rewrites the assertions of plugins."""
    with redirect_stdout(io.StringIO()):
        pytest.main(["--markers", "-c", os.devnull, *WITHOUT_XDIST])
    package = importlib.import_module("pytest_llmeval")
    ours = [module.name for module in pkgutil.walk_packages(package.__path__, "pytest_llmeval.")]
    for name in (*ours, *OF_OTHERS):
        if not name.endswith("__main__"):
            importlib.import_module(name)
    gc.freeze()  # full collections need not go through all that was imported


def handle(connection: socket.socket) -> None:
    """Run one command line in a child, and send its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile() as asked:
        line, folder, environment = json.loads(asked.readline())
    child = os.fork()
    if not child:
        connection.close()
        become(folder, environment, files)
        execute(line)
        sys.exit()
    _, status = os.waitpid(child, 0)
    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def become(folder: str, environment: dict[str, str], files: list[int]) -> None:
    """Be a process that somebody has started."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    # The streams of the server remember what they were: a file, a pipe.
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)


def execute(line: list[str]) -> None:
    """Do what a command line does: a console script, or ``python`` with a module, code or a file."""
    if line[0] != "python":
        sys.argv = line
        sys.path.insert(0, sysconfig.get_path("scripts"))
        runpy.run_module(MODULES[line[0]], run_name="__main__", alter_sys=True)
        return
    _, *sys.argv = (part for part in line if part != "-u")
    match sys.argv:
        case ["-m", module, *_]:
            sys.argv.pop(0)
            sys.path.insert(0, str(Path.cwd()))
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["-c", code, *_]:
            sys.argv.pop(1)
            sys.path.insert(0, "")
            exec(code, {"__name__": "__main__"})
        case [file, *_]:
            sys.path.insert(0, str(Path(file).absolute().parent))
            runpy.run_path(file, run_name="__main__")


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    main(*sys.argv[1:])
