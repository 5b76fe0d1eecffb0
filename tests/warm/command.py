"""What stands in the place of ``python``, ``pytest`` and ``llmeval``: it hands its command line to the server.

It is run without site-packages, so it imports the standard library alone, and little of it.
"""

import json
import os
import socket
import sys
from pathlib import Path

_LONGEST_S = 600
"""No command of a test takes longer."""


def run(
    server: str, line: list[str], folder: str, environment: dict[str, str], files: list[int]
) -> int:
    """Run a command line in a fork of the server, and wait for its end.

    Args:
        server: The path of its socket.
        line: The name of the command and its arguments.
        folder: The working directory.
        environment: All environment variables.
        files: The descriptors of standard input, output and error.

    Returns:
        The exit code; negative for a signal.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_LONGEST_S)
        connection.connect(server)
        socket.send_fds(connection, [b"\n"], files)
        connection.sendall(json.dumps([line, folder, environment]).encode() + b"\n")
        with connection.makefile() as answer:
            code = answer.readline()
    if not code:
        raise SystemExit(f"the server of {server} has ended before its command: {line}")
    return int(code)


if __name__ == "__main__":
    line = [Path(sys.argv[0]).name, *sys.argv[1:]]
    options = {argument for argument in line[1:3] if argument.startswith("-")}
    if line[0] == "python" and not options <= {"-u", "-m", "-c"}:
        os.execv(sys.executable, [sys.executable, *line[1:]])
    code = run("SOCKET", line, str(Path.cwd()), dict(os.environ), [0, 1, 2])
    if code < 0:
        os.kill(os.getpid(), -code)  # it ends as what it stands for has ended
    sys.exit(code)
