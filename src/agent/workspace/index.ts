export { createWorkspaces } from './workspaces.ts';
