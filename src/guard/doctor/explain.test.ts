import { expect, test } from 'vitest';
import { GUARD_ERROR_CODES } from '../errors.ts';
import { explain } from './explain.ts';

const CALL =
  'Internal error occurred: failed calling webhook "deployments.guard.funade.dev": failed to call webhook: Post "https://funade-guard.funade-guard.svc:443/validate?timeout=5s": ';

test.each([
  ['x509Unknown', `${CALL}x509: certificate signed by unknown authority`],
  [
    'x509Unknown',
    `${CALL}x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "ca")`,
  ],
  ['x509Unknown', `${CALL}tls: failed to verify certificate: x509: certificate signed by unknown authority`],
  ['x509Name', `${CALL}x509: certificate is valid for guard, guard.ns, not funade-guard.funade-guard.svc`],
  ['x509NoNames', `${CALL}x509: certificate relies on legacy Common Name field, use SANs instead`],
  [
    'x509NoNames',
    `${CALL}x509: certificate is not valid for any names, but wanted to match funade-guard.funade-guard.svc`,
  ],
  ['x509NoNames', `${CALL}x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs`],
  [
    'x509Expired',
    `${CALL}x509: certificate has expired or is not yet valid: current time 2026-01-01T00:00:00Z is after 2025-01-01T00:00:00Z`,
  ],
  ['deadline', `${CALL}context deadline exceeded`],
  ['deadline', `${CALL}net/http: request canceled (Client.Timeout exceeded while awaiting headers)`],
  ['unreachable', `${CALL}dial tcp 10.0.0.1:8443: i/o timeout`],
  ['unreachable', `${CALL}dial tcp 10.0.0.1:8443: connect: no route to host`],
  ['refused', `${CALL}dial tcp 10.0.0.1:8443: connect: connection refused`],
  ['reset', `${CALL}read tcp 10.0.0.1:1->10.0.0.2:8443: read: connection reset by peer`],
  ['reset', `${CALL}EOF `],
  ['dns', `${CALL}dial tcp: lookup funade-guard.example.com: no such host`],
  ['noEndpoints', `${CALL}no endpoints available for service "funade-guard"`],
  ['noService', `${CALL}service "funade-guard" not found`],
  ['notTls', `${CALL}http: server gave HTTP response to HTTPS client`],
  ['tlsRefused', `${CALL}remote error: tls: handshake failure`],
  ['badAnswer', `${CALL}the server could not find the requested resource`],
  [
    'badAnswer',
    'failed calling webhook "x": expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=',
  ],
  [
    'denied',
    'Error from server (Forbidden): admission webhook "deployments.guard.funade.dev" denied the request: singleReplicaUnderHpa: Deployment "web" has 1 replica',
  ],
  [
    'uncertain',
    'Error from server (ServiceUnavailable): admission webhook "deployments.guard.funade.dev" denied the request: The guard could not check this now (the guard lacks a permission). Fix: try again in 5 s.',
  ],
  [
    'permission',
    'deployments.apps is forbidden: User "system:serviceaccount:funade-guard:funade-guard" cannot list resource "deployments" in API group "apps" at the cluster scope',
  ],
  ['x509Unknown', 'certificate signed by unknown authority'],
  ['x509Expired', 'the certificate has expired'],
  ['x509Name', 'certificate is valid for guard, not funade-guard.funade-guard.svc'],
  ['denied', 'denied the request: Deployment "web" has 1 replica'],
  [
    'noCertManager',
    'error: resource mapping not found for name: "funade-guard" namespace: "funade-guard" from "guard.yaml": no matches for kind "Certificate" in version "cert-manager.io/v1"',
  ],
  ['logNoCertificate', 'certificate_missing'],
  ['logMismatch', '{"level":"warn","class":"certificate","code":"certificate_mismatch","msg":"refused"}'],
  ['logForbidden', '{"class":"kubernetes_api","code":"forbidden"}'],
  ['logNotSynced', ' not_synced '],
  ['unknown', 'the path of the moon has another version'],
  ['failedCalling', 'failed calling webhook "x": something new'],
  ['unknown', 'the moon is full'],
])('%s: %s', (id, message) => {
  const [english, japanese] = [explain(message, 'en'), explain(message, 'ja')];
  expect([english.id, japanese.id]).toEqual([id, id]);
  for (const text of [english.cause, english.fix, japanese.cause, japanese.fix]) {
    expect(text).not.toMatch(/\{\w+\}/u);
    expect(text).not.toBe('');
  }
});

test.each(GUARD_ERROR_CODES)('the code %s of the log is known', (code) => {
  expect(explain(code, 'en').id).not.toBe('unknown');
  expect(explain(JSON.stringify({ code, msg: 'x' }), 'en').id).toBe(explain(code, 'en').id);
});

test('an explanation of names tells which name lacks', () => {
  const told = explain(
    `${CALL}x509: certificate is valid for guard, guard.ns, not funade-guard.funade-guard.svc`,
    'en',
  );
  expect(told.cause).toBe(
    'The certificate is for guard, guard.ns, but the API server calls funade-guard.funade-guard.svc.',
  );
});
