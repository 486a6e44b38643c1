import { JobError } from "../../spec/index.ts";
import type { Io } from "../io.ts";

/**
 * Asks for the text that names the target. Nothing is done unless it is exactly that.
 * @throws JobError `wrong-confirm`
 */
export const confirm = async (io: Io, expected: string, given: string | undefined): Promise<string> => {
  if (given === undefined && !io.ask) {
    throw new JobError(
      "wrong-confirm",
      "nobody can be asked here, and no --confirm was given",
      `give --confirm ${expected} if that is the target you mean; nothing was done`,
    );
  }
  const answer = given ?? (await io.ask?.(`Type ${expected} to go on: `)) ?? "";
  if (answer === expected) return answer;
  throw new JobError(
    "wrong-confirm",
    `'${answer}' is not '${expected}'`,
    "type the target's name exactly as it is shown; nothing was done",
  );
};
