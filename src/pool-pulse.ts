import { access } from 'node:fs';

/** Above it, the pool is busy and needs no reminder. */
const MOST_OUTSTANDING = 8;

/**
 * Gives libuv's thread pool something to do now and then, until it is disposed; keeps no process alive. glibc before
 * 2.41 may lose the signal that wakes a thread (sourceware.org bug 25847): then work waits, all threads asleep, until
 * more work is given. A replica was seen so, its promotion waiting for the end of one `close` for minutes; no wait
 * of that kind is longer than `everyMs` now.
 */
export function keepPoolAwake(everyMs = 250): Disposable {
  let outstanding = 0;
  const pulse = setInterval(() => {
    if (outstanding >= MOST_OUTSTANDING) return;
    outstanding += 1;
    // Whatever the answer is, a thread has woken to find it.
    access('/', () => {
      outstanding -= 1;
    });
  }, everyMs).unref();
  return {
    [Symbol.dispose]() {
      clearInterval(pulse);
    },
  };
}
