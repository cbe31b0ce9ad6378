export { createLiveScreen } from './live-screen.ts';
export { renderRunChanges } from './render/changes.ts';
export { isRunOver, renderRun } from './render/run.ts';
export { runCli } from './run.ts';
export { type Terminal, processTerminal } from './terminal.ts';
