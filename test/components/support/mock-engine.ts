import * as pulumi from "@pulumi/pulumi";
import { getMonitor } from "@pulumi/pulumi/runtime/settings.js";
import { onTestFinished, vi } from "vitest";

const SIGNATURE = "4dabf18193072939515e22adb298388d";

export interface Registered {
  readonly name: string;
  readonly type: string;
  /** As the engine receives them: secrets wrapped. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly parent: string;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly retainOnDelete: boolean | undefined;
  readonly dependencies: readonly string[];
  /** A changed one replaces; as the engine receives it. */
  readonly replacementTrigger: unknown;
  readonly deleteBeforeReplace: boolean;
  readonly createTimeout: string | undefined;
  /** `<urn>::<id>` of the provider that was passed; empty for the default one. */
  readonly provider: string;
}

export interface MockEngine {
  readonly resources: readonly Registered[];
  readonly named: (name: string) => Registered;
  readonly warnings: readonly string[];
  /** Waits until everything that was declared has been registered. */
  readonly settled: () => Promise<void>;
}

export interface MockOptions {
  readonly stack?: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly secretKeys?: readonly string[];
  /** What a Command's stdout is, by its name. */
  readonly stdout?: Readonly<Record<string, string>>;
}

/** Pulumi's mocks, with what a test wants to see: inputs and options of every resource, and warnings. */
export const mockEngine = async ({
  stack = "montagu-uat",
  config = {},
  secretKeys = [],
  stdout = {},
}: MockOptions = {}): Promise<MockEngine> => {
  const inputs = new Map<string, Record<string, unknown>>();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, type, inputs: given }) => {
        if (!KNOWN.test(type)) throw new Error(`not expected: ${type} ${name}`);
        inputs.set(name, given);
        return { id: `${name}-id`, state: { ...given, ...outputsOf(type, name, given, stdout) } };
      },
      call: ({ token }) => {
        throw new Error(`not expected: ${token}`);
      },
    },
    "backups",
    stack,
    false,
    "organization",
  );
  pulumi.runtime.setAllConfig({ ...config }, [...secretKeys]);
  const resources = watchRegistrations(inputs);
  const warnings: string[] = [];
  vi.spyOn(pulumi.log, "warn").mockImplementation(async (text) => void warnings.push(text));
  const named = (name: string) => {
    const found = resources.find((resource) => resource.name === name);
    if (!found) throw new Error(`no resource '${name}' among ${resources.map((resource) => resource.name).join(", ")}`);
    return found;
  };
  // What a test leaves on its way would reach the next one's engine.
  onTestFinished(() => pulumi.runtime.disconnect());
  return { resources, named, warnings, settled: () => pulumi.runtime.disconnect() };
};

/** What a resource answers beside its inputs, as its provider would. */
const outputsOf = (
  type: string,
  name: string,
  given: Readonly<Record<string, unknown>>,
  stdout: Readonly<Record<string, string>>,
) => {
  switch (type) {
    case "pulumi:index:Stash":
      return { output: given.input };
    case "command:local:Command":
      return { stdout: stdout[name] ?? "" };
    case "aws:s3/bucket:Bucket": {
      const bucket = given.bucket ?? `${name}-0123abc`;
      return { bucket, arn: `arn:aws:s3:::${bucket}` };
    }
    case "aws:iam/accessKey:AccessKey":
      return { secret: `secret of ${given.user}` };
    default:
      return {};
  }
};

const KNOWN =
  /^(restorable:index:\w+|aws:(s3|iam)\/\w+:\w+|docker:index\/\w+:\w+|kubernetes:[\w.]+\/v1:\w+|command:local:Command|pulumi:index:Stash|pulumi:pulumi:Stack|pulumi:pulumi:StackReference|pulumi:providers:(aws|docker|kubernetes))$/;

/** Options are not among what mocks see, so they are read from the request to the engine. */
const watchRegistrations = (inputs: ReadonlyMap<string, Record<string, unknown>>): Registered[] => {
  const resources: Registered[] = [];
  const monitor = getMonitor() as unknown as {
    registerResource: (request: RegisterRequest, ...rest: unknown[]) => unknown;
    registerResourceHook: (request: unknown, answer: (error: null, response: object) => void) => void;
  };
  // The mocks know no hooks, and whoever waits for one to be registered waits for ever.
  monitor.registerResourceHook = (_request, answer) => answer(null, {});
  const original = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, ...rest) => {
    const name = request.getName();
    resources.push({
      name,
      type: request.getType(),
      get inputs() {
        return inputs.get(name) ?? {};
      },
      parent: request.getParent(),
      ignoreChanges: request.getIgnorechangesList(),
      replaceOnChanges: request.getReplaceonchangesList(),
      retainOnDelete: request.getRetainondelete(),
      dependencies: request.getDependenciesList(),
      replacementTrigger: request.getReplacementTrigger()?.toJavaScript(),
      deleteBeforeReplace: request.getDeletebeforereplace(),
      createTimeout: request.getCustomtimeouts()?.getCreate(),
      provider: request.getProvider(),
    });
    return original(request, ...rest);
  };
  return resources;
};

interface RegisterRequest {
  getName(): string;
  getType(): string;
  getParent(): string;
  getIgnorechangesList(): string[];
  getReplaceonchangesList(): string[];
  getRetainondelete(): boolean | undefined;
  getDependenciesList(): string[];
  getReplacementTrigger(): { toJavaScript(): unknown } | undefined;
  getDeletebeforereplace(): boolean;
  getProvider(): string;
  getCustomtimeouts(): { getCreate(): string } | undefined;
}

export const isSecret = (value: unknown): boolean => typeof value === "object" && value !== null && SIGNATURE in value;

/** The value inside a secret's wrapping, and the value itself where there is none. */
export const unwrapped = (value: unknown): unknown => (isSecret(value) ? (value as { value: unknown }).value : value);

/** The value of an Output. */
export const known = <T>(output: pulumi.Output<T>): Promise<T> => new Promise((resolve) => output.apply(resolve));
