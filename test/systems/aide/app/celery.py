#!/usr/bin/python3
"""The workers: `celery -A celery_worker worker --detach` starts two, `celery -A celery_worker control shutdown` asks them
to end and does not wait for it. Each holds a connection and gives the busiest project one image after the other."""
import hashlib
import os
import signal
import sys
import time
import uuid

sys.path.insert(0, "/home/aide/app")
from common import IMAGES, Connection  # noqa: E402

PID_FILE = "/run/celery.pid"
PROJECT = "test_tiles_docker"
going = True


def end(*_):
    global going
    going = False


def work(number):
    signal.signal(signal.SIGTERM, end)
    connection = Connection("celery %d" % number)
    while going:
        known = connection.query("SELECT to_regclass(%s) IS NOT NULL", ['"%s".image' % PROJECT], lambda: going)
        if known and known[0][0] and os.path.isdir(os.path.join(IMAGES, PROJECT)):
            add_image(connection)
        time.sleep(0.1)


def add_image(connection):
    """First the file, then the row: a row never waits for its file."""
    name = "%s.jpg" % uuid.uuid4()
    content = os.urandom(2000)
    path = os.path.join(IMAGES, PROJECT, name)
    with open(path, "wb") as file:
        file.write(content)
    connection.query(
        'INSERT INTO "%s".image (filename, bytes, sha256) VALUES (%%s, %%s, %%s)' % PROJECT,
        [name, len(content), hashlib.sha256(content).hexdigest()],
        lambda: going)


def worker():
    """Leaves its starter at once; the first process keeps the others."""
    if os.fork() > 0:
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    with open(PID_FILE, "w") as file:
        file.write(str(os.getpid()))
    children = []
    for number in range(2):
        child = os.fork()
        if child == 0:
            work(number)
            os._exit(0)
        children.append(child)
    signal.signal(signal.SIGTERM, lambda *_: [os.kill(child, signal.SIGTERM) for child in children])
    for child in children:
        os.waitpid(child, 0)
    os.unlink(PID_FILE)


def control():
    try:
        with open(PID_FILE) as file:
            os.kill(int(file.read()), signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        sys.exit("no worker answers")


{"worker": worker, "control": control}[sys.argv[3]]()
