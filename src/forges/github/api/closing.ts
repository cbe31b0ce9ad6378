/**
 * Whether the text of a pull request closes an issue when it is merged: GitHub's keywords, before `#7`, `owner/name#7` or the issue's
 * address. What stands in code does not count.
 */
export function closesIssue(body: string, fullName: string, number: number): boolean {
  const text = body.replaceAll(/```[\s\S]*?(?:```|$)|`[^`\n]*`|<!--[\s\S]*?-->/g, ' ');
  const name = fullName.replaceAll(/[.]/g, String.raw`\.`);
  const issue = String.raw`(?:(?:${name})?#${number}|https?://\S+?/${name}/issues/${number})(?!\d)`;
  return new RegExp(String.raw`\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+${issue}`, 'i').test(text);
}
