import { JobError } from "../../spec/index.ts";

/** Aborted when this process is told to stop; its reason is a JobError `interrupted` that names what was. */
export const interruption = (what: string): AbortSignal => {
  const controller = new AbortController();
  const stop = (name: string) => () =>
    controller.abort(
      new JobError(
        "interrupted",
        `${what} was told to stop by ${name}`,
        "nothing half done is visible; run it again when you want",
      ),
    );
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop(name));
  return controller.signal;
};
