export type { BoxEnd, BoxRequest, RunInBox } from './box.ts';
export { type BuiltinMeans, createBuiltinRunner } from './builtin.ts';
