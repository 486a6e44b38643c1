import type { chipster } from "../../stacks/chipster.ts";
import { mockEngine, type Registered, unwrapped } from "../components/support/mock-engine.ts";

export const DRILL_KEY = "AGE-SECRET-KEY-1OF-TESTS";
const BUCKET = { existing: { bucket: "backups", endpoint: "https://s3.example.org" } };

/** Keys of one identity, as a stack's secrets name them. */
export const keysOf = (who: string): Readonly<Record<string, string>> => ({
  [`${who}AccessKeyId`]: `${who}-id`,
  [`${who}SecretAccessKey`]: `${who}-secret`,
});

/** Declares a stack's program with these settings and secrets under Pulumi's mocks. */
export const declaredStack = async (
  program: typeof chipster,
  system: string,
  settings: object,
  secrets: Readonly<Record<string, string>> = {},
) => {
  const all = { runner: "restorable-runner:1.0", recipients: [RECIPIENT], bucket: BUCKET, ...settings };
  const secret: Readonly<Record<string, string>> = {
    ...OF_BUCKET,
    ...PASSWORDS,
    values: "host: example.org",
    ...secrets,
  };
  const config = Object.fromEntries(
    Object.entries({ [system]: JSON.stringify(all), ...secret }).map(([key, value]) => [`backups:${key}`, value]),
  );
  const secretKeys = Object.keys(secret).map((key) => `backups:${key}`);
  const engine = await mockEngine({ stack: `${system}-prod`, config, secretKeys });
  program("prod");
  await engine.settled();
  const ofType = (type: string) => engine.resources.filter((resource) => resource.type.endsWith(type));
  return { ...engine, ofType };
};

const OF_BUCKET = { accessKeyId: "bucket-id", secretAccessKey: "bucket-secret" };
const PASSWORDS = {
  sessionDbPassword: "of-session-db",
  authPassword: "of-auth",
  jobHistoryPassword: "of-job-history",
  postgresPassword: "of-postgres",
};
const RECIPIENT = `age1${"q".repeat(58)}`;

/** The texts of a Secret. */
export const told = ({ inputs }: Registered): Readonly<Record<string, string>> =>
  unwrapped(inputs.stringData) as Record<string, string>;
