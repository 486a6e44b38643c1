import { kindOf, type Request, recreatedClaims, type Source, type Target } from "../../spec/index.ts";

/** What a request is checked against: plain facts about a plan. */
export interface PlanFacts {
  readonly name: string;
  /** `<project>/<stack>/<plan>` */
  readonly target: string;
  readonly environment: string;
  readonly protected: boolean;
  readonly targetKind: Target["kind"];
  readonly sources: readonly { readonly name: string; readonly kind: Source["kind"] }[];
}

/** A mistake in a request: where it is, and what is wrong with it. */
export interface Mistake {
  readonly path: string;
  readonly fact: string;
}

/** The plan that a request is for, or what is wrong. */
export const planOf = <P extends PlanFacts>(request: Request, plans: readonly P[]): P | Mistake => {
  const names = plans.map(({ name }) => name).join(", ");
  if (request.plan === undefined && plans.length > 1) {
    return { path: "request.plan", fact: `is missing; expected one of ${names}` };
  }
  const plan = request.plan === undefined ? plans[0] : plans.find(({ name }) => name === request.plan);
  return plan ?? { path: "request.plan", fact: `unknown plan '${request.plan}'; expected one of ${names}` };
};

/** Everything that is wrong with a request for this plan, before anything is contacted. */
export const requestMistakes = (
  request: Request,
  plan: PlanFacts,
  environments: readonly string[],
): readonly Mistake[] =>
  [
    confirmMistake(request, plan),
    reasonMistake(request, plan),
    environmentMistake(request, environments),
    ...sourceMistakes(request, plan),
    intoMistake(request, plan),
    claimsMistake(request, plan),
  ].filter((mistake) => mistake !== undefined);

const confirmMistake = ({ confirm }: Request, { target }: PlanFacts): Mistake | undefined =>
  confirm === target
    ? undefined
    : { path: "request.confirm", fact: `must equal '${target}', the target of this restore; received '${confirm}'` };

const reasonMistake = ({ reason }: Request, plan: PlanFacts): Mistake | undefined =>
  plan.protected && reason === undefined
    ? { path: "request.reason", fact: `is missing; '${plan.target}' is protected, so say why in one sentence` }
    : undefined;

const environmentMistake = ({ from }: Request, environments: readonly string[]): Mistake | undefined =>
  from?.environment === undefined || environments.includes(from.environment)
    ? undefined
    : {
        path: "request.from.environment",
        fact: `unknown environment '${from.environment}'; expected one of ${environments.join(", ")}`,
      };

const sourceMistakes = ({ sources }: Request, plan: PlanFacts): readonly Mistake[] => {
  const known = plan.sources.map(({ name }) => name);
  return (sources ?? []).flatMap((name, index) =>
    known.includes(name)
      ? []
      : [
          {
            path: `request.sources[${index}]`,
            fact: `unknown source '${name}'; plan '${plan.name}' has ${known.join(", ")}`,
          },
        ],
  );
};

const claimsMistake = (request: Request, plan: PlanFacts): Mistake | undefined =>
  recreatedClaims(request).length === 0 || plan.targetKind === "kubernetes"
    ? undefined
    : { path: "request.into.inPlace.recreateClaims", fact: "needs a plan whose target is kubernetes" };

/** A new database, directory or volume, and a choice of paths or tables, takes one source of its kind; a volume is one of a Docker host, or a claim of a namespace. */
const intoMistake = ({ into, only, sources }: Request, plan: PlanFacts): Mistake | undefined => {
  const key = (["database", "directory", "volume"] as const).find((each) => into[each] !== undefined);
  if (key === undefined && only === undefined) return undefined;
  const path = key === undefined ? "request.only" : `request.into.${key}`;
  if (key === "volume" && plan.targetKind === "local")
    return { path, fact: "needs a plan whose target is docker or kubernetes" };
  if (key === "directory" && plan.targetKind !== "local")
    return { path, fact: "would be lost with the container of the job; name a volume instead" };
  const kind = only ? kindOf(only) : key === "database" ? "postgres" : "files";
  const ofKind = plan.sources.filter((source) => source.kind === kind).map(({ name }) => name);
  if (ofKind.filter((name) => sources?.includes(name) ?? true).length === 1) return undefined;
  const fact =
    ofKind.length === 0
      ? `plan '${plan.name}' has no ${kind} source`
      : `takes one ${kind} source; name one of ${ofKind.join(", ")} in request.sources`;
  return { path, fact };
};
