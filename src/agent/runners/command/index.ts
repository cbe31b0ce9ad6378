export { type BoxMeans } from './box.ts';
export {
  type BoxedCommand,
  type BoxedEnd,
  type BoxedRequest,
  createBoxedCommand,
  createCheckRunner,
} from './boxed-command.ts';
export { type CommandRunnerOptions, createCommandRunner } from './command.ts';
