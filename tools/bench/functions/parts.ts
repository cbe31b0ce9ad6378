/** What `functions` consists of; each part has a server of its own. */
export const FUNCTION_PARTS = ['echo', 'sessions', 'cold', 'compile', 'memory', 'deadline', 'neighbours'] as const;
export type FunctionPart = (typeof FUNCTION_PARTS)[number];
