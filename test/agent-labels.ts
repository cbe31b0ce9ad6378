export const LABELS = {
  trigger: 'coding agent',
  processing: 'coding agent processing',
  done: 'coding agent done',
  failed: 'coding agent failed',
  paused: 'coding agent paused',
  stopped: 'coding agent stopped',
} as const;

/** How labels are compared. */
export const FORGES = new Map([
  ['github', { labelKey: (label: string) => label.toLowerCase() }],
  ['gitlab', { labelKey: (label: string) => label }],
]);
