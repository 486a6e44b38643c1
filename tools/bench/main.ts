import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { startPostgres } from "../servers/postgres-server.ts";
import { startS3 } from "../servers/s3-server.ts";
import { checkout } from "../servers/tools.ts";
import { compareChipsterFiles } from "./chipster-files.ts";
import { chipsterSection, keptSection, withSection } from "./chipster-report.ts";
import { fillDatabase, fillFiles, sql } from "./data.ts";
import { machine } from "./machine.ts";
import { databaseSource, filesSource, type Keys, makePlan } from "./ours.ts";
import { rawDump, rawRestore, rawTar } from "./raw.ts";
import { type Compared, comparison, type Memory, median, memoryTable, page, type Sizes } from "./report.ts";
import { backup, pointKey, restore, timed, type World } from "./world.ts";

const { values } = parseArgs({
  options: {
    megabytes: { type: "string", default: "500" },
    files: { type: "string", default: "5000" },
    rounds: { type: "string", default: "3" },
    small: { type: "string", default: "200" },
    large: { type: "string", default: "1000" },
    only: { type: "string" },
    "storage-files": { type: "string", default: "20000" },
    "storage-megabytes": { type: "string", default: "5000" },
  },
});
const sizes: Sizes = {
  database: Number(values.megabytes),
  files: Number(values.files),
  rounds: Number(values.rounds),
  small: Number(values.small),
  large: Number(values.large),
};

const PAGE = path.join(checkout, "docs/benchmarks.md");

const compare = async (world: World): Promise<{ compared: Compared[]; start: number }> => {
  const { directory, postgres, keys, local } = world;
  const files = path.join(directory, "files");
  const at = (name: string) => path.join(directory, name);
  const plan = makePlan("db", databaseSource(postgres, "bench"), local, at("ledger"), keys);
  const filesPlan = makePlan("files", filesSource(files), local, at("ledger"), keys);
  const times = { dump: sides(), tar: sides(), restore: sides() };
  const starts: number[] = [];
  for (let round = 1; round <= sizes.rounds; round += 1) {
    console.log(`round ${round} of ${sizes.rounds}`);
    times.dump.raw.push(await timed(() => rawDump(postgres, "bench", keys.recipient, at("raw.dump.zst.age"))));
    times.dump.ours.push(await timed(() => backup(world, plan)));
    times.tar.raw.push(await timed(() => rawTar(postgres, files, keys.recipient, at("raw.tar.zst.age"))));
    times.tar.ours.push(await timed(() => backup(world, filesPlan)));
    const [raw, ours] = [`raw_${round}`, `ours_${round}`];
    const place = { identity: at("operator.txt"), file: at("raw.dump.zst.age"), scratch: at("scratch"), database: raw };
    times.restore.raw.push(await timed(() => rawRestore(postgres, place)));
    let identity = "";
    starts.push(
      await timed(async () => {
        identity = await pointKey(world, plan);
      }),
    );
    times.restore.ours.push(await timed(() => restore(world, plan, { id: ours, into: { database: ours } }, identity)));
    for (const name of [raw, ours]) await sql(postgres, "postgres", `DROP DATABASE ${name}`);
  }
  const bytes = (sizes.files * 20_000) / 1_000_000;
  const compared = [
    {
      what: "backup of the database",
      megabytes: sizes.database,
      ...times.dump,
      more: "every row counted in the dump's snapshot, roles and settings kept, SHA-256, written to disk for certain and read back, a signed manifest",
    },
    {
      what: "backup of the files",
      megabytes: bytes,
      ...times.tar,
      more: "the tree measured before, every member counted, SHA-256, written to disk for certain and read back, a signed manifest",
    },
    {
      what: "restore of the database beside",
      megabytes: sizes.database,
      ...times.restore,
      more: "signature and SHA-256 checked before a row is written, roles and properties, every row counted and compared, a journal",
    },
  ];
  return { compared, start: median(starts) };
};

