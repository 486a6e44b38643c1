import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { JobError, parse } from "../spec/index.ts";

/**
 * Reads one structured key of the stack's config and parses it at once, so that a mistake stops the preview with its
 * path.
 * @throws pulumi.RunError with every mistake in one text
 */
export const parsedConfig = <S extends z.ZodType>(schema: S, key: string): z.output<S> => {
  const config = new pulumi.Config();
  const value = config.getObject<unknown>(key);
  if (value === undefined) throw new pulumi.RunError(`stack config: '${config.name}:${key}' is missing`);
  try {
    return parse(schema, value, `${config.name}:${key}`);
  } catch (error) {
    throw error instanceof JobError ? new pulumi.RunError(`stack config: ${error.fact}`) : error;
  }
};
