import { auditTime, combineLatest, distinctUntilChanged, filter, map } from 'rxjs';
import { errorMessage } from '../errors';
import type { StatusRecord } from '../registry/status-record';
import { writeStatus } from '../registry/write-status';
import { declareHandler } from './event-handler';
import { retryPause } from './retry-pause';
import type { ServedModel } from './served-model';

/**
 * Requests come first: what a swap sets off is told once those that waited for it have been handed over, and a
 * phase that was over within this time not at all.
 */
const TOLD_AFTER_MS = 2;

/**
 * What this replica observes becomes `/status/<model>/<replica>`: the newest record, once it is true, again in
 * each new ZooKeeper session, and again after a write that did not succeed.
 */
export const reportStatus = declareHandler<ServedModel, StatusRecord>({
  name: 'report-status',
  trigger: {
    kind: 'state',
    events$: ({ observed, session }) =>
      combineLatest([
        observed.record$.pipe(
          auditTime(TOLD_AFTER_MS),
          distinctUntilChanged((a, b) => JSON.stringify(a) === JSON.stringify(b)),
        ),
        session.state$.pipe(
          filter((state) => state.name === 'CONNECTED'),
          map(({ epoch }) => epoch),
          distinctUntilChanged(),
        ),
      ]).pipe(map(([record]) => record)),
  },
  async run(record, { model, session, paths, log }, signal) {
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        await writeStatus(session, paths, model, record);
        return;
      } catch (error) {
        log.warn({ model, error: errorMessage(error) }, 'status not written; it will be tried again');
        if (!(await retryPause(failures, signal))) return;
      }
    }
  },
});
