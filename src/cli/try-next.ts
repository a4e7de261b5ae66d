export interface Served {
  readonly url: string;
  /** `host:port` of the ensemble. */
  readonly zookeeper: string;
  readonly root: string;
  readonly models: readonly string[];
}

/** An iris that version 1 and version 2 both call virginica, with probabilities of 0.53 and 0.72. */
const IRIS_ROW = '[6.3,2.7,4.9,1.8]';

/** What a person may type next, each line as it can be pasted. */
export function tryNext({ url, zookeeper, root, models }: Served): string {
  const flags = [
    ...(zookeeper === '127.0.0.1:2181' ? [] : ['--zookeeper', zookeeper]),
    ...(root === '/zooserve' ? [] : ['--root', root]),
  ];
  const zooserve = (command: string): string => ['  npx zooserve', command, ...flags].join(' ');
  const lines = ['', `ZooServe is ready on ${url}, Apache ZooKeeper on ${zookeeper}.`, ''];
  if (!models.includes('iris')) {
    return [...lines, 'Served models:', ...models.map((model) => `  ${url}/v2/models/${model}`), ''].join(
      '\n',
    );
  }
  const body = `{"inputs":[{"name":"input","shape":[1,4],"datatype":"FP32","data":${IRIS_ROW}}]}`;
  return [
    ...lines,
    'Ask version 1 of the model iris:',
    `  curl -s ${url}/v2/models/iris/infer -d '${body}'`,
    'Promote version 2 (or write 2 to the znode with any ZooKeeper client), and ask again:',
    zooserve('promote iris 2 --wait'),
    'Be stricter about what counts as sure, without a restart:',
    zooserve(`config set iris '{"params":{"threshold":0.8}}' --wait`),
    'Go back, and see who serves what:',
    zooserve('rollback iris --wait'),
    zooserve('status'),
    'Press Ctrl-C to stop.',
    '',
  ].join('\n');
}
