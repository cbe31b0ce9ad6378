import type { Failure } from '../fakes/forge/failures.ts';
import type { FakeRepository } from '../fakes/forge/world.ts';

/** A place where a process is killed: at a request to the forge, before its effect (`hang`) or after it (`hang after`). */
export interface Place {
  readonly name: string;
  readonly how: Failure['how'];
  readonly at: (repository: FakeRepository) => RegExp;
  /** How many of such requests come before. */
  readonly skip?: number;
}

const SUBJECT = ({ id }: FakeRepository) => `/projects/${id}/issues/1`;
const GIT = ({ fullName }: FakeRepository) => `/${fullName}.git`;

export const PLACES: readonly Place[] = [
  { name: 'subject-unread', how: 'hang', at: (it) => new RegExp(`^GET ${SUBJECT(it)}$`) },
  { name: 'label-on', how: 'hang', at: (it) => new RegExp(`^PUT ${SUBJECT(it)}$`) },
  { name: 'label-off', how: 'hang after', at: (it) => new RegExp(`^PUT ${SUBJECT(it)}$`) },
  { name: 'processing', how: 'hang after', skip: 1, at: (it) => new RegExp(`^PUT ${SUBJECT(it)}$`) },
  { name: 'cloning', how: 'hang', at: (it) => new RegExp(`^POST ${GIT(it)}/git-upload-pack$`) },
  { name: 'unpushed', how: 'hang', at: (it) => new RegExp(`^POST ${GIT(it)}/git-receive-pack$`) },
  { name: 'pushed', how: 'hang after', at: (it) => new RegExp(`^POST ${GIT(it)}/git-receive-pack$`) },
  { name: 'unproposed', how: 'hang', at: ({ id }) => new RegExp(`^POST /projects/${id}/merge_requests$`) },
  { name: 'proposed', how: 'hang after', at: ({ id }) => new RegExp(`^POST /projects/${id}/merge_requests$`) },
  { name: 'uncommented', how: 'hang', at: (it) => new RegExp(`^POST ${SUBJECT(it)}/notes$`) },
  { name: 'commented', how: 'hang after', at: (it) => new RegExp(`^POST ${SUBJECT(it)}/notes$`) },
  { name: 'end-unlabelled', how: 'hang', skip: 2, at: (it) => new RegExp(`^PUT ${SUBJECT(it)}$`) },
  { name: 'end-labelled', how: 'hang after', skip: 2, at: (it) => new RegExp(`^PUT ${SUBJECT(it)}$`) },
];
