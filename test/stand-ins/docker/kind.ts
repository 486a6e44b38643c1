import type Docker from "dockerode";

export type Properties = Readonly<Record<string, unknown>>;

/** One kind of resource on a Docker engine. */
export interface Kind {
  /** The inputs that are applied; any other is refused. */
  readonly known: readonly string[];
  /** Those that only say how the provider works, so that a change replaces nothing. */
  readonly updated: readonly string[];
  /** Answers with the id. */
  readonly create: (engine: Docker, inputs: Properties) => Promise<string>;
  readonly isThere: (engine: Docker, id: string, inputs: Properties) => Promise<boolean>;
  readonly remove: (engine: Docker, id: string, inputs: Properties) => Promise<void>;
}

export const labelsOf = (inputs: Properties): Record<string, string> =>
  Object.fromEntries(
    ((inputs.labels as { label: string; value: string }[] | undefined) ?? []).map(({ label, value }) => [label, value]),
  );

/** Whether an engine says that something does not exist. */
export const isMissing = (error: unknown): boolean => (error as { statusCode?: number }).statusCode === 404;

export const unlessMissing = async (work: Promise<unknown>): Promise<boolean> => {
  try {
    await work;
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
};
