import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { now, pause } from '../clock';
import type { Measurement } from '../figure';
import { inTurns } from '../in-turns';
import { median } from '../percentile';
import type { Scale } from '../scale';
import { PROJECT_ROOT, ready, type Stand, ZOOSERVE } from '../stand/stand';

const POLL_MS = 2;

/** From `zooserve serve` to ready with the two sample models, against loading ONNX Runtime's package alone. */
export async function startUp(stand: Stand, scale: Scale): Promise<Measurement> {
  for (const model of ['iris', 'digits']) await stand.publish('/start', model);
  await stand.promoteAll('/start', { iris: '1', digits: '1' });
  const contestants = {
    ours: () => serveUntilReady(stand),
    package: () => loadPackage(),
  };
  await inTurns(1, contestants);
  const times = await inTurns(scale.starts, contestants);
  return {
    figures: [
      {
        name: 'start to ready, two small models, median',
        measured: { value: median(times.ours), unit: 'ms', what: 'ZooServe' },
        against: {
          value: median(times.package),
          unit: 'ms',
          what: `node -e "require('onnxruntime-node')"`,
        },
        goal: { of: 'ratio', atMost: 3 },
      },
    ],
    details: times,
  };
}

async function serveUntilReady(stand: Stand): Promise<number> {
  const port = await freePort();
  const began = now();
  const child = spawn(process.execPath, [ZOOSERVE, ...stand.serveArguments('/start', port)], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  await listening(`http://127.0.0.1:${port}`);
  const took = now() - began;
  child.kill('SIGTERM');
  await ended;
  return took;
}

async function listening(url: string): Promise<void> {
  const deadline = now() + 60_000;
  for (;;) {
    try {
      await ready(url, POLL_MS);
      return;
    } catch (error) {
      if (now() > deadline) throw error;
    }
    await pause(POLL_MS);
  }
}

async function loadPackage(): Promise<number> {
  const began = now();
  const child = spawn(process.execPath, ['-e', "require('onnxruntime-node')"], {
    cwd: PROJECT_ROOT,
    stdio: 'ignore',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`loading onnxruntime-node ended with ${String(code)}`);
  return now() - began;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
