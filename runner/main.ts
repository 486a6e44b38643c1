#!/usr/bin/env node
// Without a word: one job. `schedule`: a plan's jobs, for as long as the container lives. `healthy`: what its healthcheck
// asks. Each loads only what it needs: the healthcheck starts every few seconds.

const run = async ([mode, ...args]: readonly string[]): Promise<number> => {
  switch (mode) {
    case "schedule":
      return (await import("./schedule/schedule.ts")).schedule(args);
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
