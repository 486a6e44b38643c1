#!/usr/bin/env node
// Without a word: one job. `schedule`: a plan's jobs, for as long as the container lives. `once`: those of one run. `healthy`
// and `alive`: what a scheduler's healthcheck asks. Each loads only what it needs: the healthcheck starts every few seconds.

const run = async ([mode, ...args]: readonly string[]): Promise<number> => {
  switch (mode) {
    case "schedule":
      return (await import("./schedule/schedule.ts")).schedule(args);
    case "once":
      return (await import("./schedule/once.ts")).once(args);
    case "alive":
      return (await import("./schedule/alive.ts")).alive(args);
    case "healthy":
      return (await import("./schedule/healthy.ts")).healthy(args);
    default:
      return (await import("./one-job.ts")).oneJob(process.argv.slice(2));
  }
};

// A reader that went away must not kill the job: what it does is recorded elsewhere as well.
process.stderr.on("error", () => undefined);
process.stdout.on("error", () => undefined);

process.exit(await run(process.argv.slice(2)));
