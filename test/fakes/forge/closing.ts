/* Which issues a change closes when it is merged, by the words in its text. */

/** Reads the numbers of the issues of the change's own repository. */
export type ClosedIssues = (body: string, fullName: string) => readonly number[];

/** One keyword for each issue; what stands in code does not count. */
export const githubClosedIssues: ClosedIssues = (body, fullName) => {
  const text = withoutCode(body);
  const pattern =
    /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:([\w.-]+\/[\w.-]+)?#|https?:\/\/\S+?\/([\w.-]+\/[\w.-]+)\/issues\/)(\d+)/gi;
  return [...text.matchAll(pattern)]
    .filter(([, name, inUrl]) => [fullName, undefined].includes(name) && [fullName, undefined].includes(inUrl))
    .map(([, , , number]) => Number(number));
};

/** One keyword can stand before several issues: `Closes #4, #6 and #7`. */
export const gitlabClosedIssues: ClosedIssues = (body) => {
  const text = withoutCode(body);
  const keyword = String.raw`\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):?`;
  const pattern = new RegExp(String.raw`${keyword} +((?:(?:issues? +)?#\d+(?:,? +and +|,? *)?)+)`, 'gi');
  return [...text.matchAll(pattern)].flatMap(([, list = '']) =>
    [...list.matchAll(/#(\d+)/g)].map(([, number]) => Number(number)),
  );
};

function withoutCode(text: string): string {
  return text.replaceAll(/```[\s\S]*?(?:```|$)|`[^`\n]*`|<!--[\s\S]*?-->/g, ' ');
}
