import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reasonTexts } from '../api/contract/index.ts';
import type { IgnoredEvent, PingWarningCode, RefusedReason } from '../forges/index.ts';

/** Everything that these types allow: leaving one out does not compile. */
const ofForges = {
  event_not_handled: true,
  action_not_handled: true,
  missing_action: true,
  payload_mismatch: true,
  unsupported_ref: true,
  invalid_ref: true,
  not_a_tag: true,
  release_not_published: true,
  confidential_subject: true,
  label_removed: true,
  label_not_added: true,
  system_note: true,
} as const satisfies Record<IgnoredEvent['reason'], true>;
const ofVerification = {
  no_secret: true,
  signature_missing: true,
  signature_malformed: true,
  signature_outdated: true,
  signature_mismatch: true,
} as const satisfies Record<RefusedReason, true>;
const ofHooks = {
  missing_event: true,
  form_content_type: true,
  tls_verification_off: true,
  hook_inactive: true,
} as const satisfies Record<PingWarningCode, true>;

const SOURCE = join(import.meta.dirname, '..');

/** Files in which others than forges give reasons, and what else is written there in the form of one. */
const FILES = [
  'intake/sort-out.ts',
  'intake/record.ts',
  'releases/admission.ts',
  'agent/admission.ts',
  'agent/sift.ts',
] as const;
const NO_REASONS = new Set(['label_added']);

async function writtenReasons(): Promise<readonly string[]> {
  const texts = await Promise.all(FILES.map((file) => readFile(join(SOURCE, file), 'utf8')));
  const codes = texts.flatMap((text) => [...text.matchAll(/'([a-z]+(?:_[a-z]+)+)'/g)].map(([, code]) => code ?? ''));
  return [...new Set(codes)].filter((code) => !NO_REASONS.has(code));
}

test('every reason that a forge, the intake, the releases or the agent gives for a delivery has its sentence', async () => {
  const written = await writtenReasons();
  expect(written).toEqual(
    expect.arrayContaining(['ref_deleted', 'admission_failed', 'ref_not_matched', 'task_alive', 'not_target_label']),
  );
  const given = [...Object.keys(ofForges), ...written];
  expect(given.filter((code) => !Object.hasOwn(reasonTexts.delivery, code))).toEqual([]);
});

test('every reason for which a request is not verified has its sentence', () => {
  const given = [...Object.keys(ofVerification), 'address_not_allowed', 'addresses_unknown'];
  expect(given.filter((code) => !Object.hasOwn(reasonTexts.verification, code))).toEqual([]);
});

test('every warning about a hook has its sentence', () => {
  expect(Object.keys(ofHooks).filter((code) => !Object.hasOwn(reasonTexts.hook, code))).toEqual([]);
});
