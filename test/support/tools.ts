// The demo reads the same file, so its reader lives in tools/.
export * from "../../tools/servers/tools.ts";
