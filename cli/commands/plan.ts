import {
  JobError,
  mountText,
  type Plan,
  type Retention,
  type Source,
  stoppedBy,
  type Target,
} from "../../spec/index.ts";
import type { Definition, Outcome } from "../command.ts";
import { findPlans } from "../find/find-plan.ts";
import { locationText } from "../find/location.ts";
import { since, utc } from "../format.ts";
import type { Io } from "../io.ts";
import { nextRunsOf, scheduleText } from "../schedule-text.ts";
import { liveText } from "../source-text.ts";
import { fields } from "../table.ts";

/** Shows what is declared. */
export const plan: Definition = {
  name: "plan",
  summary: "show what is backed up together, how often, and where to",
  run: async (io, options): Promise<Outcome> => {
    const plans = (await findPlans(io, options)).flatMap(({ declared }) => (declared ? [declared] : []));
    if (plans.length === 0) {
      throw new JobError("unknown-plan", "no plan is known here", "name a stack, or give a plan with --target");
    }
    return {
      json: { version: 1, ok: true, kind: "plan", plans },
      text: plans.map((one) => planText(io, one)).join("\n"),
    };
  },
};

const planText = (io: Io, value: Plan): string =>
  fields(
    [
      ["plan", `${value.name} (${value.repository.environment})`],
      ["target", targetText(value.target)],
      [
        "sources",
        value.copyOf
          ? `points of plan ${value.copyOf.plan} in ${locationText(value.copyOf.repository.location)}, copied`
          : value.sources.map(sourceText).join("\n"),
      ],
      ["repository", locationText(value.repository.location)],
      ["schedule", scheduleText(value.schedule)],
      [
        "next runs",
        nextRunsOf(value.schedule, io.now(), 3)
          .map((run) => `${utc(run)}  ${since(run, io.now())}`)
          .join("\n"),
      ],
      ["retention", value.retention ? retentionText(value.retention) : "everything is kept"],
      ["recipients", value.recipients.join("\n")],
      ["quiesce", stoppedBy(value.quiesce).join("\n") || "nothing is stopped at a restore"],
      ["protected", value.protected ? "yes: a restore needs a reason" : "no"],
      ["confirm", `${value.project}/${value.stack}/${value.name}`],
    ],
    io,
  );

export const sourceText = (source: Source): string =>
  `${source.name}: ${source.kind === "files" ? `files in ${placeOf(source)}` : liveText(source)}`;

const placeOf = ({ directory, mount }: Extract<Source, { kind: "files" }>): string =>
  mount === undefined ? directory : mountText(mount);

const targetText = (target: Target): string => {
  switch (target.kind) {
    case "local":
      return `local, ledger ${target.ledger}`;
    case "docker":
      return `docker at ${target.host}, ${target.network.kind} ${target.network.name}, ledger volume ${target.ledger}`;
    case "kubernetes":
      return `kubernetes, namespace ${target.namespace}, ledger claim ${target.ledger}`;
  }
};

const retentionText = ({ minimum, ...rules }: Retention): string =>
  [...Object.entries(rules).map(([rule, value]) => `${rule} ${value}`), `minimum ${minimum}`].join(", ");
