import { JobError } from "../spec/index.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Interruption {
  readonly signal: AbortSignal;
  /** Stops listening. */
  readonly dispose: () => void;
}

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an aborted signal, on which work goes to a safe state. At the second
 * SIGINT or SIGTERM `leave` is called, which ends the process.
 */
export const interruption = (first: (name: string) => void, leave: (name: string) => void): Interruption => {
  const controller = new AbortController();
  const handlers = SIGNALS.map((name) => {
    const handler = () => {
      if (controller.signal.aborted) return name === "SIGHUP" ? undefined : leave(name);
      first(name);
      controller.abort(
        new JobError("interrupted", `the launcher was told to stop by ${name}`, "ask again with a new id"),
      );
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  return {
    signal: controller.signal,
    dispose: () => {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
};
