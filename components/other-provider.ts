import type * as pulumi from "@pulumi/pulumi";
import { refuse } from "./args/check-args.ts";

/** What only one provider of a kind may be for. */
export interface OnlyProvider {
  readonly isInstance: (value: unknown) => boolean;
  /** A type of its resources. */
  readonly type: string;
  /** Why another one is refused. */
  readonly fact: string;
}

/** What is declared and what jobs are placed on must be the same place, so the target alone says which. */
export const refuseOtherProvider = (
  what: string,
  opts: pulumi.ComponentResourceOptions | undefined,
  { isInstance, type, fact }: OnlyProvider,
): void => {
  const given = [opts?.provider, ...Object.values(opts?.providers ?? {}), opts?.parent?.getProvider(type)];
  if (given.some(isInstance)) refuse(what, "opts.provider", fact);
};
