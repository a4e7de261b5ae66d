import { REPLICA_SETTINGS } from '../settings';
import type { SettingName } from '../settings-table';
import type { RunCommand } from './invocation';

/** A command's usage; its code is loaded only when it is called, which keeps the others quick. */
export interface CommandDeclaration {
  /** Two words for a command of a group. */
  readonly name: string;
  /** `<name>` where it is needed, `[name]` where it may be left out. */
  readonly operands: readonly string[];
  readonly summary: string;
  /** Besides those of the connection, which every command has. */
  readonly settings: readonly SettingName[];
  readonly flags: readonly CommandFlag[];
  /** Flags that every command has and that mean nothing to this one: why, for whoever gives one. */
  readonly refused?: Readonly<Partial<Record<SettingName, string>>>;
  readonly load: () => Promise<{ readonly run: RunCommand }>;
}

export interface CommandFlag {
  readonly flag: '--wait' | '--json' | '--force' | '--reason' | '--timeout';
  readonly value?: string;
  readonly help: string;
}

const WAIT: readonly CommandFlag[] = [
  {
    flag: '--wait',
    help: 'return when every live replica has followed; exit status 2: one failed for good, 3: timed out, 4: none is live',
  },
  { flag: '--timeout', value: '<seconds>', help: 'how long --wait waits (default: 60)' },
];
const REASON: CommandFlag = { flag: '--reason', value: '<text>', help: 'why, for the history' };
const JSON_OUTPUT: CommandFlag = { flag: '--json', help: 'print JSON in place of a table' };

export const COMMANDS: readonly CommandDeclaration[] = [
  {
    name: 'serve',
    operands: [],
    summary: 'serve the models that the znodes name',
    settings: REPLICA_SETTINGS,
    flags: [],
    load: () => import('./serve.js'),
  },
  {
    name: 'dev',
    operands: [],
    summary: 'serve with an Apache ZooKeeper of its own, the models of --models published and promoted',
    settings: REPLICA_SETTINGS,
    flags: [],
    refused: { zookeeper: '`zooserve dev` starts an ensemble of its own; `zooserve serve` attaches to one' },
    load: () => import('./dev.js'),
  },
  {
    name: 'publish',
    operands: ['<model>', '<version>', '<file>'],
    summary:
      'check an ONNX file, copy it into the repository with the model.json and handler.js beside it, and enter it in the catalog',
    settings: ['models'],
    flags: [],
    load: () => import('./publish.js'),
  },
  {
    name: 'promote',
    operands: ['<model>', '<version>'],
    summary: 'make a version the one that every replica serves',
    settings: ['models'],
    flags: [
      ...WAIT,
      REASON,
      { flag: '--force', help: 'also a version that is neither in the catalog nor in --models' },
    ],
    load: () => import('./promote.js'),
  },
  {
    name: 'rollback',
    operands: ['<model>', '[version]'],
    summary: 'go back to the version before the present one, or to the one named',
    settings: ['models'],
    flags: [
      ...WAIT,
      REASON,
      { flag: '--force', help: 'also a version that is in neither the history, the catalog nor --models' },
    ],
    load: () => import('./rollback.js'),
  },
  {
    name: 'config get',
    operands: ['<model>'],
    summary: 'print the live handler config',
    settings: [],
    flags: [],
    load: () => import('./config-get.js'),
  },
  {
    name: 'config set',
    operands: ['<model>', '<json|@file|->'],
    summary: 'replace the live handler config, whole',
    settings: [],
    flags: [...WAIT, REASON],
    load: () => import('./config-set.js'),
  },
  {
    name: 'accept-world',
    operands: [],
    summary: 'have replicas follow an ensemble that was wiped or restored from an older copy',
    settings: [],
    flags: [REASON],
    load: () => import('./accept-world.js'),
  },
  {
    name: 'status',
    operands: ['[model]'],
    summary: 'what is wanted, and what every replica serves',
    settings: [],
    flags: [JSON_OUTPUT],
    load: () => import('./status.js'),
  },
  {
    name: 'history',
    operands: ['<model>'],
    summary: 'who changed what, when and why, newest first',
    settings: [],
    flags: [JSON_OUTPUT],
    load: () => import('./history.js'),
  },
];
