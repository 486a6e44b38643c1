/** A job on a target, for whoever leaves while it runs. */
export interface Placed {
  readonly id: string;
  /** Whether an interrupted launcher tells it to stop; else it is brought to its end. */
  readonly stops: boolean;
  /** The command by which anybody ends it. */
  readonly stopWith: string;
}

/** Told which job runs now, and when none does any more. */
export type OnPlaced = (placed: Placed | undefined) => void;

/** What a launcher says at the first Ctrl-C. */
export const interruptedText = (signal: string, placed: Placed | undefined): string => {
  const job = placed && `; job ${placed.id} ${placed.stops ? "is told to stop" : "is brought to its end first"}`;
  return `${signal}: going to a safe state first${job ?? ""}; a second one leaves everything as it is`;
};

/** What becomes of a job that is left, how to follow it, and how to stop it. */
export const fateText = ({ id, stops, stopWith }: Placed): string =>
  stops
    ? `job ${id} is told to stop and ends by itself once it has heard that. Follow it with: restorable attach ${id}. See that it has ended with: ${stopWith}`
    : `job ${id} goes on by itself. Follow it with: restorable attach ${id}. Stop it with: ${stopWith}`;
