/** The setting that keeps TimescaleDB's triggers and workers off while a dump is loaded; it stays with the database. */
export const RESTORING = "timescaledb.restoring";
