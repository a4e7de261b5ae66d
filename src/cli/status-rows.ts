import type { PromotedVersion } from '../registry/promoted-version';
import type { FleetModel, FleetReplica } from '../registry/read-fleet';
import type { StatusRecord } from '../registry/status-record';
import { moment } from './moment';
import type { Cell } from './table';
import type { Colour } from './terminal';

export const STATUS_HEADING = [
  'MODEL',
  'REPLICA',
  'LIVE',
  'WANTED',
  'SERVES',
  'PHASE',
  'SINCE',
  'CONFIG',
  'WHAT FAILED',
];

const PHASE_COLOURS: Readonly<Record<string, Colour>> = { SERVING: 'green', FAILED: 'red' };

/** A row for each replica of a model, under {@link STATUS_HEADING}; one without a replica for a model that has none. */
export function statusRows(fleet: FleetModel): Cell[][] {
  const wanted = wantedText(fleet.promoted);
  if (fleet.replicas.length === 0) {
    return [[fleet.model, '-', 'no replica', wanted, '-', '-', '-', '-', ''].map((text) => ({ text }))];
  }
  return fleet.replicas.map((replica) => row(fleet, wanted, replica));
}

function row(fleet: FleetModel, wanted: string, { replica, live, status, since }: FleetReplica): Cell[] {
  const phase = phaseText(fleet.promoted, live, status);
  return [
    { text: fleet.model },
    { text: replica },
    live ? { text: 'live' } : { text: 'dead', colour: 'red' },
    { text: wanted },
    { text: status?.serving?.version ?? '-' },
    { text: phase, colour: live ? PHASE_COLOURS[phase] : 'dim' },
    { text: since === undefined ? '-' : moment(since) },
    configCell(status),
    { text: failures(live, status, since), colour: live ? 'red' : 'dim' },
  ];
}

function wantedText(promoted: PromotedVersion): string {
  if (promoted.kind === 'version') return promoted.version;
  return promoted.kind === 'absent' ? '-' : 'invalid';
}

/** The phase speaks of what the replica saw last, which may be older than what is wanted now. */
function phaseText(promoted: PromotedVersion, live: boolean, status: StatusRecord | undefined): string {
  if (status === undefined) return '-';
  const behind =
    live && promoted.kind !== 'absent' && (status.desired === null || status.desired.mzxid < promoted.mzxid);
  const { stale, workers } = status;
  const notes = [
    ...(behind ? ['behind'] : []),
    ...(stale === true ? ['stale'] : []),
    ...(workers === undefined ? [] : [`${workers.alive} of ${workers.wanted} workers`]),
  ];
  return notes.length === 0 ? status.phase : `${status.phase} (${notes.join(', ')})`;
}

function configCell(status: StatusRecord | undefined): Cell {
  if (status === undefined) return { text: '-' };
  const refused = status.config.state === 'REFUSED';
  return { text: status.config.state.toLowerCase(), colour: refused ? 'yellow' : undefined };
}

function failures(live: boolean, status: StatusRecord | undefined, since: number | undefined): string {
  if (status === undefined) return since === undefined ? 'has reported nothing' : 'its status cannot be read';
  const { error, config } = status;
  return [
    ...(live ? [] : ['no longer live: this was its last report']),
    ...(error === null
      ? []
      : [`${error.code}: ${error.message}${error.retryable ? ' (will try again)' : ''}`]),
    ...(config.error === undefined ? [] : [`config: ${config.error.message}`]),
  ].join('; ');
}
