CREATE TABLE IF NOT EXISTS job_history (id serial PRIMARY KEY, tool text NOT NULL, seconds int NOT NULL);
INSERT INTO job_history (tool, seconds) VALUES ('bwa-mem.py', 60)
\watch 1
