"""Load the libraries that steps import, then run each job that comes in a child of its own, as `python -m` would."""

import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
import traceback
from importlib import metadata

from tqdm import tqdm


def load(root):
    """All that any step imports, but not this project's modules: tests edit them, and each copy has its own."""
    sys.path[0] = root
    # tqdm's own lock is one for all processes that are forked from here: a job that is killed while it holds it, as by
    # tests of kills, would stop all that come after.
    tqdm.set_lock(threading.RLock())
    steps = importlib.import_module("paper_replication.steps")
    for found in pkgutil.iter_modules(steps.__path__):
        importlib.import_module(f"paper_replication.steps.{found.name}")
    for name in [name for name in sys.modules if name.split(".")[0] == "paper_replication"]:
        del sys.modules[name]
    prepare()
    gc.freeze()


def prepare():
    """Work out once what every job would, the same for all: whose modules are whose, and how weights are named."""
    for function in (metadata.packages_distributions, metadata.version):
        setattr(metadata, function.__name__, functools.cache(function))
    for name in {name for names in metadata.packages_distributions().values() for name in names}:
        metadata.version(name)
    from transformers import AutoModelForCausalLM, LlamaConfig

    config = LlamaConfig(vocab_size=8, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    with tempfile.TemporaryDirectory() as folder:
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
        AutoModelForCausalLM.from_pretrained(folder)


def run(job):
    """One job in this process, and its exit code."""
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    sys.path[0] = job["folder"]
    module, *sys.argv[1:] = job["arguments"]
    status = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def attend(client):
    """Run a client's job in a child, which is killed if the client is, and tell the client how it ended."""
    _, streams, _, _ = socket.recv_fds(client, len(b"job"), 3)
    with client.makefile("rw") as stream:
        job = json.loads(stream.readline())
        child = os.fork()
        if not child:
            for number, ours in enumerate(streams):
                os.dup2(ours, number)
            os._exit(run(job))
        for ours in (0, 1, 2, *streams):
            os.close(ours)
        over = os.pidfd_open(child)
        if client in select.select([over, client], [], [])[0]:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        stream.write(f"{os.waitstatus_to_exitcode(status) & 255}\n")


def serve(place, root):
    """Jobs that come to a socket, until killed; the socket is there once libraries are loaded."""
    load(root)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(place)
        server.listen(64)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            client, _ = server.accept()
            if not os.fork():
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                server.close()
                attend(client)
                os._exit(0)
            client.close()


if __name__ == "__main__":
    serve(*sys.argv[1:])
