import type { PinnedModel } from '../settings';
import type { IntroducedModel } from './introduce-models';

export interface Served {
  readonly url: string;
  /** `host:port` of the ensemble. */
  readonly zookeeper: string;
  readonly root: string;
  /** Models with znodes of their own, which every command has to be told. */
  readonly pinned: readonly PinnedModel[];
  readonly models: readonly IntroducedModel[];
}

/** An iris that version 1 and version 2 both call virginica, with probabilities of 0.53 and 0.72. */
const IRIS_ROW = '[6.3,2.7,4.9,1.8]';

/** What a person may type next, each line as it can be pasted. */
export function tryNext({ url, zookeeper, root, pinned, models }: Served): string {
  const flags = [
    ...(zookeeper === '127.0.0.1:2181' ? [] : ['--zookeeper', zookeeper]),
    ...(root === '/zooserve' ? [] : ['--root', root]),
    ...pinned.flatMap((entry) => ['--model', pasted(entry)]),
  ];
  const zooserve = (command: string): string => ['  npx zooserve', command, ...flags].join(' ');
  const lines = ['', `ZooServe is ready on ${url}, Apache ZooKeeper on ${zookeeper}.`, ''];
  const iris = models.find(({ model }) => model === 'iris');
  if (iris === undefined) {
    const served = models.map(({ model }) => `  ${url}/v2/models/${model}`);
    return [...lines, 'Served models:', ...served, ''].join('\n');
  }
  const other = iris.live === '2' ? '1' : '2';
  const body = `{"inputs":[{"name":"input","shape":[1,4],"datatype":"FP32","data":${IRIS_ROW}}]}`;
  return [
    ...lines,
    `Ask the model iris, of which version ${iris.live} is live:`,
    `  curl -s ${url}/v2/models/iris/infer -d '${body}'`,
    `Promote version ${other} (or write ${other} to the znode with any ZooKeeper client), and ask again:`,
    zooserve(`promote iris ${other} --wait`),
    'Be stricter about what counts as sure, without a restart:',
    zooserve(`config set iris '{"params":{"threshold":0.8}}' --wait`),
    'Go back, and see who serves what:',
    zooserve('rollback iris --wait'),
    zooserve('status'),
    'Press Ctrl-C to stop.',
    '',
  ].join('\n');
}

/** As `--model` takes it, in quotes when a path holds what a shell would read otherwise. */
function pasted({ model, versionPath, configPath }: PinnedModel): string {
  const text = `${model}=${versionPath}${configPath === undefined ? '' : `,${configPath}`}`;
  return /^[\w/.,=:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
