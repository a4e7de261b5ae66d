import { ModelError, ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import { formatManifest, parseManifest, type Manifest } from './manifest';
import type { ZnodePaths } from './paths';

/**
 * What the catalog says of a version; undefined when it says nothing. An entry that is no manifest is
 * `DIGEST_MISMATCH`: which bytes are meant cannot be told. Throws ZooKeeperError.
 */
export async function readManifest(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  version: string,
): Promise<Manifest | undefined> {
  const path = paths.catalog(model, version);
  const node = await session.get(path);
  if (node === undefined) return undefined;
  const manifest = parseManifest(node.data);
  if (manifest !== undefined) return manifest;
  throw new ModelError(
    'DIGEST_MISMATCH',
    `${path} holds something that is no manifest: remove it, then publish`,
  );
}

/** The versions of `model` in the catalog, in no order. */
export async function catalogVersions(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
): Promise<readonly string[]> {
  return (await session.children(paths.catalogDir(model)))?.names ?? [];
}

/** The version is in the catalog with other bytes. */
export class VersionTaken extends Error {
  override readonly name = 'VersionTaken';
}

/** The digests of a version that is to be published, as in its {@link Manifest}. */
export type Digests = Pick<Manifest, 'sha256' | 'files'>;

/**
 * Whether files of those digests may be published as this version: `free`, or there already (`same`). Throws
 * {@link VersionTaken} for other bytes, or an entry that cannot be read, and ZooKeeperError.
 */
export async function requireFree(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  version: string,
  digests: Digests,
): Promise<'free' | 'same'> {
  const path = paths.catalog(model, version);
  const node = await session.get(path);
  if (node === undefined) return 'free';
  const present = parseManifest(node.data);
  if (present === undefined) {
    throw new VersionTaken(
      `${path} holds something that is no manifest; remove it, or publish under another version`,
    );
  }
  const difference = differenceOf(present, digests);
  if (difference === undefined) return 'same';
  throw new VersionTaken(
    `version ${version} of ${model} was published by ${present.by} at ${present.when} with ${difference}; ` +
      'publish under another version',
  );
}

/** What was published, in place of these; undefined when that is the same as far as it is known. */
function differenceOf(published: Manifest, { sha256, files = {} }: Digests): string | undefined {
  const compared = (
    [
      ['bytes', published.sha256, sha256],
      ...Object.entries(published.files ?? {}).map(
        ([name, digest]) => [name, digest, files[name] ?? null] as const,
      ),
    ] as const
  ).find(([, there, here]) => there !== here);
  if (compared === undefined) return undefined;
  const [what, there, here] = compared;
  return `other ${what} (${shown(there)}, here ${shown(here)})`;
}

function shown(digest: string | null): string {
  return digest === null ? 'no such file' : `sha256 ${digest.slice(0, 12)}...`;
}

/**
 * Enters a version. The same digest again is fine (`unchanged`, the first manifest stays); else as
 * {@link requireFree}.
 */
export async function publishManifest(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  version: string,
  manifest: Manifest,
): Promise<'published' | 'unchanged'> {
  await session.ensurePath(paths.catalogDir(model));
  try {
    await session.create(paths.catalog(model, version), formatManifest(manifest));
    return 'published';
  } catch (error) {
    if (!(error instanceof ZooKeeperError && error.code === 'NODE_EXISTS')) throw error;
  }
  await requireFree(session, paths, model, version, manifest);
  return 'unchanged';
}
