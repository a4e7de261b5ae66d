import { END_THREAD, FOR_EVER } from '../../support/greedy-handler';
import { eventually } from '../../support/eventually';
import { infer } from '../../support/infer';
import type { Fault, Sightings } from './fault';
import { Observed } from './observed';
import { PATIENCE_MS, type Scene } from './scene';

const TIMEOUT_MS = 500;
/** After so many a version is quarantined. */
const LOSSES = 3;

/** Worker threads that end, and that hang. */
export const WORKERS: readonly Fault[] = [
  {
    name: 'a worker ends',
    async measure(scene, seen) {
      await using models = await Models.served(scene, 'greedy');
      seen.start();
      seen.noticed(`the request that it had: ${await models.ask(END_THREAD)}`);
      await models.answer();
      seen.over('another one answers');
      await seen.requests(models.observed);
    },
  },
  {
    name: `a worker hangs (\`timeoutMs\` ${TIMEOUT_MS})`,
    async measure(scene, seen) {
      await using models = await Models.served(scene, 'rounds');
      seen.start();
      seen.noticed(`the request that it had: ${await models.ask(FOR_EVER)}`);
      let before = 0;
      const next = async (): Promise<number> => {
        const status = await models.ask(1);
        if (status !== before && status !== 200) seen.noticed(`the next ones: ${status}`);
        return (before = status);
      };
      await eventually(next, (status) => status === 200, PATIENCE_MS);
      seen.over('it is given up and another one answers');
      await seen.requests(models.observed);
    },
  },
  {
    name: `a version loses ${LOSSES} workers`,
    async measure(scene, seen) {
      await using models = await Models.served(scene, 'greedy');
      const zxid = await models.promote('2');
      for (let losses = 0; losses < LOSSES; losses += 1) {
        await models.answer('2');
        seen.start();
        await models.ask(END_THREAD);
      }
      await quarantined(scene, models, zxid, seen);
    },
  },
];

async function quarantined(scene: Scene, models: Models, zxid: string, seen: Sightings): Promise<void> {
  await models.answer('1');
  seen.over('the third: the version before answers');
  seen.noticed(`the third: \`${await scene.failure(zxid, 'greedy')}\``);
  await seen.requests(models.observed);
}

/** A replica that serves version 1 of one model more than iris. */
class Models implements AsyncDisposable {
  private constructor(
    private readonly scene: Scene,
    private readonly model: string,
    readonly observed: Observed,
  ) {}

  static async served(scene: Scene, model: string): Promise<Models> {
    await scene.write(scene.paths.version(model), '1');
    await scene.write(scene.paths.config(model), JSON.stringify({ admission: { timeoutMs: TIMEOUT_MS } }));
    const models = new Models(scene, model, await Observed.start(scene));
    await models.answer('1');
    return models;
  }

  /** Resolves with the zxid of the write. */
  promote(version: string): Promise<string> {
    return this.scene.write(this.scene.paths.version(this.model), version);
  }

  /** The status that a request with this number gets. */
  async ask(number: number): Promise<number> {
    return (await infer(this.observed.replica.url, this.model, [[number]])).status;
  }

  async answer(version?: string): Promise<void> {
    const { url } = this.observed.replica;
    const answered = async (): Promise<boolean> => {
      const answer = await infer(url, this.model, [[1]]);
      return answer.status === 200 && (version === undefined || answer.version === version);
    };
    await eventually(answered, Boolean, PATIENCE_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.observed[Symbol.asyncDispose]();
    await this.scene.forget(this.model);
  }
}
