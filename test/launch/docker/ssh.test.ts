import { describe, expect, test } from "vitest";
import { shellWord, sshArguments } from "../../../launch/docker/ssh.ts";

describe("the arguments of ssh", () => {
  test.each([
    ["ssh://host", ["--", "host"]],
    ["ssh://ops@host", ["-l", "ops", "--", "host"]],
    ["ssh://ops@host:2222", ["-l", "ops", "-p", "2222", "--", "host"]],
    ["ssh://ops@[fd00::1]:22/", ["-l", "ops", "-p", "22", "--", "fd00::1"]],
    ["ssh://a%40b@host", ["-l", "a@b", "--", "host"]],
  ])("of %s", (host, end) => {
    const args = sshArguments(host);
    expect(args.slice(-end.length)).toEqual(end);
    expect(args.slice(0, 3)).toEqual(["-T", "-o", "BatchMode=yes"]);
  });

  test.each(["ssh://", "ssh://user:secret@host", "ssh://host/path", "tcp://host", "host"])("%s is refused", (host) => {
    expect(() => sshArguments(host)).toThrow(expect.objectContaining({ code: "bad-config" }));
  });

  test("a host that looks like an option is none", () => {
    const args = sshArguments("ssh://-oProxyCommand=evil");
    expect(args.at(-2)).toBe("--");
  });

  test("a word stays one word for the shell at the other end", () => {
    expect(shellWord("it's $HOME; `x`")).toBe("'it'\\''s $HOME; `x`'");
  });
});
