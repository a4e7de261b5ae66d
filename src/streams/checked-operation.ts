import { badArgument, isSignal, isWhole } from './bad-argument';
import type { NodeMode, TransactionOp } from './requests';
import { checkedPath } from './znode-path';

/** Versions are signed numbers of 32 bits, and begin anew below 0 after the largest. */
const LOWEST = -(2 ** 31);
const HIGHEST = 2 ** 31 - 1;

const MODES = {
  PERSISTENT: true,
  EPHEMERAL: true,
  PERSISTENT_SEQUENTIAL: true,
  EPHEMERAL_SEQUENTIAL: true,
} as const satisfies Record<NodeMode, true>;

const OPS = { create: true, set: true, remove: true, check: true } as const satisfies Record<
  TransactionOp['op'],
  true
>;

/** `version`, if it is one; throws `BAD_ARGUMENTS` otherwise. So do all of these. */
export function checkedVersion(version: number, name = 'version'): number {
  if (isWhole(version, LOWEST, HIGHEST)) return version;
  throw badArgument(name, version, 'the whole number of a version, or -1 for any');
}

export function checkedMode(mode: NodeMode, name = 'mode'): NodeMode {
  if (isKeyOf(MODES, mode)) return mode;
  throw badArgument(name, mode, `one of ${Object.keys(MODES).join(', ')}`);
}

export function checkedKind(kind: 'data' | 'children'): 'data' | 'children' {
  const known: readonly string[] = ['data', 'children'];
  if (known.includes(kind)) return kind;
  throw badArgument('kind', kind, "'data' or 'children'");
}

export function checkedSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || isSignal(signal)) return signal;
  throw badArgument('signal', signal, 'an AbortSignal, such as AbortSignal.timeout(1000)');
}

/** All but the data, of which a copy is made on the way. */
export function checkedOps(ops: readonly TransactionOp[]): readonly TransactionOp[] {
  // Asked of a copy, whose type says nothing: `any[]` would take its place.
  const list: unknown = ops;
  if (!Array.isArray(list)) throw badArgument('ops', ops, 'an array of the parts of a transaction');
  for (const [index, op] of ops.entries()) {
    const name = `ops[${index}]`;
    const part: unknown = op;
    if (typeof part !== 'object' || part === null)
      throw badArgument(name, part, 'a part of a transaction, such as { op: "remove", path: "/a" }');
    if (!isKeyOf(OPS, op.op)) throw badArgument(`${name}.op`, op.op, `one of ${Object.keys(OPS).join(', ')}`);
    checkedPath(op.path);
    if (op.op === 'create') checkedMode(op.mode ?? 'PERSISTENT', `${name}.mode`);
    else checkedVersion(op.version ?? -1, `${name}.version`);
  }
  return ops;
}

function isKeyOf(known: object, value: unknown): boolean {
  return typeof value === 'string' && Object.hasOwn(known, value);
}
