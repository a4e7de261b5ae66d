import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figure, Measurement } from '../figure';
import { binaryRequest } from '../load/infer-request';
import { median } from '../percentile';
import type { Scale } from '../scale';
import { someRows } from '../some-rows';
import type { Stand } from '../stand/stand';
import { TOKEN_MODEL_INPUT, writeTokenModel } from '../token-model';
import { goodput, type Goodput, type OverloadWindow } from './goodput';

const TIMEOUT_MS = 1000;

/**
 * A model of 0.1 to 0.3 ms a request, in batches of 64. On two cores this measures as much what refusals cost: event loop
 * and load generator take about as much of the processors for what is more than the model can carry as the model does.
 */
const LIGHT_WIDTHS = [256, 3072, 3072, 10] as const;

interface Kind {
  readonly model: string;
  readonly what: string;
  readonly width: number;
  readonly peakConnections: number;
  /** Of windows, in those of the scale: long beside `admission.timeoutMs` where the queue is never full. */
  readonly windows: number;
  readonly add: (stand: Stand, model: string) => Promise<void>;
}

const KINDS: readonly Kind[] = [
  {
    model: 'light',
    what: 'light model',
    width: LIGHT_WIDTHS[0],
    peakConnections: 128,
    windows: 1,
    add: (stand, model) => stand.addPerceptron(model, LIGHT_WIDTHS),
  },
  {
    model: 'tokens',
    what: 'model of some ms a run',
    width: TOKEN_MODEL_INPUT,
    peakConnections: 32,
    windows: 2,
    add: addTokenModel,
  },
];

/** Goodput under twice the load that a model can carry, and how long those wait who are let in. */
export async function overload(stand: Stand, scale: Scale): Promise<Measurement> {
  const figures: Figure[] = [];
  const details: Record<string, unknown> = {};
  for (const kind of KINDS) {
    await kind.add(stand, kind.model);
    await using replica = await stand.startReplica(`/overload-${kind.model}`, { [kind.model]: '1' });
    const measured = await goodput({
      replica,
      requests: someRows(64, [1, kind.width]).map((rows) => binaryRequest(kind.model, rows)),
      peakConnections: kind.peakConnections,
      warmUpMs: scale.warmUpMs,
      rounds: scale.rounds,
      windowMs: kind.windows * scale.windowMs,
    });
    figures.push(...figuresOf(kind, measured));
    details[kind.model] = { ...measured, windowMs: kind.windows * scale.windowMs };
  }
  return { figures, details };
}

function figuresOf({ what }: Kind, { peak, overload: windows }: Goodput): Figure[] {
  const middle = (of: (window: OverloadWindow) => number): number => median(windows.map(of));
  const share = (of: (window: OverloadWindow) => number): string => `${(100 * middle(of)).toFixed(1)} %`;
  const shareOf = (status: number): string =>
    share(({ statuses }) => (statuses[status] ?? 0) / sum(Object.values(statuses)));
  const carried = median(peak);
  const late = middle(({ generatorLatenessP99Ms }) => generatorLatenessP99Ms);
  return [
    {
      name: `goodput under twice the load it can carry, ${what}`,
      measured: {
        value: middle(({ perSecond }) => perSecond),
        unit: 'requests/s',
        what: `ZooServe; ${shareOf(429)} refused at once (429), ${shareOf(504)} late (504)`,
      },
      against: {
        value: carried,
        unit: 'requests/s',
        what: `its peak, ${(1000 / carried).toPrecision(2)} ms a request`,
      },
      goal: { of: 'ratio', atLeast: 0.9 },
    },
    {
      name: `p99 of the requests that were let in meanwhile, late ones among them, ${what}`,
      measured: { value: middle(({ admittedP99Ms }) => admittedP99Ms), unit: 'ms', what: 'ZooServe' },
      against: {
        value: TIMEOUT_MS + late,
        unit: 'ms',
        what: 'admission.timeoutMs, and what the generator was late',
      },
      goal: { of: 'ratio', atMost: 1 },
    },
    {
      name: `how late the load generator sent those, p99, part of the latency, ${what}`,
      measured: {
        value: late,
        unit: 'ms',
        what: 'after they were to arrive',
      },
    },
    {
      name: `processor time a request meanwhile, ${what}`,
      measured: {
        value: middle(({ threads }) => threads.eventLoopMicroseconds),
        unit: 'µs',
        what: `the event loop; the worker ran ${share(({ threads }) => threads.workerRan)} of the time, ${share(({ threads }) => threads.workerWaited)} it waited for a processor`,
      },
      against: {
        value: middle(({ threads }) => threads.generatorMicroseconds),
        unit: 'µs',
        what: 'the load generator',
      },
    },
  ];
}

async function addTokenModel({ repository }: Stand, model: string): Promise<void> {
  for (const version of ['1', '2']) {
    const folder = join(repository, model, version);
    await mkdir(folder, { recursive: true });
    writeTokenModel(join(folder, 'model.onnx'), Number(version) * 1000);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
