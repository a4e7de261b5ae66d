import { ConfigError } from '../../src/errors';
import { readHistory } from '../../src/registry/read-history';
import { readConfig } from '../../src/registry/read-config';
import { writeConfig } from '../../src/registry/write-config';
import { write } from '../support/fleet';
import { registryScene } from '../support/registry-scene';

const BY = 'me@host';

const scene = registryScene();

const timeline = async () =>
  (await readHistory(scene.session, scene.paths, 'iris')).map(
    ({ kind, from, to }) => `${kind} ${from ?? '-'} ${to}`,
  );

describe('writeConfig', () => {
  const set = (text: string) =>
    writeConfig(scene.session, scene.paths, { model: 'iris', data: Buffer.from(text), by: BY });
  const config = async () => (await readConfig(scene.session, scene.paths, 'iris'))?.data.toString();

  it('writes it as it is, with both texts in the history', async () => {
    const first = await set(' {"batching": {"maxRows": 8}}\n');
    expect(await config()).toBe('{"batching": {"maxRows": 8}}');
    expect((await readConfig(scene.session, scene.paths, 'iris'))?.mzxid).toBe(first.mzxid);
    await set('{}');
    expect(await timeline()).toEqual([
      'config {"batching": {"maxRows": 8}} {}',
      'config - {"batching": {"maxRows": 8}}',
    ]);
  });

  it('writes an object for an empty one', async () => {
    await set(' ');
    expect(await config()).toBe('{}');
  });

  it.each([
    ['{"batching":{"maxRow":8}}', /\$\.batching\.maxRow is not a key/],
    ['{"batching":{"maxRows":"8"}}', /\$\.batching\.maxRows/],
    ['{', /not valid JSON/],
  ])('refuses %s whole, with nothing written', async (text, message) => {
    const refused = set(text);
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(message);
    expect(await config()).toBeUndefined();
  });

  it.each([Buffer.from([0xff, 0xfe]), Buffer.alloc(70_000, 0x20)])(
    'replaces a config that is no text, or too long to be one, without repeating it',
    async (noise) => {
      await write(scene.session, scene.paths.config('iris'), noise);
      await set('{}');
      expect(await timeline()).toEqual(['config - {}']);
    },
  );
});
