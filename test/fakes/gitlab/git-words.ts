import type { GitWords } from '../forge/git-http.ts';

export const gitlabWords: GitWords = {
  realm: 'GitLab',
  loginRefused:
    'HTTP Basic: Access denied. The provided password or token is incorrect or your account has 2FA enabled.',
  notFound: "The project you were looking for could not be found or you don't have permission to view it.",
  noWrite: () => 'You are not allowed to push code to this project.',
  isProtected: () => 'GitLab: You are not allowed to push code to protected branches on this project.',
  protectedReason: 'pre-receive hook declined',
};
