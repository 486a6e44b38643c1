// The worker: holds one connection and writes a result of an analysis now and again, while backups run.
import { setTimeout as pause } from "node:timers/promises";
import { connected, endOnSignal } from "./environment.ts";

endOnSignal();
for (;;) {
  const client = await connected("celery");
  try {
    for (;;) {
      await client.query("INSERT INTO manager_analysis (topography_id) SELECT max(id) FROM manager_topography");
      await pause(200);
    }
  } catch (error) {
    console.log(String(error));
    await client.end().catch(() => undefined);
    await pause(200);
  }
}
