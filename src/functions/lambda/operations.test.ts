import { expect, test } from 'vitest';
import { describeOperation } from './operations.ts';

test.each([
  ['POST', '/2015-03-31/functions', 'CreateFunction'],
  ['GET', '/2015-03-31/functions/', 'ListFunctions'],
  ['DELETE', '/2015-03-31/functions/hello', 'DeleteFunction'],
  ['PUT', '/2015-03-31/functions/arn%3Aaws%3Alambda/code', 'UpdateFunctionCode'],
  ['POST', '/2015-03-31/functions/hello/invocations', 'Invoke'],
  ['POST', '/2014-11-13/functions/hello/invoke-async/', 'InvokeAsync'],
  ['PUT', '/2015-03-31/functions/hello/aliases/live', 'UpdateAlias'],
  ['GET', '/2019-09-25/functions/hello/event-invoke-config/list', 'ListFunctionEventInvokeConfigs'],
  ['DELETE', '/2018-10-31/layers/l/versions/3/policy/s', 'RemoveLayerVersionPermission'],
  ['GET', '/2017-03-31/tags/arn%3Aaws%3Alambda', 'ListTags'],
  ['GET', '/2016-08-19/account-settings', 'GetAccountSettings'],
  ['POST', '/2025-12-01/durable-execution-callbacks/id/heartbeat', 'SendDurableExecutionCallbackHeartbeat'],
])('%s %s is %s', (method, path, operation) => {
  expect(describeOperation(method, path)).toBe(operation);
});

test.each([
  ['GET', '/2015-03-31/functions/hello/invocations'],
  ['POST', '/2015-03-31/functions/hello/invocations/more'],
  ['POST', '/2015-03-31/functions//invocations'],
  ['POST', '/2016-03-31/functions/hello/invocations'],
  ['POST', '2015-03-31/functions/hello/invocations'],
  ['constructor', '/2015-03-31/functions'],
  ['GET', '/'],
  ['GET', ''],
  ['GET', '//'],
  ['GET', '/2015-03-31/functions/*/aliases/*/x'],
  ['GET', '/api/v1/apps'],
])('%s %s is no operation of Lambda', (method, path) => {
  expect(describeOperation(method, path)).toBeNull();
});
