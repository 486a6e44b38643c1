CREATE TABLE IF NOT EXISTS session (id text PRIMARY KEY, name text NOT NULL, token text NOT NULL);
CREATE TABLE IF NOT EXISTS file (
  id text PRIMARY KEY, session text NOT NULL REFERENCES session, path text NOT NULL, sha512 text NOT NULL);
CREATE TABLE IF NOT EXISTS job (id serial PRIMARY KEY, session text NOT NULL REFERENCES session, screen_output oid);
\getenv key TOKEN_KEY
SELECT set_config('chipster.key', :'key', false);
-- Whoever lacks the key that a session was made with cannot open it.
INSERT INTO session SELECT id, 'busy', encode(sha256((id || current_setting('chipster.key'))::bytea), 'hex')
  FROM (SELECT gen_random_uuid()::text AS id)
\watch 1
