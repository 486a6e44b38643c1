import { readdirSync, statSync } from "node:fs";

/**
 * What a scheduler in the network namespace of another container sees of that container. The engine's socket would
 * know, but whoever has that is root on the host.
 *
 * - `joined`: all is as it was.
 * - `lost`: the container has ended, and took the interfaces with it.
 * - `back`: it runs again, in a namespace that only a new start of this container joins.
 * - `removed`: it is gone for good. Docker keeps the id of what was joined, so no new start finds another one of its name.
 */
export type NetworkState = "joined" | "lost" | "back" | "removed";

/** What is looked at. */
export interface NetworkView {
  /** Names of the interfaces in this namespace. */
  readonly interfaces: () => readonly string[];
  /** The joined container's /etc/hosts, which is mounted here too: written anew at its every start, unlinked with it. */
  readonly hosts: () => { readonly written: number; readonly links: number };
  readonly now: () => Date;
}

/** Milliseconds that a container must have been up again: joining one that is only just starting fails for good. */
const SETTLED = 10_000;

export const networkWatch = (view: NetworkView): (() => NetworkState) => {
  const isUp = () => view.interfaces().some((name) => name !== "lo");
  // A container that never had an interface of its own is joined for its localhost, and shows nothing.
  const hadInterface = isUp();
  let known = view.hosts().written;
  return () => {
    if (!hadInterface) return "joined";
    const { written, links } = view.hosts();
    if (isUp()) {
      known = written;
      return "joined";
    }
    if (links === 0) return "removed";
    return written !== known && view.now().getTime() - written >= SETTLED ? "back" : "lost";
  };
};

/** This container's own view. */
export const containerView: NetworkView = {
  interfaces: () => readdirSync("/sys/class/net"),
  hosts: () => {
    const { mtimeMs, nlink } = statSync("/etc/hosts");
    return { written: mtimeMs, links: nlink };
  },
  now: () => new Date(),
};
