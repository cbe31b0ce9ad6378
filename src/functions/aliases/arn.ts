/** Name of a function in the form of AWS; the account and region are nobody's. */
export function arnOf(functionName: string, qualifier: string): string {
  return `arn:aws:lambda:local:000000000000:function:${functionName}:${qualifier}`;
}
