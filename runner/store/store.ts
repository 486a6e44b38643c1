import type { Readable } from "node:stream";

/** What a store says of one object. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
}

export interface Put {
  readonly etag: string;
  readonly versionId?: string;
}

/** A streamed object, as it was counted on the way and confirmed by the store. */
export interface StreamedPut extends Put {
  readonly bytes: number;
  readonly sha256: string;
}

export interface Got extends Put {
  readonly body: Buffer;
}

export interface ObjectVersion {
  readonly key: string;
  readonly versionId: string;
  readonly modified: Date;
  readonly latest: boolean;
  readonly deleteMarker: boolean;
}

/** What keeps new objects of a bucket from being deleted, for how long. */
export interface Lock {
  readonly mode: "governance" | "compliance";
  readonly days: number;
}

export interface PlaceKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** How a program that is not ours reaches what lies below a prefix of a store. */
export type Place =
  | { readonly kind: "directory"; readonly path: string }
  | {
      readonly kind: "s3";
      /** Endpoint, bucket and prefix, without a slash at its end. */
      readonly url: string;
      readonly region: string;
      readonly pathStyle: boolean;
      /** A file with the CA certificate of the endpoint. */
      readonly ca?: string | undefined;
      /** Any certificate is believed. */
      readonly insecure?: boolean | undefined;
      readonly keys: PlaceKeys;
    };

export interface PutConditions {
  /** Only if nothing is there. */
  readonly ifNoneMatch?: "*";
  /** Only if what is there has this etag. */
  readonly ifMatch?: string;
}

/** The cause of a `precondition-failed` where ours was stored and is known not to count, whatever is read afterwards. */
export const OUTRUN = "another version came first";

export interface StreamOptions {
  readonly signal: AbortSignal;
  /** The most bytes expected; decides the size of parts. */
  readonly estimate?: number;
  readonly onBytes?: (total: number) => void;
}

/**
 * Keys and bytes below one prefix: a bucket's or a directory's. Keys are relative to the prefix.
 * Every method throws JobError: `store-unreachable`, `bad-credentials`, `too-few-rights`, `missing-bucket`, `no-room`, `corrupt`.
 */
export interface Store {
  /** For people: `s3://bucket/prefix` or a path. */
  readonly name: string;
  /** Whether overwritten and deleted objects remain as versions. */
  readonly versioned: () => Promise<boolean>;
  /** Whether a lifecycle rule of the bucket expires what `tag` marks. */
  readonly expiresByTag: () => Promise<boolean>;
  /** Writes a small object whole. Throws `precondition-failed` when a condition does not hold; what is there then stays. */
  readonly put: (key: string, body: string | Buffer, conditions?: PutConditions) => Promise<Put>;
  /** Writes a stream of unknown length with constant memory; nothing is visible under the key unless all of it was stored and its digest confirmed. */
  readonly putStream: (key: string, body: Readable, options: StreamOptions) => Promise<StreamedPut>;
  /** The whole of a small object; undefined when there is none. */
  readonly get: (key: string, versionId?: string) => Promise<Got | undefined>;
  /** A stream of an object; throws `corrupt` when there is none. Reads retry from where they broke. */
  readonly getStream: (
    key: string,
    options: { readonly versionId?: string; readonly signal: AbortSignal },
  ) => Promise<Readable>;
  /** Size of an object; undefined when there is none. */
  readonly size: (key: string, versionId?: string) => Promise<number | undefined>;
  readonly list: (prefix: string) => AsyncIterable<StoredObject>;
  /** Every version and delete marker below a prefix; one version per object where the store keeps none. */
  readonly versions: (prefix: string) => AsyncIterable<ObjectVersion>;
  /** Marks one version for the bucket's lifecycle. */
  readonly tag: (key: string, versionId: string | undefined, tags: Readonly<Record<string, string>>) => Promise<void>;
  /** What the bucket's Object Lock gives every new object; undefined where it gives none. */
  readonly lock: () => Promise<Lock | undefined>;
  /**
   * Sees to it that the lock of one version, by default the newest, ends no earlier than an instant. Says whether it
   * would have; false where there is no such version.
   */
  readonly lockUntil: (key: string, versionId: string | undefined, mode: Lock["mode"], until: Date) => Promise<boolean>;
  /** Removes one object, or one version of it. */
  readonly remove: (key: string, versionId?: string) => Promise<void>;
  /** Ends unfinished uploads below a prefix that were begun before an instant; says how many. */
  readonly abortUploads: (prefix: string, before: Date) => Promise<number>;
  /** Where a program that is not ours finds what lies below a prefix, with the credentials of the store's role. */
  readonly place: (prefix: string) => Promise<Place>;
  /** The store's own clock. */
  readonly clock: () => Promise<Date>;
  /** Bytes that may still be written; undefined where the store does not say. */
  readonly room: () => Promise<number | undefined>;
}
