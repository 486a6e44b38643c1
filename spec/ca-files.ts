import type { Location } from "./repository.ts";
import type { Source } from "./source.ts";

/** The files with certificates of authorities that jobs read for these sources and places, each once. */
export const caFiles = (sources: readonly Source[], locations: readonly Location[]): readonly string[] => [
  ...new Set([
    ...sources.flatMap((source) => caOf(source) ?? []),
    ...locations.flatMap((place) => (place.kind === "s3" && place.ca !== undefined ? [place.ca] : [])),
  ]),
];

const caOf = (source: Source): string | undefined => {
  switch (source.kind) {
    case "postgres":
      return "ca" in source.tls ? source.tls.ca : undefined;
    case "objects":
      return source.ca;
    case "files":
      return undefined;
  }
};
