CREATE TABLE IF NOT EXISTS app_user (id serial PRIMARY KEY, username text NOT NULL, mail text NOT NULL);
INSERT INTO app_user (username, mail) SELECT name, name || '@example.org' FROM (SELECT gen_random_uuid()::text AS name)
\watch 1
