import { openSession } from '../../src/streams/session';
import { now } from '../clock';

/** `watch-znode.js <connect string> <znode>`: tells its parent when it has read the data of each write. */
const [connectString = '', path = ''] = process.argv.slice(2);
const session = openSession({ connectString, sessionTimeoutMs: 20_000 });
session.watchData(path).subscribe({
  next: ({ node }) => {
    const at = now();
    if (node !== undefined) process.send?.({ mzxid: node.stat.mzxid, at });
  },
  error: (error: unknown) => {
    throw error;
  },
});
