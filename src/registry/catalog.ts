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

/**
 * Whether bytes of that digest may be published as this version: `free`, or there already (`same`). Throws
 * {@link VersionTaken} for other bytes, or an entry that cannot be read, and ZooKeeperError.
 */
export async function requireFree(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  version: string,
  sha256: string,
): Promise<'free' | 'same'> {
  const path = paths.catalog(model, version);
  const node = await session.get(path);
  if (node === undefined) return 'free';
  const present = parseManifest(node.data);
  if (present?.sha256 === sha256) return 'same';
  throw new VersionTaken(
    present === undefined
      ? `${path} holds something that is no manifest; remove it, or publish under another version`
      : `version ${version} of ${model} was published by ${present.by} at ${present.when} with other bytes ` +
          `(sha256 ${present.sha256.slice(0, 12)}..., these are ${sha256.slice(0, 12)}...); publish under another version`,
  );
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
  await requireFree(session, paths, model, version, manifest.sha256);
  return 'unchanged';
}
