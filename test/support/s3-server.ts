// The demo starts the same servers, so they live in tools/.
export * from "../../tools/servers/s3-server.ts";
