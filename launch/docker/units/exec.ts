import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import type { ProgramEnd } from "../../run-program.ts";
import { isRefusal, refusalText } from "../engine-error.ts";
import { logFrames } from "../log-frames.ts";

/** Milliseconds between two looks whether a program has ended. */
const LOOK_EVERY = 200;
const KEPT = 1_000;

export interface Inside {
  readonly container: string;
  readonly argv: readonly string[];
  readonly user?: string | undefined;
}

/**
 * Runs a program inside a container by the engine, without a shell. Its end counts, not that of its output, which a
 * daemon that it starts may hold for ever. Never rejects.
 */
export const execInside = async (
  engine: Docker,
  { container, argv, user }: Inside,
  seconds: number,
): Promise<ProgramEnd> => {
  const what = `${argv.join(" ")} in container ${container}`;
  try {
    const exec = await engine.getContainer(container).exec({
      Cmd: [...argv],
      AttachStdout: true,
      AttachStderr: true,
      ...(user === undefined ? {} : { User: user }),
    });
    const printed = collect(await exec.start({ hijack: true, stdin: false }));
    const code = await exitCode(exec, printed.ended, seconds);
    const said = printed.text();
    const end =
      code === undefined ? `did not end in ${seconds} s` : code === 0 ? "succeeded" : `ended with exit code ${code}`;
    printed.close();
    return { ok: code === 0, text: `${what} ${end}${said === "" ? "" : `: ${said}`}` };
  } catch (error) {
    const reason = isRefusal(error) ? refusalText(error) : error instanceof Error ? error.message : String(error);
    return { ok: false, text: `${what} could not be run: ${reason}` };
  }
};

const exitCode = async (exec: Docker.Exec, ended: Promise<void>, seconds: number): Promise<number | undefined> => {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const { Running, ExitCode } = await exec.inspect();
    if (!Running && ExitCode !== null) return ExitCode;
    if (performance.now() >= deadline) return undefined;
    // Once the output has ended the exit code is a moment away.
    await Promise.race([pause(LOOK_EVERY), ended.then(() => pause(LOOK_EVERY / 10))]);
  }
};

const collect = (stream: NodeJS.ReadableStream & { destroy?: () => void }) => {
  const frames = logFrames();
  let said = "";
  const ended = new Promise<void>((resolve) => {
    stream.on("data", (chunk: Buffer) => {
      for (const { text } of frames(chunk)) said = `${said}${text.toString("utf8")}`.slice(-KEPT);
    });
    stream.once("end", resolve);
    stream.once("close", resolve);
    stream.once("error", () => resolve());
  });
  return {
    ended,
    text: () => said.trim().replace(/\s*\n\s*/g, " | "),
    close: () => stream.destroy?.(),
  };
};
