import * as grpc from "@grpc/grpc-js";

type Configure = (
  call: { request: { getVariablesMap(): { get(key: string): string | undefined } } },
  reply: unknown,
) => void;

/**
 * Catches what a provider's program was configured with. The SDK's server answers `Configure` without showing it to
 * the provider, so the answer is wrapped as the server is put together.
 *
 * @returns reads a value of the last configuration: `host` is `docker:config:host`
 */
export function configured(name: string): (key: string) => string | undefined {
  let variables: { get(key: string): string | undefined } | undefined;
  const original = grpc.Server.prototype.addService;
  grpc.Server.prototype.addService = function addService(service, implementation) {
    const configure = (implementation.configure as unknown as Configure).bind(implementation);
    const wrapped: Configure = (call, reply) => {
      variables = call.request.getVariablesMap();
      configure(call, reply);
    };
    Object.assign(implementation, { configure: wrapped });
    return original.call(this, service, implementation);
  };
  return (key) => variables?.get(`${name}:config:${key}`);
}
