import type { ProgramEnd } from "./run-program.ts";

/** Asks a page once; a redirection is an answer, too. Never rejects. */
export const probeHttp = async (url: string, seconds: number): Promise<ProgramEnd> => {
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(seconds * 1000) });
    await answer.body?.cancel();
    return { ok: answer.status < 400, text: `${url} answered with ${answer.status}` };
  } catch (error) {
    const { message, cause } = error as Error;
    return { ok: false, text: `${url} did not answer: ${cause instanceof Error ? cause.message : message}` };
  }
};
