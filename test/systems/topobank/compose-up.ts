// `compose-up.ts DOCKER CONTAINER…`: what supervisor runs: `docker-compose up` in the foreground. It starts the
// containers in order. Told to end, it stops all of them. When one of them ends otherwise it stops the others and ends,
// as `--abort-on-container-exit` does, so that the next start is of everything.
import { execa } from "execa";

const [docker = "docker", ...containers] = process.argv.slice(2);

const ending = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => ending.abort());

const run = (args: readonly string[]) =>
  execa(docker, args, { reject: false, stdin: "ignore", stdout: "ignore", stderr: "inherit" });

for (const name of containers) {
  if (ending.signal.aborted) break;
  await run(["start", name]);
}
console.log("up");
const waiting = containers.map((name) =>
  execa(docker, ["wait", name], { reject: false, stdin: "ignore", cancelSignal: ending.signal }),
);
const aborted = new Promise((resolve) => ending.signal.addEventListener("abort", resolve, { once: true }));
if (!ending.signal.aborted) await Promise.race([...waiting, aborted]);
ending.abort();
console.log("stopping");
for (const name of containers.toReversed()) await run(["stop", "--time", "10", name]);
console.log("ended");
