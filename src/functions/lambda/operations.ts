/**
 * Operations of the AWS Lambda API by path. `*` stands for one segment. Source: the service model of the AWS SDKs of
 * December 2025; operations that a query distinguishes go by the name of the plain path.
 */
const OPERATIONS: readonly (readonly [path: string, byMethod: Readonly<Record<string, string>>])[] = [
  ['2015-03-31/functions', { GET: 'ListFunctions', POST: 'CreateFunction' }],
  ['2015-03-31/functions/*', { GET: 'GetFunction', DELETE: 'DeleteFunction' }],
  ['2015-03-31/functions/*/code', { PUT: 'UpdateFunctionCode' }],
  ['2015-03-31/functions/*/configuration', { GET: 'GetFunctionConfiguration', PUT: 'UpdateFunctionConfiguration' }],
  ['2015-03-31/functions/*/invocations', { POST: 'Invoke' }],
  ['2014-11-13/functions/*/invoke-async', { POST: 'InvokeAsync' }],
  ['2021-11-15/functions/*/response-streaming-invocations', { POST: 'InvokeWithResponseStream' }],
  ['2015-03-31/functions/*/versions', { GET: 'ListVersionsByFunction', POST: 'PublishVersion' }],
  ['2015-03-31/functions/*/aliases', { GET: 'ListAliases', POST: 'CreateAlias' }],
  ['2015-03-31/functions/*/aliases/*', { GET: 'GetAlias', PUT: 'UpdateAlias', DELETE: 'DeleteAlias' }],
  ['2015-03-31/functions/*/policy', { GET: 'GetPolicy', POST: 'AddPermission' }],
  ['2015-03-31/functions/*/policy/*', { DELETE: 'RemovePermission' }],
  ['2017-10-31/functions/*/concurrency', { PUT: 'PutFunctionConcurrency', DELETE: 'DeleteFunctionConcurrency' }],
  ['2019-09-30/functions/*/concurrency', { GET: 'GetFunctionConcurrency' }],
  [
    '2019-09-30/functions/*/provisioned-concurrency',
    {
      GET: 'GetProvisionedConcurrencyConfig',
      PUT: 'PutProvisionedConcurrencyConfig',
      DELETE: 'DeleteProvisionedConcurrencyConfig',
    },
  ],
  [
    '2019-09-25/functions/*/event-invoke-config',
    {
      GET: 'GetFunctionEventInvokeConfig',
      PUT: 'PutFunctionEventInvokeConfig',
      POST: 'UpdateFunctionEventInvokeConfig',
      DELETE: 'DeleteFunctionEventInvokeConfig',
    },
  ],
  ['2019-09-25/functions/*/event-invoke-config/list', { GET: 'ListFunctionEventInvokeConfigs' }],
  [
    '2021-10-31/functions/*/url',
    {
      GET: 'GetFunctionUrlConfig',
      POST: 'CreateFunctionUrlConfig',
      PUT: 'UpdateFunctionUrlConfig',
      DELETE: 'DeleteFunctionUrlConfig',
    },
  ],
  ['2021-10-31/functions/*/urls', { GET: 'ListFunctionUrlConfigs' }],
  [
    '2020-06-30/functions/*/code-signing-config',
    {
      GET: 'GetFunctionCodeSigningConfig',
      PUT: 'PutFunctionCodeSigningConfig',
      DELETE: 'DeleteFunctionCodeSigningConfig',
    },
  ],
  [
    '2021-07-20/functions/*/runtime-management-config',
    { GET: 'GetRuntimeManagementConfig', PUT: 'PutRuntimeManagementConfig' },
  ],
  ['2024-08-31/functions/*/recursion-config', { GET: 'GetFunctionRecursionConfig', PUT: 'PutFunctionRecursionConfig' }],
  [
    '2025-11-30/functions/*/function-scaling-config',
    { GET: 'GetFunctionScalingConfig', PUT: 'PutFunctionScalingConfig' },
  ],
  ['2025-12-01/functions/*/durable-executions', { GET: 'ListDurableExecutionsByFunction' }],
  ['2015-03-31/event-source-mappings', { GET: 'ListEventSourceMappings', POST: 'CreateEventSourceMapping' }],
  [
    '2015-03-31/event-source-mappings/*',
    { GET: 'GetEventSourceMapping', PUT: 'UpdateEventSourceMapping', DELETE: 'DeleteEventSourceMapping' },
  ],
  ['2018-10-31/layers', { GET: 'ListLayers' }],
  ['2018-10-31/layers/*/versions', { GET: 'ListLayerVersions', POST: 'PublishLayerVersion' }],
  ['2018-10-31/layers/*/versions/*', { GET: 'GetLayerVersion', DELETE: 'DeleteLayerVersion' }],
  ['2018-10-31/layers/*/versions/*/policy', { GET: 'GetLayerVersionPolicy', POST: 'AddLayerVersionPermission' }],
  ['2018-10-31/layers/*/versions/*/policy/*', { DELETE: 'RemoveLayerVersionPermission' }],
  ['2017-03-31/tags/*', { GET: 'ListTags', POST: 'TagResource', DELETE: 'UntagResource' }],
  ['2016-08-19/account-settings', { GET: 'GetAccountSettings' }],
  ['2020-04-22/code-signing-configs', { GET: 'ListCodeSigningConfigs', POST: 'CreateCodeSigningConfig' }],
  [
    '2020-04-22/code-signing-configs/*',
    { GET: 'GetCodeSigningConfig', PUT: 'UpdateCodeSigningConfig', DELETE: 'DeleteCodeSigningConfig' },
  ],
  ['2020-04-22/code-signing-configs/*/functions', { GET: 'ListFunctionsByCodeSigningConfig' }],
  ['2025-11-30/capacity-providers', { GET: 'ListCapacityProviders', POST: 'CreateCapacityProvider' }],
  [
    '2025-11-30/capacity-providers/*',
    { GET: 'GetCapacityProvider', PUT: 'UpdateCapacityProvider', DELETE: 'DeleteCapacityProvider' },
  ],
  ['2025-11-30/capacity-providers/*/function-versions', { GET: 'ListFunctionVersionsByCapacityProvider' }],
  ['2025-12-01/durable-executions/*', { GET: 'GetDurableExecution' }],
  ['2025-12-01/durable-executions/*/history', { GET: 'GetDurableExecutionHistory' }],
  ['2025-12-01/durable-executions/*/state', { GET: 'GetDurableExecutionState' }],
  ['2025-12-01/durable-executions/*/checkpoint', { POST: 'CheckpointDurableExecution' }],
  ['2025-12-01/durable-executions/*/stop', { POST: 'StopDurableExecution' }],
  ['2025-12-01/durable-execution-callbacks/*/succeed', { POST: 'SendDurableExecutionCallbackSuccess' }],
  ['2025-12-01/durable-execution-callbacks/*/fail', { POST: 'SendDurableExecutionCallbackFailure' }],
  ['2025-12-01/durable-execution-callbacks/*/heartbeat', { POST: 'SendDurableExecutionCallbackHeartbeat' }],
];

const BY_TEMPLATE: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map(OPERATIONS);

/**
 * Name of the Lambda operation behind a method and a path (without its query); null when Lambda has none there. A slash at
 * the end changes nothing: older SDKs send one.
 */
export function describeOperation(method: string, path: string): string | null {
  const segments = path.split('/');
  if (segments.shift() !== '' || segments.length === 0) return null;
  if (segments.at(-1) === '') segments.pop();
  if (segments.includes('')) return null;
  const byMethod = BY_TEMPLATE.get(templateOf(segments, 6)) ?? BY_TEMPLATE.get(templateOf(segments, 2));
  return byMethod !== undefined && Object.hasOwn(byMethod, method) ? (byMethod[method] ?? null) : null;
}

/** Paths are date, noun, id, noun, id …; the fifth segment may be a word of the API as well, hence `last`. */
function templateOf(segments: readonly string[], last: number): string {
  return segments.map((each, index) => (index >= 2 && index <= last && index % 2 === 0 ? '*' : each)).join('/');
}
