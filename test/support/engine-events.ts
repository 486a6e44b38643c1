/** The part of the engine's event log that tests look at. */
export interface EngineEvent {
  readonly summaryEvent?: { readonly resourceChanges: Readonly<Record<string, number>> };
  readonly diagnosticEvent?: {
    readonly urn?: string;
    readonly message: string;
    readonly severity: "info" | "info#err" | "warning" | "error" | "debug";
    /** Shown only while the resource is worked on. */
    readonly ephemeral?: boolean;
  };
  readonly resourcePreEvent?: { readonly metadata: StepMetadata };
  readonly resOutputsEvent?: { readonly metadata: StepMetadata };
  readonly resOpFailedEvent?: { readonly metadata: StepMetadata };
}

export interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
}

/** Parses an event log; a last line that a killed engine left half is dropped. */
export function readEvents(text: string): readonly EngineEvent[] {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as EngineEvent);
}

/** The messages of one severity that stay after the update, in order. */
export function messages(events: readonly EngineEvent[], severity: "error" | "warning" | "info"): readonly string[] {
  return events
    .map((event) => event.diagnosticEvent)
    .filter((diagnostic) => diagnostic?.severity === severity && !diagnostic.ephemeral)
    .map((diagnostic) => diagnostic?.message.trim() ?? "");
}

/** The lines that were shown beside resources while they were worked on. */
export function statusLines(events: readonly EngineEvent[]): readonly string[] {
  return events
    .filter((event) => event.diagnosticEvent?.ephemeral)
    .map((event) => event.diagnosticEvent?.message.trim() ?? "");
}

/** The operation done to the one resource of this name, if any. */
export function operationOn(events: readonly EngineEvent[], name: string): string | undefined {
  const steps = events.map((event) => event.resourcePreEvent?.metadata).filter((step) => step !== undefined);
  return steps.find((step) => step.urn.endsWith(`::${name}`))?.op;
}
