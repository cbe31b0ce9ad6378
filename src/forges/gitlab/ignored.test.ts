import { describe, expect, test } from 'vitest';
import { gitlabDelivery, gitlabSituations, readAll, readSituation as parse } from '../../../test/gitlab-deliveries.ts';

type Json = Readonly<Record<string, unknown>>;

describe('ignored', () => {
  const cases: readonly [string, string, string][] = [
    ['a description edit with the label in the list', 'issue-description-edited', 'label_not_added'],
    ['a label in previous and current', 'issue-label-kept', 'label_not_added'],
    ['a label that was removed', 'issue-label-removed', 'label_not_added'],
    ['`changes: {}` of an issue', 'issue-update-without-changes', 'label_not_added'],
    ['`changes: {}` of a merge request', 'merge-request-update-without-changes', 'label_not_added'],
    ['commits pushed to a merge request', 'merge-request-pushed', 'label_not_added'],
    ['the Test button for issues', 'issue-test-button', 'missing_action'],
    ['the Test button for merge requests', 'merge-request-test-button', 'missing_action'],
    ['an approval', 'merge-request-approved', 'action_not_handled'],
    ['a confidential issue', 'issue-confidential', 'confidential_subject'],
    ['a work item', 'work-item-label-added', 'confidential_subject'],
    ['an internal note', 'note-internal', 'confidential_subject'],
    ['a note on a confidential issue', 'note-on-confidential-issue', 'confidential_subject'],
    ["a note of GitLab's own", 'note-by-system', 'system_note'],
    ['a note on a commit', 'note-on-commit', 'action_not_handled'],
    ['a release that was edited', 'release-updated', 'release_not_published'],
    ['a pipeline', 'pipeline', 'event_not_handled'],
  ];
  test.each(cases)('%s: %s → %s', (_, situation, reason) => {
    expect(parse(situation)).toEqual({ kind: 'ignored', reason });
  });

  test('six ignored events in a row are six ignored events', () => {
    const events = Array.from({ length: 6 }, () => parse('issue-description-edited'));
    expect(new Set(events.map((event) => event.kind))).toEqual(new Set(['ignored']));
  });

  const changed: readonly [string, string, Json, Json, string][] = [
    [
      'a confidential issue under the header of others',
      'issue-label-added',
      {},
      { confidential: true },
      'confidential_subject',
    ],
    [
      'a confidential issue by its event type',
      'issue-label-added',
      { event_type: 'confidential_issue' },
      {},
      'confidential_subject',
    ],
    ['a task under the header of issues', 'issue-label-added', {}, { type: 'Task' }, 'confidential_subject'],
    [
      'a confidential note under the header of others',
      'note-on-issue',
      { event_type: 'confidential_note' },
      {},
      'confidential_subject',
    ],
    ['a note on a snippet', 'note-on-issue', {}, { noteable_type: 'Snippet' }, 'action_not_handled'],
    ['a note that was deleted', 'note-on-issue', {}, { action: 'destroy' }, 'action_not_handled'],
    ['a note without its issue', 'note-on-issue', { issue: undefined }, {}, 'payload_mismatch'],
    ['a note without text', 'note-on-issue', {}, { note: null }, 'payload_mismatch'],
    ['an issue that is merged', 'issue-label-added', {}, { action: 'merge' }, 'action_not_handled'],
    ['an action that is no text', 'issue-label-added', {}, { action: 1 }, 'payload_mismatch'],
    ['an issue without changes', 'issue-label-added', { changes: null }, {}, 'label_not_added'],
    [
      'labels that are no list',
      'issue-label-added',
      { changes: { labels: { current: { 0: {} } } } },
      {},
      'label_not_added',
    ],
    ['an issue without its number', 'issue-label-added', {}, { iid: null }, 'payload_mismatch'],
    ['an issue by its id', 'issue-label-added', {}, { iid: '7' }, 'payload_mismatch'],
    ['nobody who did it', 'issue-label-added', { user: null }, {}, 'payload_mismatch'],
    ['an issue of no project', 'issue-label-added', { project: null }, {}, 'payload_mismatch'],
    [
      'a project above its group',
      'issue-label-added',
      { project: { path_with_namespace: 'a/../b' } },
      {},
      'payload_mismatch',
    ],
    [
      'a project without a group',
      'issue-label-added',
      { project: { path_with_namespace: 'greeter' } },
      {},
      'payload_mismatch',
    ],
    [
      'a merge request in place of an issue',
      'issue-label-added',
      { object_kind: 'merge_request' },
      {},
      'payload_mismatch',
    ],
    [
      'an issue in place of a merge request',
      'merge-request-label-added',
      { object_kind: 'issue' },
      {},
      'payload_mismatch',
    ],
    ['another kind under a confidential header', 'issue-confidential', { object_kind: 'push' }, {}, 'payload_mismatch'],
    ['a tag in a push of branches', 'push-to-branch', { ref: 'refs/tags/v1' }, {}, 'payload_mismatch'],
    ['a branch in a push of tags', 'tag-pushed', { ref: 'refs/heads/main' }, {}, 'payload_mismatch'],
    ['a tag under the kind of branches', 'tag-pushed', { object_kind: 'push' }, {}, 'payload_mismatch'],
    ['a merge request reference', 'push-to-branch', { ref: 'refs/merge-requests/3/head' }, {}, 'unsupported_ref'],
    ['an unsafe branch', 'push-to-branch', { ref: 'refs/heads/--upload-pack=x' }, {}, 'invalid_ref'],
    ['a commit that is no hash', 'push-to-branch', { after: 'HEAD' }, {}, 'payload_mismatch'],
    ['a release of an unsafe tag', 'release-created', { tag: '-x' }, {}, 'invalid_ref'],
    ['a release without an action', 'release-created', { action: undefined }, {}, 'missing_action'],
    ['a release without a tag', 'release-created', { tag: null }, {}, 'payload_mismatch'],
  ];
  test.each(changed)('%s', (...[, situation, changes, attributes, reason]) => {
    expect(parse(situation, changes, attributes)).toEqual({ kind: 'ignored', reason });
  });

  test('every situation under the header of every other is not taken for it', () => {
    const situations = gitlabSituations().map((name) => gitlabDelivery(name));
    const headers = [...new Set(situations.map(({ event }) => event))];
    for (const { event, payload } of situations) {
      for (const claimed of headers) {
        if (claimed.replace('Confidential ', '') === event.replace('Confidential ', '') || claimed === 'Pipeline Hook')
          continue;
        const reasons = readAll(claimed, payload).map((read) => (read.kind === 'ignored' ? read.reason : read.kind));
        const expected =
          payload['object_kind'] === 'work_item' && claimed === 'Issue Hook'
            ? 'confidential_subject'
            : 'payload_mismatch';
        expect(reasons, `${event} as ${claimed}`).toEqual([expected]);
      }
    }
  });

  test.each(['System Hook', 'Job Hook', 'Wiki Page Hook', 'Emoji Hook', 'Deployment Hook'])('%s', (name) => {
    const { payload } = gitlabDelivery('issue-label-added');
    expect(readAll(name, payload)).toEqual([{ kind: 'ignored', reason: 'event_not_handled' }]);
  });
});
