import { expect, test } from "vitest";
import { isRequested, type Request, source } from "../../spec/index.ts";

const SOURCES = [
  { kind: "postgres", name: "db", host: "db", database: "topobank", login: { user: "topobank" } },
  { kind: "files", name: "images", directory: "/sources/images" },
  { kind: "files", name: "envs", directory: "/sources/envs", byName: true },
  {
    kind: "files",
    name: "passwords",
    directory: "/sources/passwords/..data",
    mount: { kind: "secret", name: "passwords" },
  },
].map((each) => source.parse(each));

const requested = (into: Request["into"], sources?: string[]) =>
  SOURCES.filter((each) => isRequested({ into, sources }, each)).map(({ name }) => name);

test.each<[Request["into"], string[] | undefined, string[]]>([
  [{ replace: {} }, undefined, ["db", "images"]],
  [{ inPlace: {} }, undefined, ["db", "images"]],
  [{ replace: {} }, ["envs"], ["envs"]],
  [{ replace: {} }, ["db", "envs"], ["db", "envs"]],
  [{ database: "copy" }, undefined, ["db"]],
  [{ directory: "/copy" }, undefined, ["images", "envs", "passwords"]],
  [{ volume: "copy" }, ["envs"], ["envs"]],
  [{ volume: "copy" }, ["db"], []],
])("into %j with sources %j: %j", (into, sources, expected) => {
  expect(requested(into, sources)).toEqual(expected);
});

test.each<[Request["only"], Request["into"], string[]]>([
  [{ paths: ["a"] }, { inPlace: {} }, ["images"]],
  [{ paths: ["a"] }, { directory: "/copy" }, ["images", "envs", "passwords"]],
  [{ tables: ["a"] }, { database: "copy" }, ["db"]],
])("only %j into %j: %j", (only, into, expected) => {
  expect(SOURCES.filter((each) => isRequested({ into, only }, each)).map(({ name }) => name)).toEqual(expected);
});
