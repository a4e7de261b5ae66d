import { join } from 'node:path';
import { ModelRepository } from '../../src/inference/repository';

/** The project's root, from dist/test/support. */
export const PROJECT = join(__dirname, '../../..');

/** The sample models. */
export const samples = new ModelRepository(join(PROJECT, 'models'));

/** The models of test/fixtures/README.md. */
export const fixtures = new ModelRepository(join(PROJECT, 'test/fixtures/models'));