const sides = (): { raw: number[]; ours: number[] } => ({ raw: [], ours: [] });

const measureMemory = async (world: World): Promise<Memory[]> => {
  const rows: Memory[] = [];
  for (const [what, location] of [
    ["backup into a directory", world.local],
    ["backup into S3", world.s3],
  ] as const) {
    const peaks = [];
    for (const database of ["small", "large"]) {
      const source = databaseSource(world.postgres, database);
      const plan = makePlan(database, source, location, path.join(world.directory, "ledger"), world.keys);
      peaks.push((await backup(world, plan)).peak);
    }
    rows.push({ what, small: peaks[0] ?? 0, large: peaks[1] ?? 0 });
  }
  return rows;
};

const makeKeys = async () => {
  const operatorKey = await generateIdentity();
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const keys: Keys = {
    recipient: await identityToRecipient(operatorKey),
    signingKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    publicKey: publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64"),
  };
  return { operatorKey, keys };
};

const chipsterFiles = async (world: World, where: readonly string[]): Promise<void> => {
  const size = { files: Number(values["storage-files"]), megabytes: Number(values["storage-megabytes"]) };
  const section = chipsterSection(await compareChipsterFiles(world, size), where);
  console.log(section);
  await writeFile(PAGE, withSection(await readFile(PAGE, "utf8"), section));
};

const run = async (directory: string): Promise<void> => {
  const where = machine();
  const postgres = await startPostgres({ settings: { max_wal_size: "8GB", shared_buffers: "256MB" } });
  const s3 = await startS3();
  try {
    await s3.createBucket("bench");
    const { operatorKey, keys } = await makeKeys();
    await writeFile(path.join(directory, "operator.txt"), `${operatorKey}\n`, { mode: 0o600 });
    const credential = (name: string) => ({ kind: "env" as const, name });
    const world: World = {
      directory,
      postgres,
      store: s3,
      keys,
      operatorKey,
      secrets: {
        PG_PASSWORD: postgres.password,
        SIGNING_KEY: keys.signingKey,
        S3_ID: s3.root.accessKeyId,
        S3_SECRET: s3.root.secretAccessKey,
      },
      local: { kind: "directory", path: path.join(directory, "repository") },
      s3: {
        kind: "s3",
        bucket: "bench",
        prefix: "",
        endpoint: s3.endpoint,
        region: s3.region,
        pathStyle: true,
        credentials: { writer: { accessKeyId: credential("S3_ID"), secretAccessKey: credential("S3_SECRET") } },
      },
    };
    if (values.only === "chipster-files") return await chipsterFiles(world, where);
    console.log(`making ${sizes.database} MB of database and ${sizes.files} files`);
    await fillDatabase(postgres, "bench", { tables: 5, megabytes: sizes.database / 5 });
    await mkdir(path.join(directory, "files"));
    await fillFiles(path.join(directory, "files"), sizes.files);
    const { compared, start } = await compare(world);
    console.log(comparison(compared).join("\n"));
    console.log(`making databases of ${sizes.small} and ${sizes.large} MB`);
    await sql(postgres, "postgres", "DROP DATABASE bench");
    await fillDatabase(postgres, "small", { tables: 2, megabytes: sizes.small / 2 });
    await fillDatabase(postgres, "large", { tables: 10, megabytes: sizes.large / 10 });
    const memory = await measureMemory(world);
    console.log(memoryTable(memory, sizes).join("\n"));
    const section = keptSection(await readFile(PAGE, "utf8"));
    await writeFile(PAGE, withSection(page({ sizes, compared, start, memory, machine: where }), section));
    console.log("written to docs/benchmarks.md");
  } finally {
    await Promise.all([postgres.stop(), s3.stop()]);
  }
};

const directory = await mkdtemp(path.join(tmpdir(), "restorable-bench-"));
try {
  await run(directory);
} finally {
  await rm(directory, { recursive: true, force: true });
}
