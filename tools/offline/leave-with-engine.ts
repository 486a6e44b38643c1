/**
 * Ends this plugin when the engine that started it is gone: a killed engine closes nothing, and a plugin that serves
 * nobody would stay for ever. The set-up's scripts `exec` Node, so the engine is the direct parent.
 */
export function leaveWithEngine(leave: () => void = () => process.exit(0)): void {
  const engine = process.ppid;
  setInterval(() => process.ppid !== engine && leave(), 500).unref();
}
