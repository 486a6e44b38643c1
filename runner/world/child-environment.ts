const PASSED_ON = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "TMPDIR",
  "TZ",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "LD_LIBRARY_PATH",
];

/**
 * What child processes see: the named variables only, so no secret of the job's environment reaches a program that
 * does not need it; and the C locale, because messages and listings of tools are read.
 */
export const childEnvironment = (environment: Readonly<Record<string, string | undefined>>): Record<string, string> => {
  const kept = PASSED_ON.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), LC_ALL: "C" };
};
