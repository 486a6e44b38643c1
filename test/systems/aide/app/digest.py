#!/usr/bin/python3
"""What AIDE holds, as JSON: every file with owner, mode and digest, and for every project its rows and whether each has
its file. Our own directories of superseded data are named, not looked into."""
import hashlib
import json
import os
import sys

sys.path.insert(0, "/home/aide/app")
from common import IMAGES, Connection  # noqa: E402


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


connection = Connection("digest")
# The rows first: while workers work, a file is there before its row.
rows = {
    project: connection.once('SELECT filename, sha256 FROM "%s".image' % project)
    for (project,) in connection.once("SELECT shortname FROM aide_admin.project ORDER BY 1")}
files = {}
for folder, folders, names in os.walk(IMAGES):
    if folder == IMAGES:
        folders[:] = [name for name in folders if not name.startswith(".restorable-")]
    for name in folders + names:
        path = os.path.join(folder, name)
        status = os.lstat(path)
        kind = "directory" if os.path.isdir(path) else digest(path)
        files[os.path.relpath(path, IMAGES)] = "%d:%d %o %s" % (
            status.st_uid, status.st_gid, status.st_mode & 0o7777, kind)

projects = {
    project: {
        "images": len(images),
        "wrong": [name for name, sha in images if (files.get("%s/%s" % (project, name)) or "").split(" ")[-1] != sha]}
    for project, images in rows.items()}
print(json.dumps({
    "files": files,
    "projects": projects,
    "aside": sorted(name for name in os.listdir(IMAGES) if name.startswith(".restorable-"))}))
