// Run as another user by a test: stores a directory and prints the code and fact of the error.
import { storeFiles } from "../../../runner/files/store-files.ts";
import { filesSource, JobError } from "../../../spec/index.ts";
import { testContext } from "../../support/test-context.ts";
import { fileStore } from "./file-store.ts";

const [directory = "", stored = ""] = process.argv.slice(2);
const context = testContext();
const source = filesSource.parse({ kind: "files", name: "uploads", directory });
try {
  await storeFiles(context, source, fileStore(context, stored));
  console.log("{}");
} catch (error) {
  if (!(error instanceof JobError)) throw error;
  console.log(JSON.stringify({ code: error.code, fact: error.fact }));
}
