import { spawn } from "node:child_process";
import { Agent } from "node:http";
import { Duplex } from "node:stream";
import { JobError } from "../../spec/index.ts";

/**
 * The arguments of `ssh` for a host written as `ssh://user@host:port`. What the user's own config says of it counts,
 * its known_hosts too. Nothing is asked for: a launcher under Pulumi has no terminal. A connection that died without a
 * word is noticed after a minute.
 * @throws JobError `bad-config`
 */
export const sshArguments = (host: string): readonly string[] => {
  const url = URL.canParse(host) ? new URL(host) : undefined;
  if (url?.protocol !== "ssh:" || url.hostname === "" || url.password !== "" || !["", "/"].includes(url.pathname)) {
    throw new JobError(
      "bad-config",
      `'${host}' is no Docker host`,
      "write it as ssh://user@host or ssh://user@host:22",
    );
  }
  return [
    ...["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30"],
    ...["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"],
    ...(url.username === "" ? [] : ["-l", decodeURIComponent(url.username)]),
    ...(url.port === "" ? [] : ["-p", url.port]),
    // What follows is never an option, whatever the host is called.
    "--",
    url.hostname.replace(/^\[(.*)\]$/, "$1"),
  ];
};

/** One word for the shell at the other end of ssh. */
export const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Connections to the engine of another machine, each through one `ssh`, as Docker's own command does it: so keys,
 * jump hosts and known hosts are those of the user.
 */
export class SshAgent extends Agent {
  readonly #arguments: readonly string[];

  constructor(host: string) {
    super({ keepAlive: true });
    this.#arguments = sshArguments(host);
  }

  override createConnection(): Duplex {
    return sshConnection([...this.#arguments, "docker", "system", "dial-stdio"]);
  }
}

/** Characters of what ssh printed that an error carries. */
const KEPT = 1_000;

const sshConnection = (args: readonly string[]): Duplex => {
  const child = spawn("ssh", args, { stdio: "pipe" });
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said = `${said}${text}`.slice(-KEPT);
  });
  const { stdin, stdout } = child;
  const duplex = new Duplex({
    read: () => void stdout.resume(),
    // What went wrong is said by the end of ssh, not by a broken pipe.
    write: (chunk, _encoding, done) => void stdin.write(chunk, () => done()),
    final: (done) => void stdin.end(() => done()),
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  stdin.on("error", () => undefined);
  stdout.on("data", (chunk) => {
    if (!duplex.push(chunk)) stdout.pause();
  });
  child.once("error", (error) => duplex.destroy(new SshError(`ssh could not be started: ${error.message}`)));
  // Not the end of its output: that would be taken for an engine that hung up, and ssh says why only afterwards.
  child.once("close", (code) => {
    if (code === 0) duplex.push(null);
    else duplex.destroy(new SshError(said.trim().replace(/\s*\n\s*/g, " | ") || `ssh ended with ${code}`));
  });
  // Connections that wait for the next request must not keep this process; Node asks sockets for these methods.
  const held = [child, child.stdin, child.stdout, child.stderr] as unknown as { ref(): void; unref(): void }[];
  return Object.assign(duplex, {
    setKeepAlive: () => duplex,
    setNoDelay: () => duplex,
    setTimeout: () => duplex,
    ref: () => {
      for (const one of held) one.ref();
      return duplex;
    },
    unref: () => {
      for (const one of held) one.unref();
      return duplex;
    },
  });
};

/** Why there is no connection, in ssh's own words. */
export class SshError extends Error {}
