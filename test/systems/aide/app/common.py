"""What the web server and the workers share: where the data are, and a connection that comes back."""
import configparser
import os
import time

import psycopg2

settings = configparser.ConfigParser()
settings.read(os.environ.get("AIDE_CONFIG_PATH", "/home/aide/app/docker/settings.ini"))
IMAGES = settings["FileServer"]["staticfiles_dir"]


class Connection:
    """Whenever it is thrown out it connects again, at once and for ever, as a pool does."""

    def __init__(self, name):
        self.name = name
        self.live = None

    def query(self, text, values=(), going_on=lambda: True):
        while going_on():
            try:
                return self.once(text, values)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self.live = None
                time.sleep(0.02)
        return []

    def once(self, text, values=()):
        """One try; raises when the database lets nobody in."""
        if self.live is None or self.live.closed:
            database = settings["Database"]
            self.live = psycopg2.connect(
                dbname=database["name"], host=database["host"], port=database["port"], user=database["user"],
                password=os.environ["AIDE_DB_PASSWORD"], application_name=self.name, connect_timeout=5)
            self.live.autocommit = True
        with self.live.cursor() as cursor:
            cursor.execute(text, values)
            return cursor.fetchall() if cursor.description else []
