import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { ObjectHeaders } from "../../spec/index.ts";

export type HeaderInput = Pick<
  PutObjectCommandInput,
  "ContentType" | "CacheControl" | "ContentDisposition" | "ContentEncoding" | "ContentLanguage" | "Metadata"
>;

/** An object's headers as a request has them. */
export const headerInput = (headers: ObjectHeaders = {}): HeaderInput => ({
  ...(headers.contentType === undefined ? {} : { ContentType: headers.contentType }),
  ...(headers.cacheControl === undefined ? {} : { CacheControl: headers.cacheControl }),
  ...(headers.contentDisposition === undefined ? {} : { ContentDisposition: headers.contentDisposition }),
  ...(headers.contentEncoding === undefined ? {} : { ContentEncoding: headers.contentEncoding }),
  ...(headers.contentLanguage === undefined ? {} : { ContentLanguage: headers.contentLanguage }),
  ...(headers.metadata === undefined ? {} : { Metadata: headers.metadata }),
});
