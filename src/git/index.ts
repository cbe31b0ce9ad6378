export { type Address, addressWith, readAddress, redactUrls } from './address.ts';
export { makeBare, removeStaleLocks } from './bare.ts';
export { isBranchName } from './branch-name.ts';
export { writeGitConfig, writePushConfig } from './config-file.ts';
export { readFileOfCommit } from './file-of-commit.ts';
export { type Git, type GitCall, type GitResult, createGit } from './git.ts';
export { type InLine, createLines } from './in-line.ts';
export { LOCAL_TIMEOUT, failure, isDiskFull, lines, reasonOf } from './result.ts';
