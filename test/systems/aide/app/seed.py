#!/usr/bin/python3
"""Makes projects with images: `seed.py PROJECT=COUNT…`. Names, owners and modes are of every kind."""
import hashlib
import os
import sys

sys.path.insert(0, "/home/aide/app")
from common import IMAGES, Connection  # noqa: E402

connection = Connection("seed")
NAMES = ["DJI_%04d.jpg", "tile %d.tif", "forêt-%d.png", "2021-09-27/%d.jpg"]
MODES = [0o644, 0o664, 0o444, 0o755]
OWNERS = [(0, 0), (33, 33), (1000, 100), (0, 101)]

connection.query("""INSERT INTO aide_admin."user" VALUES ('admin', 'admin@example.org', '\\x0102') ON CONFLICT DO NOTHING""")
for project, count in (argument.split("=") for argument in sys.argv[1:]):
    connection.query('CREATE SCHEMA "%s"' % project)
    connection.query("""CREATE TABLE "%s".image (
        id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), filename varchar UNIQUE NOT NULL, bytes bigint NOT NULL,
        sha256 varchar NOT NULL)""" % project)
    connection.query("""CREATE TABLE "%s".annotation (
        id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), image uuid NOT NULL REFERENCES "%s".image,
        username varchar NOT NULL REFERENCES aide_admin."user", x real, y real)""" % (project, project))
    os.makedirs(os.path.join(IMAGES, project, "2021-09-27"))
    os.makedirs(os.path.join(IMAGES, project, "empty"), mode=0o775)
    for number in range(int(count)):
        name = NAMES[number % 4] % number
        path = os.path.join(IMAGES, project, name)
        content = os.urandom(1000 + 37 * number)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, MODES[number // 4 % 4])
        os.chown(path, *OWNERS[number // 3 % 4])
        connection.query('INSERT INTO "%s".image (filename, bytes, sha256) VALUES (%%s, %%s, %%s)' % project,
                         [name, len(content), hashlib.sha256(content).hexdigest()])
    connection.query("""INSERT INTO "%s".annotation (image, username, x, y)
        SELECT id, 'admin', random(), random() FROM "%s".image, generate_series(1, 3)""" % (project, project))
    # Last, so that the page knows of it only when it is whole.
    connection.query("INSERT INTO aide_admin.project VALUES (%s, %s)", [project, project.replace("_", " ")])
