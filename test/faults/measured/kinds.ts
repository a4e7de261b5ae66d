import { BREAKS, measureBreak } from './breaks';
import { CERTIFICATES } from './certificates';
import { CRASHES } from './crashes';
import { CREDENTIALS } from './credentials';
import { type Cells, type Fault, Sightings } from './fault';
import { PROCESSES } from './processes';
import { READING } from './reading';
import type { Scene } from './scene';
import { STARTS } from './starts';
import { VERSIONS } from './versions';
import { WORKERS } from './workers';
import { WORLDS } from './worlds';
import { WRITING } from './writing';

/** Faults of one kind: a section of docs/faults.md, with a table that has a row for each. */
export interface Kind {
  readonly heading: string;
  readonly faults: readonly { readonly name: string; measure(scene: Scene): Promise<Cells> }[];
}

/** In the order of the page, by the names that `npm run faults` takes. */
export const KINDS: Readonly<Record<string, Kind>> = {
  network: {
    heading: 'Between a replica and the servers',
    faults: BREAKS.map((fault) => ({ name: fault.name, measure: (scene) => measureBreak(scene, fault) })),
  },
  starts: kind('Starts', STARTS),
  worlds: kind('Servers with other data', WORLDS),
  rights: kind('Rights', [...READING, ...WRITING]),
  trust: kind('Credentials and certificates', [...CREDENTIALS, ...CERTIFICATES]),
  versions: kind('Versions', VERSIONS),
  processes: kind('Workers and processes', [...WORKERS, ...PROCESSES, ...CRASHES]),
};

function kind(heading: string, faults: readonly Fault[]): Kind {
  return {
    heading,
    faults: faults.map((fault) => ({
      name: fault.name,
      async measure(scene) {
        const seen = new Sightings();
        await fault.measure(scene, seen);
        return seen.cells;
      },
    })),
  };
}
