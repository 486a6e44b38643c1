import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/engine_pb.js";

/** Shows one line beside a resource while it is worked on; the line is not kept among the final diagnostics. */
export type StatusLine = (urn: string, line: string) => void;

/** The engine's log service at `address`; without an address lines go nowhere. */
export function engineStatus(address: string | undefined): StatusLine {
  if (address === undefined) return () => {};
  const engine = new services.EngineClient(address, grpc.credentials.createInsecure());
  return (urn, line) => {
    const request = new messages.LogRequest().setSeverity(messages.LogSeverity.INFO);
    request.setUrn(urn).setMessage(line).setEphemeral(true);
    // A lost status line must not fail the command that printed it.
    engine.log(request, () => {});
  };
}
