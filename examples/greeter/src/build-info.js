/** What this code is. In `dist` the build writes the version of package.json in its place. */
export const buildInfo = { version: 'source' };
