import { CoordinationError } from '../errors';

/** ZooKeeper numbers the children made below one znode with a signed 32-bit number, which then stands still. */
const LAST_SEQUENCE = 2 ** 31 - 1;
const NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_(-?\d+)$/;

/** A sequential znode of a recipe, `<uuid>_<number>`. */
export interface SequencedName {
  readonly name: string;
  /** The UUID by which whoever made the node finds it again. */
  readonly tag: string;
  readonly sequence: number;
}

/** Those of `names` that a recipe made, in the order in which they were made. */
export function inSequence(names: readonly string[]): SequencedName[] {
  return names
    .flatMap((name) => {
      const match = NAME.exec(name);
      const tag = match?.[1];
      return tag === undefined ? [] : [{ name, tag, sequence: Number(match?.[2]) }];
    })
    .sort((a, b) => a.sequence - b.sequence);
}

/** The prefix of a sequential node with this tag; ZooKeeper adds the number. */
export function prefixOf(tag: string): string {
  return `${tag}_`;
}

/** Throws `EXHAUSTED` if the order of nodes made from here on could not be told. */
export function checkSequence(path: string): void {
  const sequence = Number(/_(-?\d+)$/.exec(path)?.[1]);
  if (sequence >= 0 && sequence < LAST_SEQUENCE) return;
  throw new CoordinationError(
    'EXHAUSTED',
    `${path}: 2^31 children were made below one znode; use another znode, or remove this one and make it again`,
  );
}
