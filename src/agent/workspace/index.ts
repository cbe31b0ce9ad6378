export type { ChangedFile, GitRemote, PushEnd, Workspace, WorkspaceRequest, Workspaces } from './port.ts';
export { type WorkspacesOptions, createWorkspaces } from './workspaces.ts';
