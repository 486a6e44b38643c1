import { JobError } from "../../spec/index.ts";

/** Trees of the kernel and of the system's start. */
const NEVER_UNDER = ["/proc", "/sys", "/dev", "/boot"];

const NEVER = [
  "/usr/bin",
  "/usr/lib",
  "/usr/local",
  "/usr/sbin",
  "/usr/share",
  "/var/cache",
  "/var/lib",
  "/var/lib/docker",
  "/var/lib/docker/volumes",
  "/var/log",
  "/var/run",
  "/var/spool",
];

/**
 * Refuses directories that no service owns alone: the root, its children, and those of the system.
 * @throws JobError `cannot-swap`
 */
export const refuseDangerous = (directory: string): void => {
  const depth = directory.split("/").filter(Boolean).length;
  const isSystem = NEVER.includes(directory) || NEVER_UNDER.some((tree) => directory.startsWith(`${tree}/`));
  if (depth >= 2 && !isSystem) return;
  throw new JobError(
    "cannot-swap",
    `refusing to replace '${directory}': it belongs to the system, not to one service`,
    "name a directory at least two levels below '/', such as /srv/service/files; mount a volume that deep",
  );
};
