import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyRowCounter } from "../../../runner/postgres/count-copy-rows.ts";

const SCRIPT = Buffer.from(
  [
    "--",
    "-- Data for Name: a; Type: TABLE DATA; Schema: public; Owner: x",
    "COPY public.a (id, t) FROM stdin;",
    "1\tCOPY public.b (id) FROM stdin;",
    "2\t\\\\.",
    "\\.",
    "",
    "SELECT pg_catalog.lowrite(0, '\\x00');",
    'COPY "Odd ""s"" é"."t.a b(c" (id) FROM stdin;',
    "\\.",
    'COPY public."two',
    'lines FROM stdin;" (id) FROM stdin;',
    "1",
    "\\.",
    "COPY public.nothing  FROM stdin;",
    "",
    "",
    "\\.",
    "",
  ].join("\n"),
);

const EXPECTED = [
  { schema: "public", table: "a", rows: 2 },
  { schema: 'Odd "s" é', table: "t.a b(c", rows: 0 },
  { schema: "public", table: "two\nlines FROM stdin;", rows: 1 },
  { schema: "public", table: "nothing", rows: 2 },
];

describe("counting rows in a dump's stream", () => {
  it("counts the same wherever the stream is cut into chunks", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: SCRIPT.length }), { maxLength: 30 }), (cuts) => {
        const counter = copyRowCounter();
        const edges = [0, ...[...cuts].sort((a, b) => a - b), SCRIPT.length];
        for (let i = 1; i < edges.length; i += 1) counter.push(SCRIPT.subarray(edges[i - 1], edges[i]));
        expect(counter.counts()).toEqual(EXPECTED);
      }),
    );
  });

  it("counts byte by byte", () => {
    const counter = copyRowCounter();
    for (const byte of SCRIPT) counter.push(Buffer.from([byte]));
    expect(counter.counts()).toEqual(EXPECTED);
  });
});
