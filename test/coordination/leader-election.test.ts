import type { Subscription } from 'rxjs';
import { startCandidacy, type Candidacy } from '../../src/coordination/leader-election';
import { watchLeader } from '../../src/coordination/watch-leader';
import { ZooKeeperError } from '../../src/errors';
import { connect } from '../support/fleet';
import { eventually } from '../support/eventually';
import { expireSession } from '../support/expire-session';
import { replacing } from '../support/meddling';
import { proxiedScene } from '../support/proxied-scene';
import { watching } from '../support/server-watches';

const scene = proxiedScene({ sessionTimeoutMs: 1000 }, ({ zookeeper }) => watching(zookeeper, 0));

const named = (name: string) => ({ data: Buffer.from(name) });
const leads = (candidacy: Candidacy) => eventually(() => candidacy.leadership.role === 'LEADER');
const stands = (candidates: number) =>
  eventually(async () => (await scene.other.children(scene.path))?.names.length === candidates);

function rolesOf(candidacy: Candidacy): string[] {
  const roles: string[] = [];
  candidacy.leadership$.subscribe({
    next: ({ role }) => roles.push(role),
    complete: () => roles.push('completed'),
  });
  return roles;
}

function leaders(): { seen: (string | undefined)[]; subscription: Subscription } {
  const seen: (string | undefined)[] = [];
  const subscription = watchLeader(scene.other, scene.path).subscribe((leader) =>
    seen.push(leader?.data.toString()),
  );
  return { seen, subscription };
}

describe('a candidacy', () => {
  it('leads when it is alone, and when the leader resigns', async () => {
    const { seen, subscription } = leaders();
    const ann = startCandidacy(scene.other, scene.path, named('ann'));
    await leads(ann);
    const bob = startCandidacy(scene.session, scene.path, named('bob'));
    const roles = rolesOf(bob);
    await stands(2);
    expect(bob.leadership.role).toBe('CANDIDATE');
    await ann[Symbol.asyncDispose]();
    await leads(bob);
    await bob[Symbol.asyncDispose]();
    await bob[Symbol.asyncDispose]();
    expect(roles).toEqual(['CANDIDATE', 'LEADER', 'RESIGNED', 'completed']);
    await eventually(() => seen.length >= 4 && seen.at(-1) === undefined);
    expect(seen[0]).toBeUndefined();
    expect(seen.filter((name) => name !== undefined)).toEqual(['ann', 'bob']);
    expect(seen.at(-1)).toBeUndefined();
    subscription.unsubscribe();
  });

  it('is told at once that its term is lost, though what is left of it takes long to be taken away', async () => {
    let goOn!: () => void;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    const slow = replacing(scene.other, 'remove', async (...args) => {
      await gate;
      await scene.other.remove(...args);
    });
    await using ann = startCandidacy(slow, scene.path, named('ann'));
    const roles = rolesOf(ann);
    await leads(ann);
    const [name] = (await scene.other.children(scene.path))!.names;
    await scene.other.remove(`${scene.path}/${name!}`);
    await eventually(() => ann.leadership.role === 'CANDIDATE');
    goOn();
    await leads(ann);
    expect(roles).toEqual(['CANDIDATE', 'LEADER', 'CANDIDATE', 'LEADER']);
  });

  it('acts by transactions that only the term in force lets through', async () => {
    await using ann = startCandidacy(scene.other, scene.path);
    await leads(ann);
    const { leadership } = ann;
    if (leadership.role !== 'LEADER') throw new Error(leadership.role);
    await leadership.term.commit([{ op: 'create', path: `${scene.path}-by`, data: Buffer.from('ann') }]);
    await ann[Symbol.asyncDispose]();
    await expect(leadership.term.commit([])).rejects.toMatchObject({ code: 'NOT_HELD' });
  });

  it('is in doubt while its connection is broken, and leads on with the same term', async () => {
    await using ann = startCandidacy(scene.session, scene.path);
    const roles = rolesOf(ann);
    await leads(ann);
    const before = ann.leadership;
    scene.through.proxy.cut();
    await eventually(() => roles.length === 4);
    expect(roles).toEqual(['CANDIDATE', 'LEADER', 'IN_DOUBT', 'LEADER']);
    expect(ann.leadership).toEqual(before);
  });

  it('whose session has expired stands again, behind those who stood', async () => {
    await using ann = startCandidacy(scene.session, scene.path, named('ann'));
    const roles = rolesOf(ann);
    await leads(ann);
    const bob = startCandidacy(scene.other, scene.path, named('bob'));
    await stands(2);
    await expireSession(scene.through.proxy);
    await leads(bob);
    await eventually(() => roles.length === 4);
    expect(roles).toEqual(['CANDIDATE', 'LEADER', 'IN_DOUBT', 'CANDIDATE']);
    await stands(2);
    await bob[Symbol.asyncDispose]();
    await leads(ann);
  });

  it('ends when its session is closed', async () => {
    const session = await connect(scene.zookeeper.connectString);
    const ann = startCandidacy(session, scene.path);
    const roles = rolesOf(ann);
    await leads(ann);
    await session[Symbol.asyncDispose]();
    await eventually(() => roles.at(-1) === 'completed');
    expect(ann.leadership.role).toBe('RESIGNED');
  });

  it('ends with what the server refuses', async () => {
    const refused = new ZooKeeperError('NO_AUTH', 'refused', { mayHaveHappened: false, retryable: false });
    const session = replacing(scene.other, 'create', () => Promise.reject(refused));
    const ann = startCandidacy(session, scene.path);
    const errors: unknown[] = [];
    ann.leadership$.subscribe({ error: (error: unknown) => errors.push(error) });
    await eventually(() => errors.length === 1);
    expect(errors).toEqual([refused]);
    expect(ann.leadership.role).toBe('RESIGNED');
    await ann[Symbol.asyncDispose]();
  });

  it('that resigns while it waits leaves nothing behind', async () => {
    await using ann = startCandidacy(scene.other, scene.path);
    await leads(ann);
    const bob = startCandidacy(scene.session, scene.path);
    await stands(2);
    await bob[Symbol.asyncDispose]();
    await stands(1);
  });
});
