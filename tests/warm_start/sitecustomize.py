"""Run by every Python that has this folder on its PYTHONPATH: a job lets the server run it, where there is one.

Most jobs of the smoke tier would take longer to load libraries than to run.
"""

import contextlib
import json
import os
import socket
import sys


def forward(arguments):
    """Have this process's work done by a child of the server, which has its streams, and end as it does.

    A child whose job is gone is killed by the server, so that a job can be killed as ever.
    """
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(os.environ["WARM_START"])
        job = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
        socket.send_fds(server, [b"job"], [0, 1, 2])
        with server.makefile("rw") as stream:
            stream.write(json.dumps(job) + "\n")
            stream.flush()
            status = stream.readline()
    os._exit(int(status) if status else 1)


is_job = sys.orig_argv[1:2] == ["-m"] and sys.orig_argv[2].startswith("paper_replication.steps.")
if is_job and "WARM_START" in os.environ:
    # Without a server this process goes on as if nothing had been tried.
    with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
        forward(sys.orig_argv[2:])
