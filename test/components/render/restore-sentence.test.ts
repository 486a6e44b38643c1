import { expect, test } from "vitest";
import { restoreSentence } from "../../../components/render/restore-sentence.ts";
import { type Plan, plan, type Request } from "../../../spec/index.ts";

const packit: Plan = plan.parse({
  version: 1,
  project: "backups",
  stack: "montagu-uat",
  name: "packit",
  target: { kind: "local", ledger: "/ledger" },
  sources: [
    { kind: "postgres", name: "db", host: "db", database: "packit", login: { user: "packit" } },
    { kind: "files", name: "files", directory: "/outpack" },
  ],
  repository: { environment: "uat", location: { kind: "directory", path: "/backups" } },
  recipients: [`age1${"q".repeat(58)}`],
  quiesce: {
    stop: [
      ["docker", "stop", "packit"],
      ["systemctl", "stop", "worker"],
    ],
  },
});

const request = (change: Partial<Request>): Request => ({
  id: "one",
  point: "latest",
  into: { replace: {} },
  confirm: "",
  ...change,
});
const prod = { environment: "prod", plan: "packit" };

test.each<[Partial<Request>, string]>([
  [
    {},
    "request one stops the application of packit (docker stop packit; systemctl stop worker), takes the latest point of prod/packit and replaces database packit on db:5432 and directory /outpack; what is there now is kept as packit_org_<time> and /outpack_org_<time>",
  ],
  [
    { sources: ["files"], point: "20261121T010000Z-7f3a" },
    "request one stops the application of packit (docker stop packit; systemctl stop worker), takes point 20261121T010000Z-7f3a of prod/packit and replaces directory /outpack; what is there now is kept as /outpack_org_<time>",
  ],
  [
    { into: { database: "check" }, point: { before: "2026-11-20T18:00:00+01:00" } },
    "request one stops nothing, takes the newest point before 2026-11-20T18:00:00+01:00 of prod/packit and restores into the new database check; nothing is replaced",
  ],
  [
    { into: { directory: "/check" } },
    "request one stops nothing, takes the latest point of prod/packit and restores into the new directory /check; nothing is replaced",
  ],
  [
    { into: { inPlace: {} }, sources: ["db"] },
    "request one stops the application of packit (docker stop packit; systemctl stop worker), takes the latest point of prod/packit and overwrites database packit on db:5432 in place, after a verified safety backup",
  ],
  [
    { into: { inPlace: { recreateClaims: ["data-db-0"] } }, sources: ["db"] },
    "request one stops the application of packit (docker stop packit; systemctl stop worker), takes the latest point of prod/packit and deletes the volume of data-db-0, makes it anew and overwrites database packit on db:5432 in place, after a verified safety backup",
  ],
  [
    { into: { inPlace: {} }, only: { paths: ["a b", "c"] } },
    'request one stops the application of packit (docker stop packit; systemctl stop worker), takes the latest point of prod/packit and puts back only the paths "a b", "c" in directory /outpack; what stands there now is kept in /outpack_org_<time>',
  ],
  [
    { into: { database: "check" }, only: { tables: ["orders"] } },
    'request one stops nothing, takes the latest point of prod/packit and restores only the table "orders" into the new database check; nothing is replaced',
  ],
])("preview says what stops, from where, into what, kept as what: %#", (change, sentence) => {
  expect(restoreSentence(request(change), packit, prod)).toBe(sentence);
});

test("a plan that stops nothing says so", () => {
  const { quiesce: _quiesce, ...quiet } = packit;
  expect(restoreSentence(request({}), quiet, prod)).toContain("request one stops nothing, takes");
});

test("on a Docker host it names units, volumes, directories of the host and where the superseded stay", () => {
  const onDocker = plan.parse({
    ...packit,
    target: {
      kind: "docker",
      host: "unix:///var/run/docker.sock",
      image: "i",
      network: { kind: "network", name: "n" },
      ledger: "l",
    },
    sources: [
      { kind: "files", name: "images", directory: "/sources/images", mount: { kind: "volume", name: "app_images" } },
      { kind: "files", name: "envs", directory: "/sources/envs", mount: { kind: "bind", path: "/srv/envs" } },
    ],
    quiesce: {
      units: [
        { kind: "host", stop: ["supervisorctl", "stop", "app"], start: ["supervisorctl", "start", "app"] },
        { kind: "compose", project: "production", keep: ["postgres"] },
        { kind: "compose", project: "beside" },
        { kind: "exec", container: "app", stop: ["stop", "celery"], start: ["start", "celery"] },
        { kind: "container", container: "worker" },
      ],
    },
  });
  expect(restoreSentence(request({}), onDocker, prod)).toBe(
    "request one stops the application of packit (on the host: supervisorctl stop app; compose project production without postgres; compose project beside; in container app: stop celery; container worker), takes the latest point of prod/packit and replaces volume app_images and directory /srv/envs of the host; what is there now is kept as .restorable-org-<time> in volume app_images and .restorable-org-<time> in directory /srv/envs of the host",
  );
  expect(restoreSentence(request({ into: { volume: "check" }, sources: ["images"] }), onDocker, prod)).toBe(
    "request one stops nothing, takes the latest point of prod/packit and restores into the new volume check; nothing is replaced",
  );
});
