import { readHistory, type HistoryEntry } from '../registry/read-history';
import { connect } from './connect';
import { EXIT } from './exit-code';
import type { RunCommand } from './invocation';
import { requireModel } from './known-model';
import { moment } from './moment';
import { modelOperand } from './names';
import { table } from './table';

const CONFIG_SHOWN = 40;

/** `zooserve history <model>` */
export const run: RunCommand = async (invocation) => {
  const model = modelOperand(invocation);
  const { terminal } = invocation;
  await using registry = await connect(invocation);
  await requireModel(registry, model);
  const entries = await readHistory(registry.session, registry.paths, model);
  if (invocation.isOn('--json')) {
    terminal.print(JSON.stringify(entries.map(toJson), undefined, 2));
  } else if (entries.length === 0) {
    terminal.note(
      `${model} has no history: nothing was promoted or configured by zooserve below ${registry.paths.root}`,
    );
  } else {
    const heading = ['WHEN', 'ZXID', 'KIND', 'FROM', 'TO', 'BY', 'REASON'];
    terminal.print(table(terminal, heading, entries.map(toRow)));
  }
  return EXIT.OK;
};

function toRow({ when, zxid, kind, from, to, by, reason }: HistoryEntry): string[] {
  return [moment(when), zxid, kind, short(from), short(to), by, reason ?? ''];
}

/** A config is shown by its beginning; `--json` shows it whole. */
function short(text: string | null): string {
  if (text === null) return '-';
  return text.length <= CONFIG_SHOWN ? text : `${text.slice(0, CONFIG_SHOWN - 3)}...`;
}

function toJson({ when, zxid, kind, from, to, by, reason }: HistoryEntry): object {
  return { when: new Date(when).toISOString(), zxid, kind, from, to, by, reason };
}
