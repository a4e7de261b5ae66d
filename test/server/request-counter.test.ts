import { Metrics } from '../../src/metrics';
import { RequestCounter } from '../../src/server/request-counter';

async function counts(metrics: Metrics): Promise<Record<string, number>> {
  const { values } = await metrics.requests.get();
  return Object.fromEntries(
    values.map(({ labels: { model, version, status }, value }) => [
      `${String(model)}/${String(version)}/${String(status)}`,
      value,
    ]),
  );
}

async function durations(metrics: Metrics): Promise<number> {
  const { values } = await metrics.requestSeconds.get();
  return values.find(({ metricName }) => metricName?.endsWith('_count') === true)?.value ?? 0;
}

test('what is counted shows when it is asked for', async () => {
  const metrics = new Metrics();
  const counter = new RequestCounter(metrics);
  counter.count('iris', '1', 200, performance.now());
  expect(await counts(metrics)).toEqual({});
  counter.flush();
  counter.flush();
  expect(await counts(metrics)).toEqual({ 'iris/1/200': 1 });
});

test('nothing is lost or counted twice, in whatever order they come', async () => {
  const metrics = new Metrics();
  const counter = new RequestCounter(metrics);
  const wanted: Record<string, number> = {};
  for (let i = 0; i < 1000; i++) {
    const version = String(1 + (i % 7 === 0 ? 1 : 0));
    const status = i % 5 === 0 ? 429 : i % 11 === 0 ? 503 : 200;
    counter.count('iris', version, status, performance.now());
    const label = `iris/${version}/${status}`;
    wanted[label] = (wanted[label] ?? 0) + 1;
  }
  // Most of them have been passed on by now, without anybody asking.
  expect(Object.values(await counts(metrics)).reduce((a, b) => a + b)).toBeGreaterThan(900);
  counter.flush();
  expect(await counts(metrics)).toEqual(wanted);
  expect(await durations(metrics)).toBe(800);
});

test('the duration is in seconds', async () => {
  const metrics = new Metrics();
  const counter = new RequestCounter(metrics);
  counter.count('iris', '1', 200, performance.now() - 2000);
  counter.flush();
  const { values } = await metrics.requestSeconds.get();
  const sum = values.find(({ metricName }) => metricName?.endsWith('_sum') === true)?.value;
  expect(sum).toBeGreaterThanOrEqual(2);
  expect(sum).toBeLessThan(3);
});
