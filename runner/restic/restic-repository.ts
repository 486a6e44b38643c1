import { FILES } from "../../spec/index.ts";
import type { Invocation } from "../process/invocation.ts";
import type { Place, Store } from "../store/store.ts";
import { explainRestic } from "./restic-error.ts";

/** The restic repository of a plan, as one identity reaches it. */
export interface ResticRepository {
  /** For people. */
  readonly name: string;
  /** What a person gives to restic by hand: options and `--repo`. */
  readonly options: readonly string[];
  /** A restic program on it. Exit codes but 0 are turned into errors with a code. */
  readonly call: (args: readonly string[], more?: Pick<Invocation, "cwd" | "okExits" | "onErrorLine">) => Invocation;
}

/** Once a second, also where restic's output is no terminal. */
const PROGRESS = { RESTIC_PROGRESS_FPS: "1" };

/**
 * Without a cache: containers have no place that lasts for one, and what restic reads again is small. The password
 * lies in a nameless file in memory, which only restic can read; credentials are in restic's environment alone.
 * @throws JobError as `Store.place`
 */
export const openRestic = async (store: Store, password: string): Promise<ResticRepository> => {
  const place = await store.place(FILES);
  const name = `${store.name}/${FILES.slice(0, -1)}`;
  const options = resticOptions(place);
  return {
    name,
    options,
    call: (args, more = {}) => ({
      file: "restic",
      args: [...options, "--no-cache", ...args],
      env: { ...PROGRESS, RESTIC_PASSWORD_FILE: "/dev/fd/3", ...credentials(place) },
      inputs: [`${password}\n`],
      explain: (exit, stderr) => explainRestic(name, exit, stderr),
      ...more,
    }),
  };
};

const resticOptions = (place: Place): readonly string[] => {
  if (place.kind === "directory") return ["--repo", place.path];
  return [
    "--repo",
    `s3:${place.url}`,
    "--option",
    `s3.bucket-lookup=${place.pathStyle ? "path" : "dns"}`,
    "--option",
    `s3.region=${place.region}`,
    ...(place.ca === undefined ? [] : ["--cacert", place.ca]),
    ...(place.insecure ? ["--insecure-tls"] : []),
  ];
};

const credentials = (place: Place): Readonly<Record<string, string>> => {
  if (place.kind === "directory") return {};
  const { accessKeyId, secretAccessKey, sessionToken } = place.keys;
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
  };
};
