export { type LiveScreen, type LiveScreenOptions, createLiveScreen } from './live-screen.ts';
export { renderRolloutChanges, renderRunChanges } from './render/changes.ts';
export { renderRollout } from './render/rollout.ts';
export { isRunOver, renderRun } from './render/run.ts';
export type { Screen } from './render/screen.ts';
export { renderStatus } from './render/status.ts';
export { runCli } from './run.ts';
export { type OutputStream, type Terminal, processTerminal } from './terminal.ts';
