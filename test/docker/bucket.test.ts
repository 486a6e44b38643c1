import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Buckets, KINDS, makeBuckets } from "./support/buckets.ts";

describe("buckets · docker, ceph rgw, pulumi's engine", () => {
  let buckets: Buckets;
  beforeAll(async () => {
    buckets = await makeBuckets();
  });
  afterAll(() => buckets?.close());

  test("up", async () => {
    console.log(buckets.up.text, await buckets.aws.leftOut(), JSON.stringify(buckets.kinds.amazon.world.plan, null, 1));
    expect(KINDS.length).toBe(2);
  });
});
