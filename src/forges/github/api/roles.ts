import { type Forge, REPOSITORY_ROLES, type RepositoryRole } from '../../api-port.ts';
import type { Actor } from '../../port.ts';
import { orNull } from '../../api/failure.ts';
import type { GithubClient, Place } from './client.ts';

export function knowsRoles(client: GithubClient): Pick<Forge, 'role'> {
  return {
    role: (repository, actor) =>
      client.inRepository(repository, `read the role of ${actor.login} in ${repository.fullName}`, (place) =>
        roleOf(place, actor),
      ),
  };
}

interface PermissionAnswer {
  readonly permission: string;
  readonly role_name?: string;
  readonly user?: { readonly id?: number | bigint } | null;
}

/** Logins change hands: where the id is known, the answer must be about it. */
async function roleOf(place: Place, actor: Pick<Actor, 'login' | 'id'>): Promise<RepositoryRole> {
  const answer = await permissionOf(place, actor.login);
  if (actor.id === null || isAbout(answer, actor.id)) return readRole(answer);
  const login = await loginOf(place, actor.id);
  if (login === null || login.toLowerCase() === actor.login.toLowerCase()) return 'none';
  const renamed = await permissionOf(place, login);
  return isAbout(renamed, actor.id) ? readRole(renamed) : 'none';
}

async function permissionOf({ octokit, at }: Place, username: string): Promise<PermissionAnswer | null> {
  const answer = await orNull(octokit.rest.repos.getCollaboratorPermissionLevel({ ...at, username }));
  return answer === null ? null : answer.data;
}

async function loginOf({ octokit, at }: Place, id: string): Promise<string | null> {
  const answer = await orNull(
    octokit.request('GET /user/{account_id}', { headers: at.headers, account_id: Number(id) }),
  );
  return answer === null ? null : answer.data.login;
}

function isAbout(answer: PermissionAnswer | null, id: string): boolean {
  return answer !== null && (answer.user?.id === undefined || String(answer.user.id) === id);
}

/** `role_name` tells more than `permission`, but of a role that an organisation made itself it is only a name. */
function readRole(answer: PermissionAnswer | null): RepositoryRole {
  if (answer === null) return 'none';
  return asRole(answer.role_name) ?? asRole(answer.permission) ?? 'none';
}

function asRole(name: string | undefined): RepositoryRole | undefined {
  return REPOSITORY_ROLES.find((role) => role === name);
}
