import type { GitWords } from '../forge/git-http.ts';

export const githubWords: GitWords = {
  realm: 'GitHub',
  loginRefused: 'Invalid username or token. Password authentication is not supported for Git operations.',
  notFound: 'Repository not found.',
  noWrite: ({ login }, { fullName }) => `Permission to ${fullName}.git denied to ${login}.`,
  isProtected: (ref) =>
    `error: GH006: Protected branch update failed for ${ref}.\nerror: Changes must be made through a pull request.`,
  protectedReason: 'protected branch hook declined',
};
