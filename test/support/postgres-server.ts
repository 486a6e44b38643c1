// The demo starts the same servers, so they live in tools/.
export * from "../../tools/servers/postgres-server.ts";
