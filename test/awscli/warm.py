"""The AWS CLI, loaded once.

Half a second of every call of the CLI goes into importing Python modules and reading service
models. This process does both and then forks for every call that comes over its socket, so that
each runs the CLI's own main() in a process, an environment and a folder of its own.
Run with the CLI's interpreter: warm.py SOCKET SERVICE OPERATION [SERVICE OPERATION ...]
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import traceback

given = dict(os.environ)

import awscli.clidriver

try:  # version 2 brings its own
    from awscli.botocore import loaders
except ImportError:
    from botocore import loaders

# Importing the CLI names the folder of its models in the environment, where it looks for it.
own = {name: value for name, value in os.environ.items() if given.get(name) != value}


known = {}  # what a model file says, by its path


def remember_files():
    """Makes botocore read each of its files once."""
    read = loaders.JSONFileLoader.load_file

    def load_file(self, path):
        if path not in known:
            known[path] = read(self, path)
        return known[path]

    loaders.JSONFileLoader.load_file = load_file


def load(operations):
    """Loads the modules and files that these operations need. They are called in a fork, which
    tells: version 2 starts threads, and a process that is to fork may have none."""
    here, there = socket.socketpair()
    if os.fork() == 0:
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.dup2(1, 2)
        for service, operation in operations:
            call(["--endpoint-url", "http://127.0.0.1:1", service, operation])
        with there.makefile("w") as out:
            json.dump({"modules": list(sys.modules), "files": list(known)}, out)
        os._exit(0)
    there.close()
    with here.makefile() as told:
        needed = json.load(told)
    os.wait()
    for name in needed["modules"]:
        with contextlib.suppress(Exception):
            if not name.startswith("awscrt"):
                importlib.import_module(name)
    for path in needed["files"]:
        loaders.JSONFileLoader().load_file(path)


def call(args):
    sys.argv = ["aws"] + args
    try:
        return awscli.clidriver.main() or 0
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1


def answer(connection):
    """Runs the one call of a connection: a line of JSON and the caller's three files."""
    line, files, _, _ = socket.recv_fds(connection, 1 << 16, 3)
    while not line.endswith(b"\n"):
        more = connection.recv(1 << 16)
        if not more:
            return
        line += more
    asked = json.loads(line)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(own)
    os.environ.update(e.split("=", 1) for e in asked["environment"])
    os.chdir(asked["folder"])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = call(asked["arguments"])
    for stream in sys.stdout, sys.stderr:
        with contextlib.suppress(BrokenPipeError):
            stream.flush()
    connection.sendall(b"%d" % status)


def main(path, words):
    remember_files()
    load(list(zip(words[::2], words[1::2])))
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            try:
                answer(connection)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(1)
        connection.close()


main(sys.argv[1], sys.argv[2:])
