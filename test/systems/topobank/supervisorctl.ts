// `supervisorctl.ts SOCKET start|stop|status`: asks supervisord and waits for its answer, which it prints.
import { connect } from "node:net";
import { text } from "node:stream/consumers";

const [socket = "", command = "status"] = process.argv.slice(2);
const connection = connect(socket);
connection.write(`${command}\n`);
const said = (await text(connection)).trim();
console.log(said);
if (said !== (command === "start" ? "RUNNING" : "STOPPED") && command !== "status") process.exitCode = 1;
