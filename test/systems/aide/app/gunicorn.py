#!/usr/bin/python3
"""The page: it answers 200 only when there are projects, and every row of every project has its file. Its pool is never
empty for long, whoever ends its sessions."""
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, "/home/aide/app")
from common import IMAGES, Connection  # noqa: E402


def keep(connection):
    while True:
        connection.query("SELECT 1")
        time.sleep(0.05)


def missing(connection):
    """What a visitor would miss; nothing where all is well."""
    projects = [row[0] for row in connection.once("SELECT shortname FROM aide_admin.project ORDER BY 1")]
    if not projects:
        return "no project"
    for project in projects:
        for filename, size in connection.once('SELECT filename, bytes FROM "%s".image' % project):
            path = os.path.join(IMAGES, project, filename)
            if not os.path.isfile(path) or os.path.getsize(path) != size:
                return "project %s lacks the image %s" % (project, filename)
    return None


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            problem = missing(Connection("page"))
        except Exception as error:  # whatever it is, the visitor sees that the page does not work
            problem = str(error)
        body = ("AIDE: %s\n" % (problem or "ready")).encode()
        self.send_response(500 if problem else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


for number in range(3):
    threading.Thread(target=keep, args=[Connection("gunicorn %d" % number)], daemon=True).start()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
ThreadingHTTPServer(("0.0.0.0", 8080), Page).serve_forever()
