import { END_THREAD, FOR_EVER } from '../../support/greedy-handler';
import { infer } from '../../support/infer';
import { eventually } from '../../support/eventually';
import { Observed, PATIENCE_MS, type Scene } from './scene';
import { type Measure, Times } from './timed';

const TIMEOUT_MS = 500;

/** Worker threads that end, and that hang. */
export const WORKERS: Readonly<Record<'workers', Measure>> = {
  async workers(scene) {
    for (const model of ['greedy', 'rounds']) {
      await scene.write(scene.paths.version(model), '1');
      await scene.write(scene.paths.config(model), JSON.stringify({ admission: { timeoutMs: TIMEOUT_MS } }));
    }
    await using observed = await Observed.start(scene);
    const { url } = observed.replica;
    const answers = (model: string): Promise<unknown> =>
      eventually(async () => (await infer(url, model, [[1]])).status === 200, Boolean, PATIENCE_MS);
    await answers('greedy');
    await answers('rounds');
    const times = new Times();
    times.start();
    const lost = await infer(url, 'greedy', [[END_THREAD]]);
    times.note(`a worker ends: until the request that it had is answered ${lost.status}`);
    await answers('greedy');
    times.note('a worker ends: until another one answers');
    times.start();
    const hung = await infer(url, 'rounds', [[FOR_EVER]]);
    times.note(
      `a worker hangs, timeoutMs ${TIMEOUT_MS}: until the request that it had is answered ${hung.status}`,
    );
    await answers('rounds');
    times.note('a worker hangs: until it is given up and another one answers');
    await times.requests('to another model meanwhile', observed);
    for (const model of ['greedy', 'rounds']) await removeModel(scene, model);
    return times.timed;
  },
};

async function removeModel({ session, paths }: Scene, model: string): Promise<void> {
  for (const path of [paths.version(model), paths.config(model), `${paths.modelsDir}/${model}`])
    await session.remove(path);
}
