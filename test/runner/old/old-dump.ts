/** What go-s3-backup stored in 2019: plain SQL of pg_dump 10, its roles another system's. */
export const OLD_DUMP = String.raw`--
-- PostgreSQL database dump
--

-- Dumped from database version 10.5 (Debian 10.5-2.pgdg90+1)
-- Dumped by pg_dump version 10.7

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: plpgsql; Type: EXTENSION; Schema: -; Owner: 
--

CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;


--
-- Name: EXTENSION plpgsql; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION plpgsql IS 'PL/pgSQL procedural language';


SET default_tablespace = '';

SET default_with_oids = false;

--
-- Name: manager_topography; Type: TABLE; Schema: public; Owner: dsdjfjer84jf894jd9f
--

CREATE TABLE public.manager_topography (
    id integer NOT NULL,
    name character varying(80) NOT NULL,
    datafile character varying(250) NOT NULL
);


ALTER TABLE public.manager_topography OWNER TO dsdjfjer84jf894jd9f;

--
-- Name: manager_topography_id_seq; Type: SEQUENCE; Schema: public; Owner: dsdjfjer84jf894jd9f
--

CREATE SEQUENCE public.manager_topography_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.manager_topography_id_seq OWNER TO dsdjfjer84jf894jd9f;

ALTER SEQUENCE public.manager_topography_id_seq OWNED BY public.manager_topography.id;

ALTER TABLE ONLY public.manager_topography ALTER COLUMN id SET DEFAULT nextval('public.manager_topography_id_seq'::regclass);

--
-- Data for Name: manager_topography; Type: TABLE DATA; Schema: public; Owner: dsdjfjer84jf894jd9f
--

COPY public.manager_topography (id, name, datafile) FROM stdin;
1	Example 3; 50 µm	topographies/user_1/example3.di
2	with a tab\t, a line\nand a \\! backslash	topographies/user_1/example4.txt
3	\N-like	topographies/user_2/10x10.txt
\.


SELECT pg_catalog.setval('public.manager_topography_id_seq', 3, true);

ALTER TABLE ONLY public.manager_topography
    ADD CONSTRAINT manager_topography_pkey PRIMARY KEY (id);

GRANT SELECT ON TABLE public.manager_topography TO reporting;


--
-- PostgreSQL database dump complete
--

`.replace("\\N-like", "null-like");
