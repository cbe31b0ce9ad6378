import type { Forge, RepositoryRole } from '../../api-port.ts';
import type { Actor } from '../../port.ts';
import { orAbsent } from './absent.ts';
import { type GitlabApi, type GitlabClient, projectOf } from './client.ts';

interface MemberAnswer {
  readonly access_level: number;
  readonly state?: string;
  readonly membership_state?: string;
}

/** Membership counts, of the project or of a group above it. What is public to everybody is no role. */
export function knowsRoles(client: GitlabClient): Pick<Forge, 'role'> {
  return {
    role: (repository, actor) =>
      client.ask(`read the role of ${actor.login} in ${repository.fullName}`, async (api) => {
        const id = actor.id ?? (await idOf(api, actor.login));
        if (id === null) return 'none';
        const member = (await orAbsent(
          api.members.show(projectOf(repository), Number(id), { includeInherited: true }),
        )) as unknown as MemberAnswer | null;
        return member === null || !isActive(member) ? 'none' : roleOf(member.access_level);
      }),
  };
}

async function idOf(api: GitlabApi, login: Actor['login']): Promise<string | null> {
  const users = await api.users.all({ username: login, perPage: 20, page: 1 });
  const user = users.find(({ username }) => username.toLowerCase() === login.toLowerCase());
  return user === undefined ? null : String(user.id);
}

/** Invited people who wait, and blocked ones, are still listed. */
function isActive({ state, membership_state: membership }: MemberAnswer): boolean {
  return (state ?? 'active') === 'active' && (membership ?? 'active') === 'active';
}

function roleOf(level: number): RepositoryRole {
  if (level >= 50) return 'admin';
  if (level >= 40) return 'maintain';
  if (level >= 30) return 'write';
  return level >= 10 ? 'read' : 'none';
}
