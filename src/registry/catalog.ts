import { ZooKeeperError } from '../errors';
import type { ZooKeeperSession } from '../streams/session';
import { formatManifest, parseManifest, type Manifest } from './manifest';
import type { ZnodePaths } from './paths';

/** What the catalog says of a version. Undefined when it says nothing, or nothing that can be read. */
export async function readManifest(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  version: string,
): Promise<Manifest | undefined> {
  const node = await session.get(paths.catalog(model, version));
  return node && parseManifest(node.data);
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

/**
 * Enters a version. The same digest again is fine (`unchanged`, the first manifest stays); another one throws
 * {@link VersionTaken}, and so does an entry that cannot be read. Throws ZooKeeperError.
 */
export async function publishManifest(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  version: string,
  manifest: Manifest,
): Promise<'published' | 'unchanged'> {
  const path = paths.catalog(model, version);
  await session.ensurePath(paths.catalogDir(model));
  try {
    await session.create(path, formatManifest(manifest));
    return 'published';
  } catch (error) {
    if (!(error instanceof ZooKeeperError && error.code === 'NODE_EXISTS')) throw error;
  }
  const node = await session.get(path);
  const present = node && parseManifest(node.data);
  if (present?.sha256 === manifest.sha256) return 'unchanged';
  throw new VersionTaken(
    present === undefined
      ? `${path} holds something that is no manifest; remove it, or publish under another version`
      : `version ${version} of ${model} was published by ${present.by} at ${present.when} with other bytes ` +
          `(sha256 ${present.sha256.slice(0, 12)}..., these are ${manifest.sha256.slice(0, 12)}...); publish under another version`,
  );
}
