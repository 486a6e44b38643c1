/**
 * Probes of a PostgreSQL container. A program in a container is a process of the runtime each time, and ten servers that
 * are asked every second take a core: so only until it is up, and by TCP, because its image sets it up on the socket.
 */
export const POSTGRES_PROBES = {
  startupProbe: {
    exec: { command: ["pg_isready", "--host", "127.0.0.1"] },
    periodSeconds: 1,
    timeoutSeconds: 30,
    failureThreshold: 300,
  },
  readinessProbe: { tcpSocket: { port: 5432 }, periodSeconds: 2 },
} as const;
