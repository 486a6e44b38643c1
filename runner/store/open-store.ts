import type { Location, Role } from "../../spec/index.ts";
import type { Context } from "../context.ts";
import { directoryStore } from "./directory-store.ts";
import { s3Store } from "./s3-store.ts";
import type { Store } from "./store.ts";

/**
 * The store at a location, below a prefix that ends with a slash (`planPrefix("", environment, plan)`), with the
 * credentials of a role. It touches nothing: directories are made by the first write.
 * @throws JobError `missing-secret`, `bad-config`
 */
export const openStore = (context: Context, location: Location, role: Role, prefix: string): Store => {
  switch (location.kind) {
    case "s3":
      return s3Store(context, location, role, prefix);
    case "directory":
      return directoryStore(context, location.path, role, prefix);
  }
};
